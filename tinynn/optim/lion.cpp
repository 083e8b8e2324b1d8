#include <cfloat>
#include <cmath>

#include <tinynn/core/error.hpp>
#include <tinynn/kernels/pointwise.hpp>
#include <tinynn/optim/lion.hpp>

namespace tinynn::optim {

void LionOptions::validate() const {
  check(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1, "Lion: betas ", beta1, " and ", beta2,
        " must lie in [0, 1)");
  check(weight_decay >= 0, "Lion: weight_decay ", weight_decay, " must be 0 or more");
}

void LionOptions::update(const Optimizer::Slot& slot) const {
  const auto rate = static_cast<float>(slot.lr), b1 = static_cast<float>(beta1),
             fresh1 = static_cast<float>(1 - beta1), b2 = static_cast<float>(beta2),
             fresh2 = static_cast<float>(1 - beta2), decay = static_cast<float>(weight_decay);
  float *w = slot.value.data(), *m = slot.moments[0];
  const float* g = slot.grad.data();
  kernels::in_pieces(std::ssize(slot.value), [&](int64_t begin, int64_t count) {
    for (int64_t i = begin; i < begin + count; ++i) {
      const float c = b1 * m[i] + fresh1 * g[i];
      const auto sign = static_cast<float>((c > 0) - (c < 0));
      w[i] -= rate * (sign + decay * w[i]);
      const float next = b2 * m[i] + fresh2 * g[i];
      m[i] = std::abs(next) < FLT_MIN ? 0 : next;  // denormals would be slow
    }
  });
}

}  // namespace tinynn::optim
