#include <tinynn/core/error.hpp>
#include <tinynn/kernels/pointwise.hpp>
#include <tinynn/kernels/simd/isa.hpp>
#include <tinynn/optim/sgd.hpp>

namespace tinynn::optim {

SGD::SGD(std::vector<Parameter> parameters, const SGDOptions& options)
    : SGD(std::vector<ParamGroup<SGDOptions>>{{std::move(parameters), options}}) {}

SGD::SGD(const std::vector<ParamGroup<SGDOptions>>& groups)
    : Optimizer(
          base_groups(groups, [](const SGDOptions& options) { return int64_t{options.momentum > 0}; })) {
  for (const auto& [parameters, options] : groups) {
    check(options.momentum >= 0 && options.weight_decay >= 0, "SGD: momentum ", options.momentum,
          " and weight_decay ", options.weight_decay, " must be 0 or more");
    check(!options.nesterov || options.momentum > 0, "SGD: Nesterov needs a momentum above 0");
    options_.push_back(options);
  }
}

void SGD::update(const Slot& slot) {
  const SGDOptions& options = options_[static_cast<size_t>(slot.group)];
  const kernels::simd::SgdStep constants{.rate = static_cast<float>(slot.lr),
                                         .momentum = static_cast<float>(options.momentum),
                                         .weight_decay = static_cast<float>(options.weight_decay),
                                         .nesterov = options.nesterov};
  float* m = slot.moments.empty() ? nullptr : slot.moments[0];  // starts at zero: the first step's m = g
  kernels::in_pieces(std::ssize(slot.value), [&](int64_t begin, int64_t count) {
    kernels::simd::table().sgd_step(count, constants, slot.grad.data() + begin, slot.value.data() + begin,
                                    m == nullptr ? nullptr : m + begin);
  });
}

}  // namespace tinynn::optim
