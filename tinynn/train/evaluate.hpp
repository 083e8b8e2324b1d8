// evaluate: loss, and accuracy where there are classes, over a data set.
#pragma once

#include <tinynn/train/batch_sums.hpp>
#include <tinynn/train/run.hpp>

namespace tinynn::train {

struct Evaluation {
  double accuracy =
      0;            // fraction of samples whose largest logit is their label's; NaN if targets are tensors
  double loss = 0;  // mean over the samples
};

/// How many rows of `logits` (n, classes) are largest at their label.
int64_t count_correct(const Tensor& logits, const Labels& labels);

/// One pass in evaluation mode, without gradients; each module gets its own mode back afterwards. Throws what
/// Shards throws.
Evaluation evaluate(nn::Module& module, data::DataLoader& loader, const Loss& loss = classification_loss,
                    const Sharing& sharing = {});

}  // namespace tinynn::train
