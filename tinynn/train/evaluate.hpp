// evaluate: accuracy and loss over a data set.
#pragma once

#include <tinynn/data/data_loader.hpp>
#include <tinynn/nn/module.hpp>

namespace tinynn::train {

struct Evaluation {
  double accuracy = 0;  // fraction of samples whose largest logit is their label's, in [0, 1]
  double loss = 0;      // mean cross-entropy
};

/// How many rows of `logits` (n, classes) are largest at their label.
int64_t count_correct(const Tensor& logits, const Labels& labels);

/// One pass in evaluation mode, without gradients; each module gets its own mode back afterwards.
Evaluation evaluate(nn::Module& module, data::DataLoader& loader);

}  // namespace tinynn::train
