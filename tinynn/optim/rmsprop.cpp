#include <tinynn/core/error.hpp>
#include <tinynn/kernels/pointwise.hpp>
#include <tinynn/kernels/simd/isa.hpp>
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
  const kernels::simd::RmspropStep constants{.rate = static_cast<float>(slot.lr),
                                             .alpha = static_cast<float>(options.alpha),
                                             .fresh = static_cast<float>(1 - options.alpha),
                                             .eps = static_cast<float>(options.eps),
                                             .momentum = static_cast<float>(options.momentum),
                                             .l2 = static_cast<float>(options.weight_decay)};
  float* mean = options.centered ? slot.moments[1] : nullptr;
  float* momentum = options.momentum > 0 ? slot.moments.back() : nullptr;
  const auto from = [](float* moment, int64_t begin) { return moment == nullptr ? nullptr : moment + begin; };
  kernels::in_pieces(std::ssize(slot.value), [&](int64_t begin, int64_t count) {
    kernels::simd::table().rmsprop_step(count, constants, slot.grad.data() + begin, slot.value.data() + begin,
                                        slot.moments[0] + begin, from(mean, begin), from(momentum, begin));
  });
}

}  // namespace tinynn::optim
