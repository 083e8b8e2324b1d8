#include <algorithm>
#include <cmath>

#include <tinynn/core/error.hpp>
#include <tinynn/prune/mask_rules.hpp>

namespace tinynn::prune {
namespace {

struct Candidate {
  float score;
  int64_t parameter, element;
};

// Ties die in order of position, so that equal runs prune equal weights.
bool dies_before(const Candidate& a, const Candidate& b) {
  if (a.score != b.score) return a.score < b.score;
  return a.parameter != b.parameter ? a.parameter < b.parameter : a.element < b.element;
}

// The masks after killing `amount` of the elements of all these parameters, ranked together.
std::vector<Mask> ranked_masks(const std::vector<Parameter>& parameters, const Amount& amount,
                               const Criterion& criterion) {
  std::vector<Mask> masks;
  std::vector<Candidate> alive;
  int64_t total = 0;
  for (const auto& parameter : parameters) {
    const Tensor scores = criterion(parameter);
    check(scores.shape() == parameter.shape(), "prune: the criterion gave scores of shape ", scores.shape(),
          " for a parameter of shape ", parameter.shape());
    const auto index = static_cast<int64_t>(masks.size());
    masks.push_back(parameter.mask().defined() ? parameter.mask() : Mask(parameter.shape()));
    for (int64_t i = 0; i < parameter.numel(); ++i) {
      if (!masks.back()[i]) continue;
      check(!std::isnan(scores.data()[i]), "prune: the criterion's score of element ", i,
            " of a parameter of shape ", parameter.shape(), " is NaN");
      alive.push_back({scores.data()[i], index, i});
    }
    total += parameter.numel();
  }
  const int64_t kill = amount.to_kill(static_cast<int64_t>(alive.size()), total);
  if (kill < static_cast<int64_t>(alive.size())) {
    std::nth_element(alive.begin(), alive.begin() + kill, alive.end(), dies_before);
  }
  for (int64_t i = 0; i < kill; ++i) {
    const Candidate& dead = alive[static_cast<size_t>(i)];
    masks[static_cast<size_t>(dead.parameter)].set(dead.element, false);
  }
  return masks;
}

}  // namespace

std::vector<Parameter> prunable(nn::Module& module) {
  auto parameters = module.parameters();
  std::erase_if(parameters, [](const Parameter& parameter) { return parameter.rank() < 2; });
  return parameters;
}

double sparsity(const std::vector<Parameter>& parameters) {
  int64_t total = 0, nonzero = 0;
  for (const auto& parameter : parameters) {
    total += parameter.numel();
    nonzero += count_nonzero(parameter);
  }
  return total == 0 ? 0 : static_cast<double>(total - nonzero) / static_cast<double>(total);
}

void unstructured(const std::vector<Parameter>& parameters, const Amount& amount, const Criterion& criterion,
                  Scope scope) {
  std::vector<Mask> masks;  // all of them, before the first is applied: an error changes nothing
  if (scope == Scope::global) {
    masks = ranked_masks(parameters, amount, criterion);
  } else {
    for (const auto& parameter : parameters) {
      masks.push_back(ranked_masks({parameter}, amount, criterion).front());
    }
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    Parameter parameter = parameters[i];
    parameter.prune(masks[i]);
  }
}

void l1_unstructured(Parameter& parameter, const Amount& amount) {
  unstructured({parameter}, amount, magnitude(), Scope::local);
}

void custom_from_mask(Parameter& parameter, const Tensor& mask) { parameter.prune(Mask(mask)); }

}  // namespace tinynn::prune
