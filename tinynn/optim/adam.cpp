#include <cmath>

#include <tinynn/core/error.hpp>
#include <tinynn/kernels/pointwise.hpp>
#include <tinynn/kernels/simd/isa.hpp>
#include <tinynn/optim/adam.hpp>

namespace tinynn::optim {

template <bool decoupled>
void AdamOptionsOf<decoupled>::validate() const {
  check(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1, "Adam: betas ", beta1, " and ", beta2,
        " must lie in [0, 1)");
  check(eps >= 0 && weight_decay >= 0, "Adam: eps ", eps, " and weight_decay ", weight_decay,
        " must be 0 or more");
}

template <bool decoupled>
void AdamOptionsOf<decoupled>::update(const Optimizer::Slot& slot) const {
  const auto step = static_cast<double>(slot.steps);
  const double correction1 = 1 - std::pow(beta1, step), correction2 = 1 - std::pow(beta2, step);
  const double shrink = decoupled ? slot.lr * weight_decay : 0;
  const kernels::simd::AdamStep constants{.rate = static_cast<float>(slot.lr / correction1),
                                          .beta1 = static_cast<float>(beta1),
                                          .fresh1 = static_cast<float>(1 - beta1),
                                          .beta2 = static_cast<float>(beta2),
                                          .fresh2 = static_cast<float>(1 - beta2),
                                          .root2 = static_cast<float>(std::sqrt(correction2)),
                                          .eps = static_cast<float>(eps),
                                          .l2 = static_cast<float>(decoupled ? 0 : weight_decay),
                                          .shrink = static_cast<float>(1 - shrink)};
  kernels::in_pieces(std::ssize(slot.value), [&](int64_t begin, int64_t count) {
    kernels::simd::table().adam_step(count, constants, slot.grad.data() + begin, slot.value.data() + begin,
                                     slot.moments[0] + begin, slot.moments[1] + begin);
  });
}

template struct AdamOptionsOf<false>;
template struct AdamOptionsOf<true>;

}  // namespace tinynn::optim
