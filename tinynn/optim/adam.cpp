#include <cmath>

#include <tinynn/core/error.hpp>
#include <tinynn/kernels/pointwise.hpp>
#include <tinynn/kernels/simd/isa.hpp>
#include <tinynn/optim/adam.hpp>

namespace tinynn::optim {

Adam::Adam(const std::vector<ParamGroup<AdamOptions>>& groups, Decay decay)
    : Optimizer(base_groups(groups, [](const AdamOptions&) { return int64_t{2}; })), decay_(decay) {
  for (const auto& [parameters, options] : groups) {
    check(options.beta1 >= 0 && options.beta1 < 1 && options.beta2 >= 0 && options.beta2 < 1, "Adam: betas ",
          options.beta1, " and ", options.beta2, " must lie in [0, 1)");
    check(options.eps >= 0 && options.weight_decay >= 0, "Adam: eps ", options.eps, " and weight_decay ",
          options.weight_decay, " must be 0 or more");
    options_.push_back(options);
  }
}

Adam::Adam(const std::vector<ParamGroup<AdamOptions>>& groups) : Adam(groups, Decay::l2) {}

Adam::Adam(std::vector<Parameter> parameters, const AdamOptions& options)
    : Adam(std::vector<ParamGroup<AdamOptions>>{{std::move(parameters), options}}) {}

void Adam::update(const Slot& slot) {
  const AdamOptions& options = options_[static_cast<size_t>(slot.group)];
  const auto step = static_cast<double>(slot.steps);
  const double correction1 = 1 - std::pow(options.beta1, step),
               correction2 = 1 - std::pow(options.beta2, step);
  const double decoupled = decay_ == Decay::decoupled ? slot.lr * options.weight_decay : 0;
  const kernels::simd::AdamStep constants{
      .rate = static_cast<float>(slot.lr / correction1),
      .beta1 = static_cast<float>(options.beta1),
      .fresh1 = static_cast<float>(1 - options.beta1),
      .beta2 = static_cast<float>(options.beta2),
      .fresh2 = static_cast<float>(1 - options.beta2),
      .root2 = static_cast<float>(std::sqrt(correction2)),
      .eps = static_cast<float>(options.eps),
      .l2 = static_cast<float>(decay_ == Decay::l2 ? options.weight_decay : 0),
      .shrink = static_cast<float>(1 - decoupled)};
  kernels::in_pieces(std::ssize(slot.value), [&](int64_t begin, int64_t count) {
    kernels::simd::table().adam_step(count, constants, slot.grad.data() + begin, slot.value.data() + begin,
                                     slot.moments[0] + begin, slot.moments[1] + begin);
  });
}

namespace {

std::vector<ParamGroup<AdamOptions>> as_adam(const std::vector<ParamGroup<AdamWOptions>>& groups) {
  std::vector<ParamGroup<AdamOptions>> result;
  for (const auto& [parameters, o] : groups) {
    result.push_back({parameters, {o.lr, o.beta1, o.beta2, o.eps, o.weight_decay, o.l1}});
  }
  return result;
}

}  // namespace

AdamW::AdamW(const std::vector<ParamGroup<AdamWOptions>>& groups) : Adam(as_adam(groups), Decay::decoupled) {}

AdamW::AdamW(std::vector<Parameter> parameters, const AdamWOptions& options)
    : AdamW(std::vector<ParamGroup<AdamWOptions>>{{std::move(parameters), options}}) {}

}  // namespace tinynn::optim
