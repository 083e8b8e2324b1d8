#include <algorithm>
#include <cmath>

#include <tinynn/core/error.hpp>
#include <tinynn/core/state.hpp>
#include <tinynn/prune/gradient_criteria.hpp>

namespace tinynn::prune {
namespace {

// Puts gradients aside and gives them back in the end.
class KeepGradients {
 public:
  explicit KeepGradients(std::vector<Parameter> parameters) : parameters_(std::move(parameters)) {
    for (auto& parameter : parameters_) {
      before_.push_back(parameter.grad());
      parameter.zero_grad();
    }
  }
  ~KeepGradients() {
    for (size_t k = 0; k < parameters_.size(); ++k) parameters_[k].handle()->grad = before_[k].handle();
  }
  KeepGradients(const KeepGradients&) = delete;
  KeepGradients& operator=(const KeepGradients&) = delete;

 private:
  std::vector<Parameter> parameters_;
  std::vector<Tensor> before_;
};

// "fc2.weight of shape (10, 5)"
std::string name_of(nn::Module& module, const Parameter& weight) {
  const auto all = module.named_parameters();
  const auto found = std::ranges::find(all, weight.handle(), [](const auto& p) { return p.second.handle(); });
  TextStream text;
  text << (found == all.end() ? "a weight" : found->first) << " of shape " << weight.shape();
  return text.str();
}

// What add(k, gradient of weights[k], sums[k]) adds to `zeros` after each batch, over all batches.
template <class F>
train::Sums sum_gradients(const GradientSource& source, const std::vector<Parameter>& weights,
                          const train::Sums& zeros, F add) {
  check(source.batches != 0, "prune: no batch to compute gradients from");
  const nn::KeepMode mode(source.module);
  source.module.eval();
  const auto parameters = source.module.parameters();
  const KeepGradients gradients(parameters);
  const DenseGrad dense(weights);
  return train::sum_over_batches(
      source.loader, source.batches, source.sharing, zeros, [&](const data::Batch& batch, train::Sums& sums) {
        source.loss(source.module(batch.inputs), batch.targets).backward();
        for (size_t k = 0; k < weights.size(); ++k) {
          check(weights[k].grad().defined(), "prune: the loss does not depend on ",
                name_of(source.module, weights[k]), ", so the criterion has no score for it; leave it out");
          add(k, weights[k].grad().data(), sums[k]);
        }
        for (Parameter parameter : parameters) parameter.zero_grad();
      });
}

// A criterion from the mean over batches of f(w, g) for each element, finished by `score` of weight and mean.
template <class F, class Score>
Criterion from_gradients(GradientSource source, F f, Score score) {
  return Criterion([=](const std::vector<Parameter>& weights) {
    train::Sums zeros;
    for (const auto& weight : weights) zeros.emplace_back(weight.numel());
    const auto sums =
        sum_gradients(source, weights, zeros, [&](size_t k, const float* g, std::vector<double>& sum) {
          for (size_t i = 0; i < sum.size(); ++i)
            sum[i] += static_cast<double>(f(weights[k].data()[i], g[i]));
        });
    const auto batches = static_cast<double>(train::batches_of(source.loader, source.batches));
    return detail::score_each(weights, [&](size_t k, int64_t i) {
      return score(weights[k].data()[i], static_cast<float>(sums[k][i] / batches));
    });
  });
}

}  // namespace

Criterion sensitivity(GradientSource source) {
  return from_gradients(
      std::move(source), [](float, float g) { return std::abs(g); }, [](float, float mean) { return mean; });
}

Criterion magnitude_over_sensitivity(GradientSource source) {
  return from_gradients(
      std::move(source), [](float, float g) { return std::abs(g); },
      [](float w, float mean) { return w == 0 ? 0.0F : std::abs(w) / mean; });
}

Criterion snip(GradientSource source) {
  return from_gradients(
      std::move(source), [](float, float g) { return g; },
      [](float w, float mean) { return std::abs(w * mean); });
}

Criterion hessian_diagonal(GradientSource source) {
  return from_gradients(
      std::move(source), [](float, float g) { return g * g; },
      [](float w, float mean) { return w * w / 2 * mean; });
}

Criterion taylor(GradientSource source, const Granularity& granularity) {
  const Criterion changes([source = std::move(source), granularity](const std::vector<Parameter>& weights) {
    std::vector<std::vector<int64_t>> group_of;
    train::Sums zeros;
    for (const auto& weight : weights) {
      group_of.push_back(granularity.groups(weight.shape()));
      zeros.emplace_back(
          group_of.back().empty() ? 0 : static_cast<size_t>(std::ranges::max(group_of.back())) + 1);
    }
    const auto sums =
        sum_gradients(source, weights, zeros, [&](size_t k, const float* g, std::vector<double>& sum) {
          std::vector<double> of_batch(sum.size());
          for (size_t i = 0; i < group_of[k].size(); ++i) {
            of_batch[group_of[k][i]] += static_cast<double>(weights[k].data()[i]) * static_cast<double>(g[i]);
          }
          for (size_t group = 0; group < of_batch.size(); ++group) sum[group] += std::abs(of_batch[group]);
        });
    const auto batches = static_cast<double>(train::batches_of(source.loader, source.batches));
    return detail::score_each(weights,
                              [&](size_t k, int64_t i) { return sums[k][group_of[k][i]] / batches; });
  });
  return granularity.is_output() ? changes.of_outputs() : changes;
}

struct Movement::Sums {
  std::vector<Parameter> weights;
  std::vector<Tensor> values;
  int64_t steps = 0;
};

Movement::Movement(std::vector<Parameter> weights) : sums_(std::make_shared<Sums>()) {
  require_distinct("Movement", weights);
  for (const auto& weight : weights) sums_->values.push_back(zeros(weight.shape()));
  sums_->weights = std::move(weights);
}

void Movement::observe() {
  for (const auto& weight : sums_->weights) {
    check(weight.grad().defined(), "movement: a weight of shape ", weight.shape(), " has no gradient");
  }
  for (size_t k = 0; k < sums_->weights.size(); ++k) {
    const Parameter& weight = sums_->weights[k];
    const Tensor grad = weight.grad();
    Tensor& sums = sums_->values[k];
    if (sums.shape() != weight.shape()) sums = zeros(weight.shape());  // a weight that was cut begins anew
    float* sum = sums.mutable_data();
    for (int64_t i = 0; i < weight.numel(); ++i) sum[i] -= weight.data()[i] * grad.data()[i];
  }
  ++sums_->steps;
}

void Movement::state(StateVisitor& visit) {
  visit("steps", sums_->steps);
  visit.each("sums", sums_->values);
}

Criterion Movement::criterion() const {
  return Criterion([sums = sums_](const std::vector<Parameter>& weights) {
    check(sums->steps > 0, "movement: no training step was observed");
    std::vector<Tensor> scores;
    for (const auto& weight : weights) {
      const auto found = std::ranges::find(sums->weights, weight.handle(), &Parameter::handle);
      check(found != sums->weights.end(), "movement: a weight of shape ", weight.shape(),
            " was not observed");
      scores.push_back(sums->values[found - sums->weights.begin()]);
      check(scores.back().shape() == weight.shape(), "movement: a weight of shape ", weight.shape(),
            " was of shape ", scores.back().shape(), " when it was observed");
    }
    return scores;
  });
}

}  // namespace tinynn::prune
