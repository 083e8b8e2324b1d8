// Losses. A sample is one element of dimension 0; sums are in double.
#pragma once

#include <tinynn/core/targets.hpp>
#include <tinynn/core/tensor.hpp>

namespace tinynn {

/// What becomes of the single losses: their mean (an error if there are none), their sum, their sum divided
/// by the number of samples (what PyTorch's kl_div calls "batchmean"), or all of them in the shape they have.
enum class Reduction { mean, sum, batch_mean, none };

struct CrossEntropyOptions {
  double label_smoothing = 0;  // in [0, 1]: this share of the target goes evenly to all classes
  Tensor weight = {};          // (classes) or undefined: how much samples of each class count; `mean` divides
                               // by the weights of the labels
  Reduction reduction = Reduction::mean;
};

/// -log softmax(logits)[label] of each sample: logits (n, classes), one label a sample; one loss a sample.
/// Throws Error if the counts differ, a label is no class, or an option does not fit.
/// torch.nn.functional.cross_entropy (without its ignore_index).
Tensor cross_entropy(const Tensor& logits, const Labels& labels, const CrossEntropyOptions& options = {});

struct NllLossOptions {
  Tensor weight = {};  // as in CrossEntropyOptions
  Reduction reduction = Reduction::mean;
};

/// -log_probabilities[label] of each sample: as cross_entropy, on what log_softmax gives.
/// torch.nn.functional.nll_loss.
Tensor nll_loss(const Tensor& log_probabilities, const Labels& labels, const NllLossOptions& options = {});

// Elementwise: input and target have one shape, which the losses have too. Gradients reach both. They throw
// Error if the shapes differ: a broadcast here has been a mistake every time.

/// (input - target)^2. torch.nn.functional.mse_loss.
Tensor mse_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::mean);
/// |input - target|. torch.nn.functional.l1_loss.
Tensor l1_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::mean);
/// -target log(sigmoid(logits)) - (1 - target) log(1 - sigmoid(logits)), computed without overflow.
/// torch.nn.functional.binary_cross_entropy_with_logits.
Tensor binary_cross_entropy_with_logits(const Tensor& logits, const Tensor& target,
                                        Reduction reduction = Reduction::mean);
/// target (log(target) - log_probabilities), 0 where the target is: the Kullback-Leibler divergence of
/// log_probabilities from the probabilities `target`. The default divides by the number of elements, as in
/// PyTorch; the divergence itself is Reduction::batch_mean. torch.nn.functional.kl_div.
Tensor kl_div(const Tensor& log_probabilities, const Tensor& target, Reduction reduction = Reduction::mean);

/// How far softmax(logits / t) is from softmax(teacher / t), t being the temperature: t^2 times their
/// Kullback-Leibler divergence, mean over the samples; both (n, classes). Gradients reach the logits alone.
/// Throws Error if the shapes differ, or the temperature is not above 0. Hinton, Vinyals & Dean 2015.
Tensor distillation_loss(const Tensor& logits, const Tensor& teacher, double temperature);

}  // namespace tinynn
