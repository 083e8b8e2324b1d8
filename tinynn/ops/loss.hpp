#pragma once

#include <tinynn/core/labels.hpp>
#include <tinynn/core/tensor.hpp>

namespace tinynn {

/// Mean over the samples of -log softmax(logits)[label]: logits (n, classes), one label a sample.
/// Throws Error if the counts differ or a label is no class. torch.nn.functional.cross_entropy.
Tensor cross_entropy(const Tensor& logits, const Labels& labels);

}  // namespace tinynn
