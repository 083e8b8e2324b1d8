#include <algorithm>
#include <cmath>

#include <tinynn/core/error.hpp>
#include <tinynn/kernels/pointwise.hpp>
#include <tinynn/kernels/sparse.hpp>
#include <tinynn/optim/optimizer.hpp>

namespace tinynn::optim {

Optimizer::Optimizer(std::vector<Group> groups) : groups_(std::move(groups)) {
  std::vector<Parameter> all;
  for (const Group& group : groups_) all.insert(all.end(), group.parameters.begin(), group.parameters.end());
  require_distinct("optimizer", all);
  for (int64_t g = 0; g < this->groups(); ++g) {
    const Group& group = groups_[g];
    set_lr(group.lr, g);
    check(group.l1 >= 0, "optimizer: l1 is ", group.l1, ", expected 0 or more");
    for (const auto& parameter : group.parameters) {
      auto moments = std::make_shared<autograd::Moments>();
      for (int64_t i = 0; i < group.moments_each; ++i) moments->push_back(zeros(parameter.shape()));
      parameter.attach(moments);
      states_.push_back({.parameter = parameter, .group = g, .moments = std::move(moments)});
    }
  }
}

double Optimizer::lr(int64_t group) const {
  check(group >= 0 && group < groups(), "optimizer: no group ", group, " among ", groups());
  return groups_[group].lr;
}

void Optimizer::set_lr(double lr, int64_t group) {
  check(lr >= 0 && std::isfinite(lr), "optimizer: the learning rate is ", lr, ", expected 0 or more");
  check(group >= 0 && group < groups(), "optimizer: no group ", group, " among ", groups());
  groups_[group].lr = lr;
}

void Optimizer::set_lr(double lr) {
  for (int64_t group = 0; group < groups(); ++group) set_lr(lr, group);
}

std::vector<Parameter> Optimizer::parameters() const {
  std::vector<Parameter> result;
  for (const State& state : states_) result.push_back(state.parameter);
  return result;
}

void Optimizer::state(StateVisitor& visit) {
  for (size_t g = 0; g < groups_.size(); ++g) visit("lr." + std::to_string(g), groups_[g].lr);
  for (size_t k = 0; k < states_.size(); ++k) {
    const std::string name = std::to_string(k);
    visit("steps." + name, states_[k].steps);
    visit.each("moments." + name, *states_[k].moments);
    for (const Tensor& moment : *states_[k].moments) {
      check(moment.defined() && moment.shape() == states_[k].parameter.shape(),
            "optimizer: moments of parameter ", k, " do not have its shape, ", states_[k].parameter.shape());
    }
  }
}

void Optimizer::zero_grad() {
  for (State& state : states_) state.parameter.zero_grad();
}

void Optimizer::step() {
  for (State& state : states_) {
    if (!state.parameter.has_grad()) continue;
    ++state.steps;
    step(state);
  }
}

// Where to pack a weight and its moments, step, and unpack them takes as long as to step on all.
constexpr double sparse_step_density = 0.2;

void Optimizer::step(State& state) {
  const Group& group = groups_[state.group];
  Parameter& parameter = state.parameter;
  Slot slot{.group = state.group, .lr = group.lr, .steps = state.steps};
  const auto write = [&](std::span<float> value) {
    slot.value = value;
    update(slot);
    if (group.l1 > 0 && parameter.rank() >= 2) soft_threshold(value, group.lr * group.l1);
  };
  const auto live = parameter.sparse_pattern(sparse_step_density);
  if (!live) {
    const Tensor grad = parameter.grad();
    slot.grad = grad.values();
    for (Tensor& moment : *state.moments) slot.moments.push_back(moment.mutable_data());
    parameter.update(write);  // restores the mask in value and moments
    return;
  }
  // What is dead is not touched, so it stays zero.
  std::vector<Buffer> packed;
  const auto pack = [&](const Tensor& tensor) {
    kernels::pack_live(*live, tensor.data(), packed.emplace_back(live->count()).data());
    return packed.back().data();
  };
  for (const Tensor& moment : *state.moments) slot.moments.push_back(pack(moment));
  const float* grad = parameter.packed_grad(*live);
  slot.grad = {grad == nullptr ? pack(parameter.grad()) : grad, static_cast<size_t>(live->count())};
  parameter.update_live(*live, write);
  for (size_t k = 0; k < slot.moments.size(); ++k)
    kernels::unpack_live(*live, slot.moments[k], (*state.moments)[k].mutable_data());
}

void soft_threshold(std::span<float> values, double threshold) {
  kernels::map(static_cast<int64_t>(values.size()), values.data(), values.data(),
               [t = static_cast<float>(threshold)](float w) {
                 // Asked this way round, NaN stays NaN: a run that has diverged must not look sparse.
                 return std::abs(w) <= t ? 0.0F : w - std::copysign(t, w);
               });
}

}  // namespace tinynn::optim
