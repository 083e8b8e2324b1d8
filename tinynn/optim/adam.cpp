#include <cmath>

#include <tinynn/core/error.hpp>
#include <tinynn/kernels/pointwise.hpp>
#include <tinynn/kernels/simd/isa.hpp>
#include <tinynn/optim/adam.hpp>

namespace tinynn::optim {

namespace {

template <class Options>
void validate_adam(const Options& o) {
  check(o.beta1 >= 0 && o.beta1 < 1 && o.beta2 >= 0 && o.beta2 < 1, "Adam: betas ", o.beta1, " and ", o.beta2,
        " must lie in [0, 1)");
  check(o.eps >= 0 && o.weight_decay >= 0, "Adam: eps ", o.eps, " and weight_decay ", o.weight_decay,
        " must be 0 or more");
}

// Of a Slot, which is the optimizers' own.
template <class Slot, class Options>
void adam_step(const Slot& slot, const Options& o) {
  const auto step = static_cast<double>(slot.steps);
  const double correction1 = 1 - std::pow(o.beta1, step), correction2 = 1 - std::pow(o.beta2, step);
  const double shrink = Options::decoupled ? slot.lr * o.weight_decay : 0;
  const kernels::simd::AdamStep constants{.rate = static_cast<float>(slot.lr / correction1),
                                          .beta1 = static_cast<float>(o.beta1),
                                          .fresh1 = static_cast<float>(1 - o.beta1),
                                          .beta2 = static_cast<float>(o.beta2),
                                          .fresh2 = static_cast<float>(1 - o.beta2),
                                          .root2 = static_cast<float>(std::sqrt(correction2)),
                                          .eps = static_cast<float>(o.eps),
                                          .l2 = static_cast<float>(Options::decoupled ? 0 : o.weight_decay),
                                          .shrink = static_cast<float>(1 - shrink)};
  kernels::in_pieces(std::ssize(slot.value), [&](int64_t begin, int64_t count) {
    kernels::simd::table().adam_step(count, constants, slot.grad.data() + begin, slot.value.data() + begin,
                                     slot.moments[0] + begin, slot.moments[1] + begin);
  });
}

}  // namespace

void AdamOptions::validate() const { validate_adam(*this); }
void AdamWOptions::validate() const { validate_adam(*this); }
void Adam::update(const Slot& slot) { adam_step(slot, options(slot)); }
void AdamW::update(const Slot& slot) { adam_step(slot, options(slot)); }

}  // namespace tinynn::optim
