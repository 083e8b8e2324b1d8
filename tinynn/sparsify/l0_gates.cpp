#include <cmath>

#include <tinynn/autograd/no_grad.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/state.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/pointwise.hpp>
#include <tinynn/ops/reduce.hpp>
#include <tinynn/sparsify/l0_gates.hpp>
#include <tinynn/sparsify/reparametrize.hpp>

namespace tinynn::sparsify {

L0Gates::L0Gates(const std::vector<Parameter>& weights, const L0Options& options) : options_(options) {
  const auto& [strength, per_slice, droprate, beta, gamma, zeta] = options;
  check(strength >= 0, "L0Gates: the strength is ", strength, ", expected 0 or more");
  check(droprate > 0 && droprate < 1, "L0Gates: the droprate ", droprate, " is not between 0 and 1");
  check(beta > 0 && gamma < 0 && zeta > 1, "L0Gates: beta ", beta, ", gamma ", gamma, ", zeta ", zeta,
        ", expected beta above 0 and a range beyond 0 to 1");
  require_hardened("L0Gates", weights);
  for (const auto& weight : weights) {
    Shape shape = weight.shape();
    for (int64_t d = 1; per_slice && d < shape.rank(); ++d) shape = shape.with(d, 1);
    Tensor alive = zeros(shape);
    for (int64_t i = 0; i < weight.numel(); ++i) {
      if (!weight.mask().defined() || weight.mask()[i])
        ++alive.mutable_data()[i / (weight.numel() / shape.numel())];
    }
    gates_.push_back(
        {weight, Parameter(randn(shape, std::log(1 - droprate) - std::log(droprate), 0.01)), alive});
  }
  for (auto& gate : gates_) {
    gate.weight.reparametrize([log_alpha = gate.log_alpha, options](const Tensor& trained, bool training) {
      return trained * hard_concrete(log_alpha, options, training);
    });
  }
}

std::vector<Parameter> L0Gates::parameters() const {
  std::vector<Parameter> result;
  for (const auto& gate : gates_) result.push_back(gate.log_alpha);
  return result;
}

Tensor L0Gates::expected_nonzero() const {
  const double shift = options_.beta * std::log(-options_.gamma / options_.zeta);
  Tensor total = zeros({});
  for (const auto& gate : gates_) total = total + sum(sigmoid(gate.log_alpha - shift) * gate.alive);
  return total;
}

Tensor L0Gates::penalty() const { return expected_nonzero() * options_.strength; }

double L0Gates::expected_density() const {
  const NoGrad no_grad;
  int64_t weights = 0;
  for (const auto& gate : gates_) weights += gate.weight.numel();
  return expected_nonzero().item() / static_cast<double>(weights);
}

void L0Gates::harden() {
  for (const auto& gate : gates_) sparsify::harden(gate.weight);
}

void L0Gates::state(StateVisitor& visit) {
  for (size_t k = 0; k < gates_.size(); ++k) {
    Tensor log_alpha = gates_[k].log_alpha;
    visit(std::to_string(k), log_alpha);
    if (visit.reads()) gates_[k].log_alpha.assign(log_alpha);  // others hold the handle
  }
}

Tensor hard_concrete(const Tensor& log_alpha, const L0Options& options, bool training) {
  Tensor s = log_alpha;
  if (training) {
    constexpr double edge = 1e-6;  // keeps the logarithms finite
    const Tensor u = rand(log_alpha.shape(), edge, 1 - edge);
    s = (log(u) - log(1 - u) + log_alpha) / options.beta;
  }
  return clamp(sigmoid(s) * (options.zeta - options.gamma) + options.gamma, 0, 1);
}

}  // namespace tinynn::sparsify
