#include <cmath>

#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/pointwise.hpp>
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
  const auto rate = static_cast<float>(slot.lr / correction1);
  const auto root2 = static_cast<float>(std::sqrt(correction2)), eps = static_cast<float>(options.eps);
  const auto beta1 = static_cast<float>(options.beta1), beta2 = static_cast<float>(options.beta2);
  const auto fresh1 = static_cast<float>(1 - options.beta1), fresh2 = static_cast<float>(1 - options.beta2);
  const auto l2 = static_cast<float>(decay_ == Decay::l2 ? options.weight_decay : 0);
  const auto shrink =
      static_cast<float>(1 - (decay_ == Decay::decoupled ? slot.lr * options.weight_decay : 0));
  float *w = slot.value.data(), *m = slot.moments[0], *v = slot.moments[1];
  const float* grad = slot.grad.data();
  parallel_for(static_cast<int64_t>(slot.value.size()), kernels::pointwise_grain,
               [=](int64_t begin, int64_t end) {
                 for (int64_t i = begin; i < end; ++i) {
                   const float g = grad[i] + l2 * w[i];
                   m[i] = beta1 * m[i] + fresh1 * g;
                   v[i] = beta2 * v[i] + fresh2 * g * g;
                   w[i] = shrink * w[i] - rate * m[i] / (std::sqrt(v[i]) / root2 + eps);
                 }
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
