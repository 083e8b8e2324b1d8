// Criterion: what makes a weight worth keeping. It gives each element of each parameter a score, the lowest
// of which are pruned first. One of your own is a function of a parameter:
//   prune::Criterion mine = [](const Parameter& weight) { return my_scores(weight); };
// Those that look at nothing but the weights are here; gradient_criteria.hpp and activation_criteria.hpp have
// those that run data through the network.
#pragma once

#include <concepts>
#include <functional>
#include <utility>
#include <vector>

#include <tinynn/autograd/parameter.hpp>

namespace tinynn::prune {

/// How the scores of a group's elements make the group's score.
enum class Combine { mean, max, min };

class Criterion {
 public:
  using OfEach = std::function<Tensor(const Parameter& weight)>;
  using OfAll = std::function<std::vector<Tensor>(const std::vector<Parameter>& weights)>;

  /// A function of one parameter, with scores of its shape.
  template <class F>
  requires std::is_invocable_r_v<Tensor, F, const Parameter&> Criterion(
      F scores, Combine how = Combine::mean)  // NOLINT: meant to convert
      : scores_([each = OfEach(std::move(scores))](const std::vector<Parameter>& weights) {
          std::vector<Tensor> all;
          for (const auto& weight : weights) all.push_back(each(weight));
          return all;
        }),
        combine_(how) {}
  /// A function of all that are to be pruned, for what needs one pass over the data for all of them.
  explicit Criterion(OfAll scores, Combine how = Combine::mean) : scores_(std::move(scores)), combine_(how) {}

  /// Throws Error if the scores do not have the shapes of the weights, or are NaN where a weight is alive.
  std::vector<Tensor> operator()(const std::vector<Parameter>& weights) const;
  Combine combine() const { return combine_; }

  /// The same, said to score outputs (filters, rows): all elements of one share its score. A channel's
  /// importance is then that of what makes it, without the weights that read it, whose scores are of others.
  Criterion of_outputs() const;
  bool scores_outputs() const { return scores_outputs_; }

 private:
  OfAll scores_;
  Combine combine_;
  bool scores_outputs_ = false;
};

namespace detail {
/// For each weight a tensor of its shape, of score(k, i) for element i of weights[k].
template <class F>
std::vector<Tensor> score_each(const std::vector<Parameter>& weights, F score) {
  std::vector<Tensor> scores;
  for (size_t k = 0; k < weights.size(); ++k) {
    scores.emplace_back(weights[k].shape());
    float* of = scores.back().mutable_data();
    for (int64_t i = 0; i < weights[k].numel(); ++i) of[i] = static_cast<float>(score(k, i));
  }
  return scores;
}
}  // namespace detail

/// |w|
Criterion magnitude();
/// |w|^n, by which groups rank as by their n-norm: any number, 0 (how many are not zero) and infinity (the
/// largest) included; for single weights the same as magnitude.
Criterion ln(double n);
/// Numbers that know nothing of the weights, new ones at each call (manual_seed): what others have to beat.
Criterion random();
/// w^2 over the sum of those of the layer that are not smaller: which share of the layer's surviving weight
/// would go. Lee et al., "Layer-adaptive sparsity for the magnitude-based pruning", ICLR 2021.
Criterion lamp();
/// For slices of dimension 0: the sum of a filter's distances to the layer's other filters. What lies near
/// the geometric median can be replaced by the others. He et al., CVPR 2019.
Criterion fpgm();

}  // namespace tinynn::prune
