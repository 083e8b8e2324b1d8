#include <cmath>

#include <tinynn/kernels/pointwise.hpp>
#include <tinynn/prune/criterion.hpp>

namespace tinynn::prune {

Criterion magnitude() {
  return [](const Parameter& weight) {
    Tensor scores(weight.shape());
    kernels::map(weight.numel(), weight.data(), scores.mutable_data(), [](float w) { return std::fabs(w); });
    return scores;
  };
}

}  // namespace tinynn::prune
