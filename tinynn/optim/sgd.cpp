#include <tinynn/core/error.hpp>
#include <tinynn/kernels/pointwise.hpp>
#include <tinynn/kernels/simd/isa.hpp>
#include <tinynn/optim/sgd.hpp>

namespace tinynn::optim {

void SGDOptions::validate() const {
  check(momentum >= 0 && weight_decay >= 0, "SGD: momentum ", momentum, " and weight_decay ", weight_decay,
        " must be 0 or more");
  check(!nesterov || momentum > 0, "SGD: Nesterov needs a momentum above 0");
}

void SGDOptions::update(const Optimizer::Slot& slot) const {
  const kernels::simd::SgdStep constants{.rate = static_cast<float>(slot.lr),
                                         .momentum = static_cast<float>(momentum),
                                         .weight_decay = static_cast<float>(weight_decay),
                                         .nesterov = nesterov};
  float* m = slot.moments.empty() ? nullptr : slot.moments[0];  // starts at zero: the first step's m = g
  kernels::in_pieces(std::ssize(slot.value), [&](int64_t begin, int64_t count) {
    kernels::simd::table().sgd_step(count, constants, slot.grad.data() + begin, slot.value.data() + begin,
                                    m == nullptr ? nullptr : m + begin);
  });
}

}  // namespace tinynn::optim
