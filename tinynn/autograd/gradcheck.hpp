// gradcheck: is the backward of a function the derivative of its forward? The analytic gradient of
// L = sum(w * y), with fixed random weights w of either sign and of size 0.5 to 1.5, is held against the
// central difference (L(x + h) - L(x - h)) / 2h, element by element. As torch.autograd.gradcheck, for
// float32:
//
//  * h is `step` * max(1, |x|), measured after rounding, and L is summed in double;
//  * an element may be off by `tolerance` times the largest gradient of its input, plus what rounding of y to
//    float32 does to a difference over 2h.
//
// Choose inputs further than h from kinks (relu at 0, ties of a maximum), where no derivative exists.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <tinynn/core/tensor.hpp>

namespace tinynn {

struct GradcheckOptions {
  double step = 1e-2;       // relative to max(1, |x|)
  double tolerance = 1e-2;  // relative to the largest gradient of the input
  uint64_t seed = 0;        // of the weights w
};

struct GradcheckResult {
  bool ok = true;
  double worst = 0;      // the largest |analytic - numeric|, as a multiple of what is allowed
  int64_t input = -1;    // where that was: which input,
  int64_t element = -1;  // and which element of it
  std::string message;   // what is wrong; empty if nothing is
};

/// Checks the gradients of all `inputs` that require one. The function sees copies, so that parameters among
/// the inputs are neither written nor given a gradient. Throws Error if no input requires a gradient.
GradcheckResult gradcheck(const std::function<Tensor(const std::vector<Tensor>&)>& function,
                          const std::vector<Tensor>& inputs, const GradcheckOptions& options = {});

/// The same, but throws Error with the message unless all is well.
void require_gradcheck(const std::function<Tensor(const std::vector<Tensor>&)>& function,
                       const std::vector<Tensor>& inputs, const GradcheckOptions& options = {});

}  // namespace tinynn
