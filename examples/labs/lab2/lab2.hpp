// What you write in lab2.cpp. Each comment is the complete specification; README.md has the ideas behind it.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "../support/lab.hpp"
#include "model.hpp"

namespace lab2 {

struct Loss {
  double value = 0;             ///< mean over the batch
  std::vector<float> gradient;  ///< of that mean with respect to each logit; as long as the logits
};

/// Softmax and negative log-likelihood in one. `logits` holds a row of `classes` finite floats for each
/// label:
///     loss = mean over the rows i of  -log softmax(row i)[labels[i]]
/// Right for all finite logits, 1e4 and -1e4 in one row included: nothing overflows, no logarithm of zero.
/// Throws std::invalid_argument if there is no label, if `logits` is not labels.size() x classes, or if a
/// label is not in [0, classes).
Loss cross_entropy(std::span<const float> logits, std::span<const int> labels, std::int64_t classes);

struct SgdOptions {
  double learning_rate = 0.01, momentum = 0, weight_decay = 0;
  bool nesterov = false;
};

/// One float a weight: buffer [p][i] belongs to parameters[p].value[i].
using Buffers = std::vector<std::vector<float>>;

/// One step of stochastic gradient descent, as torch.optim.SGD, for each weight w with gradient g and buffer
/// b:
///     g <- g + weight_decay * w
///     b <- momentum * b + g
///     w <- w - learning_rate * (nesterov ? g + momentum * b : b)
/// `buffers` is empty before the first step, which makes them: zeros, of the parameters' sizes. Later steps
/// get them back. The parameters' `gradient` stays as it was.
void sgd_step(std::span<Parameter> parameters, const SgdOptions& options, Buffers& buffers);

struct AdamOptions {
  double learning_rate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0;
};

struct AdamState {
  std::int64_t steps = 0;  ///< how many were made
  Buffers first, second;   ///< moments; empty before the first step, which makes them of zeros
};

/// One step of Adam (Kingma & Ba, 2015), as torch.optim.Adam. With t = 1 in the first step, for each weight w
/// with gradient g and moments m, v:
///     g <- g + weight_decay * w
///     m <- beta1 * m + (1 - beta1) * g
///     v <- beta2 * v + (1 - beta2) * g * g
///     w <- w - learning_rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
/// t counts calls, whatever number of parameters there is. `gradient` stays as it was.
void adam_step(std::span<Parameter> parameters, const AdamOptions& options, AdamState& state);

/// Images, one after another in `images`, all of one size, and a label for each.
struct Data {
  std::span<const float> images;
  std::span<const int> labels;
};

using LossFunction = std::function<Loss(std::span<const float> logits, std::span<const int> labels)>;
using Step = std::function<void(std::span<Parameter>)>;

/// Trains the model once on the images that `order` names, in that order, `batch_size` at a time; the last
/// batch is as large as what is left. For each batch, exactly once each: model.forward, `loss` of the logits,
/// model.backward, `step` with the model's parameters, whose gradients are then those of this batch alone
/// (before the first batch they may hold anything, NaN included). An image may be named more than once, or
/// not at all. Returns the mean loss over the images that were named, each counted the same, whatever batch
/// it was in; 0 if there are none. Throws std::invalid_argument, before anything is trained, if batch_size <
/// 1 or an index is not in [0, data.labels.size()).
double train_epoch(Model& model, const Data& data, std::span<const std::int64_t> order,
                   std::int64_t batch_size, const LossFunction& loss, const Step& step);

/// The loss of a network that knows nothing: it gives each of ImageNet's 1,000 classes the same logit. What
/// is it, to two decimals? (Training that begins with much more has a bug in its weights or its loss.)
double question1();

/// One weight, gradient 1 in each of 1,000 steps of sgd_step. How many times as far does it get with momentum
/// 0.9 (not Nesterov) as with momentum 0, at the same learning rate? To one decimal.
double question2();

/// The first step of adam_step with its default options, gradient 1. How large would that step be in learning
/// rates if m and v were not divided by 1 - beta1^t and 1 - beta2^t (leave epsilon out)? To two decimals.
/// Take m and v from the state that your function leaves.
double question3();

}  // namespace lab2
