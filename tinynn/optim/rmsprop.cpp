#include <cmath>

#include <tinynn/core/error.hpp>
#include <tinynn/kernels/pointwise.hpp>
#include <tinynn/optim/rmsprop.hpp>

namespace tinynn::optim {

RMSprop::RMSprop(std::vector<Parameter> parameters, const RMSpropOptions& options)
    : RMSprop(std::vector<ParamGroup<RMSpropOptions>>{{std::move(parameters), options}}) {}

RMSprop::RMSprop(const std::vector<ParamGroup<RMSpropOptions>>& groups)
    : Optimizer(base_groups(groups, [](const RMSpropOptions& options) {
        return int64_t{1} + int64_t{options.momentum > 0} + int64_t{options.centered};
      })) {
  for (const auto& [parameters, options] : groups) {
    check(options.alpha >= 0 && options.alpha < 1, "RMSprop: alpha ", options.alpha, " must lie in [0, 1)");
    check(options.eps >= 0 && options.weight_decay >= 0 && options.momentum >= 0, "RMSprop: eps ",
          options.eps, ", weight_decay ", options.weight_decay, " and momentum ", options.momentum,
          " must be 0 or more");
    options_.push_back(options);
  }
}

void RMSprop::update(const Slot& slot) {
  const RMSpropOptions& options = options_[static_cast<size_t>(slot.group)];
  const auto rate = static_cast<float>(slot.lr), l2 = static_cast<float>(options.weight_decay);
  const auto alpha = static_cast<float>(options.alpha), fresh = static_cast<float>(1 - options.alpha);
  const auto eps = static_cast<float>(options.eps), momentum = static_cast<float>(options.momentum);
  float *w = slot.value.data(), *v = slot.moments[0];
  float* a = options.centered ? slot.moments[1] : nullptr;
  float* m = options.momentum > 0 ? slot.moments.back() : nullptr;
  const float* grad = slot.grad.data();
  parallel_for(static_cast<int64_t>(slot.value.size()), kernels::pointwise_grain,
               [=](int64_t begin, int64_t end) {
                 for (int64_t i = begin; i < end; ++i) {
                   const float g = grad[i] + l2 * w[i];
                   v[i] = alpha * v[i] + fresh * g * g;
                   float variance = v[i];
                   if (a != nullptr) {
                     a[i] = alpha * a[i] + fresh * g;
                     variance -= a[i] * a[i];
                   }
                   float step = g / (std::sqrt(variance) + eps);
                   if (m != nullptr) step = m[i] = momentum * m[i] + step;
                   w[i] -= rate * step;
                 }
               });
}

}  // namespace tinynn::optim
