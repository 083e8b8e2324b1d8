// Regularizers: what pushes weights towards zero besides an optimizer's own `weight_decay` and `l1`. Two
// kinds. A penalty is a scalar to add to the loss; it makes weights small, never zero. A proximal step comes
// after Optimizer::step() and makes exact zeros (Parikh & Boyd, "Proximal algorithms", 2014). Both leave
// masks alone: a zero is not dead, a gradient may bring it back.
//
//   const auto slimming = sparsify::proximal_l1(sparsify::bn_scales(net), 1e-2);
//   train::fit(net, sgd, loader, {.after_step = slimming});
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <tinynn/autograd/parameter.hpp>
#include <tinynn/nn/module.hpp>

namespace tinynn::sparsify {

/// strength * sum |w|
Tensor l1_penalty(const std::vector<Parameter>& parameters, double strength);
/// strength * sum w^2. Its gradient is 2 strength w: that of SGD's weight_decay = 2 strength.
Tensor l2_penalty(const std::vector<Parameter>& parameters, double strength);

/// A step to take after the optimizer's, given the learning rate of that one.
using Proximal = std::function<void(double lr)>;

/// w = sign(w) max(|w| - lr strength, 0) on every element: an optimizer's `l1`, for chosen parameters of any
/// rank. Throws Error on a negative strength.
Proximal proximal_l1(std::vector<Parameter> parameters, double strength);
/// w_g = w_g max(0, 1 - lr strength sqrt(|g|) / ||w_g||) on every slice g of |g| elements along `dim`: whole
/// filters, or neurons, become zero together (Yuan & Lin 2006; Wen et al., "Learning structured sparsity in
/// deep neural networks", 2016). Throws Error on a negative strength or a dimension that is not there.
Proximal group_lasso(std::vector<Parameter> parameters, double strength, int64_t dim = 0);

/// The scales of all BatchNorm layers. L1 on them is network slimming (Liu et al. 2017): a channel whose
/// scale is zero can go.
std::vector<Parameter> bn_scales(nn::Module& module);

}  // namespace tinynn::sparsify
