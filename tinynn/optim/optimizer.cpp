#include <algorithm>
#include <cmath>

#include <tinynn/core/error.hpp>
#include <tinynn/kernels/pointwise.hpp>
#include <tinynn/optim/optimizer.hpp>

namespace tinynn::optim {
namespace {

// The proximal operator of threshold * |w|: exact zeros, unlike a penalty's subgradient.
void soft_threshold(std::span<float> value, float threshold) {
  kernels::map(static_cast<int64_t>(value.size()), value.data(), value.data(), [=](float w) {
    // Asked this way round, NaN stays NaN: a run that has diverged must not look sparse.
    return std::abs(w) <= threshold ? 0.0F : w - std::copysign(threshold, w);
  });
}

}  // namespace

Optimizer::Optimizer(std::vector<Parameter> parameters, int64_t moments_each, double lr, double l1)
    : parameters_(std::move(parameters)), l1_(l1) {
  set_lr(lr);
  check(l1 >= 0, "optimizer: l1 is ", l1, ", expected 0 or more");
  for (const auto& parameter : parameters_) {
    check(parameter.defined(), "optimizer: a parameter is undefined");
    check(std::ranges::count(parameters_, parameter.handle(), &Parameter::handle) == 1,
          "optimizer: a parameter of shape ", parameter.shape(), " is listed twice");
    auto moments = std::make_shared<autograd::Moments>();
    for (int64_t i = 0; i < moments_each; ++i) moments->push_back(zeros(parameter.shape()));
    parameter.attach(moments);
    states_.push_back({std::move(moments), 0});
  }
}

void Optimizer::set_lr(double lr) {
  check(lr >= 0 && std::isfinite(lr), "optimizer: the learning rate is ", lr, ", expected 0 or more");
  lr_ = lr;
}

void Optimizer::zero_grad() {
  for (auto& parameter : parameters_) parameter.zero_grad();
}

void Optimizer::step() {
  for (size_t i = 0; i < parameters_.size(); ++i) {
    Parameter& parameter = parameters_[i];
    const Tensor grad = parameter.grad();
    if (!grad.defined()) continue;
    State& state = states_[i];
    ++state.steps;
    Slot slot{.value = {}, .grad = grad.values(), .moments = {}, .steps = state.steps};
    for (Tensor& moment : *state.moments) slot.moments.push_back(moment.mutable_data());
    parameter.update([&](std::span<float> value) {
      slot.value = value;
      update(slot);
      if (l1_ > 0 && parameter.rank() >= 2) soft_threshold(value, static_cast<float>(lr_ * l1_));
    });
    parameter.apply_mask();
  }
}

}  // namespace tinynn::optim
