#include <tinynn/core/error.hpp>
#include <tinynn/kernels/pointwise.hpp>
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
  const auto rate = static_cast<float>(slot.lr), decay = static_cast<float>(options.weight_decay);
  const auto momentum = static_cast<float>(options.momentum);
  const auto count = static_cast<int64_t>(slot.value.size());
  float* w = slot.value.data();
  const float* grad = slot.grad.data();
  if (slot.moments.empty()) {
    kernels::map(count, w, grad, w, [=](float value, float g) { return value - rate * (g + decay * value); });
    return;
  }
  float* m = slot.moments[0];  // starts at zero, which makes the first step's m = g
  const bool nesterov = options.nesterov;
  parallel_for(count, kernels::pointwise_grain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float g = grad[i] + decay * w[i];
      m[i] = momentum * m[i] + g;
      w[i] -= rate * (nesterov ? g + momentum * m[i] : m[i]);
    }
  });
}

}  // namespace tinynn::optim
