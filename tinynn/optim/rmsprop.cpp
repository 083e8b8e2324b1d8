#include <tinynn/core/error.hpp>
#include <tinynn/kernels/pointwise.hpp>
#include <tinynn/kernels/simd/isa.hpp>
#include <tinynn/optim/rmsprop.hpp>

namespace tinynn::optim {

void RMSpropOptions::validate() const {
  check(alpha >= 0 && alpha < 1, "RMSprop: alpha ", alpha, " must lie in [0, 1)");
  check(eps >= 0 && weight_decay >= 0 && momentum >= 0, "RMSprop: eps ", eps, ", weight_decay ", weight_decay,
        " and momentum ", momentum, " must be 0 or more");
}

void RMSpropOptions::update(const Optimizer::Slot& slot) const {
  const kernels::simd::RmspropStep constants{.rate = static_cast<float>(slot.lr),
                                             .alpha = static_cast<float>(alpha),
                                             .fresh = static_cast<float>(1 - alpha),
                                             .eps = static_cast<float>(eps),
                                             .momentum = static_cast<float>(momentum),
                                             .l2 = static_cast<float>(weight_decay)};
  float* mean = centered ? slot.moments[1] : nullptr;
  float* velocity = momentum > 0 ? slot.moments.back() : nullptr;
  const auto from = [](float* moment, int64_t begin) { return moment == nullptr ? nullptr : moment + begin; };
  kernels::in_pieces(std::ssize(slot.value), [&](int64_t begin, int64_t count) {
    kernels::simd::table().rmsprop_step(count, constants, slot.grad.data() + begin, slot.value.data() + begin,
                                        slot.moments[0] + begin, from(mean, begin), from(velocity, begin));
  });
}

}  // namespace tinynn::optim
