#include <algorithm>
#include <cmath>

#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/prune/mask_rules.hpp>

namespace tinynn::prune {
namespace {

// Masks are all made before the first is applied: an error changes nothing.
void apply_masks(const std::vector<Parameter>& parameters, const std::vector<Mask>& masks) {
  for (size_t k = 0; k < parameters.size(); ++k) Parameter(parameters[k]).prune(masks[k]);
}

// Kills the living elements of which dies(parameter, element) is true.
template <class F>
void prune_elements(const std::vector<Parameter>& parameters, F dies) {
  std::vector<Mask> masks;
  for (size_t k = 0; k < parameters.size(); ++k) {
    masks.push_back(parameters[k].mask_or_all());
    for (int64_t i = 0; i < parameters[k].numel(); ++i) {
      if (masks[k][i] && dies(k, i)) masks[k].set(i, false);
    }
  }
  apply_masks(parameters, masks);
}

}  // namespace

std::vector<Parameter> weights(nn::Module& module) {
  auto parameters = module.parameters();
  std::erase_if(parameters, [](const Parameter& parameter) { return parameter.rank() < 2; });
  return parameters;
}

Elements count_elements(const std::vector<Parameter>& parameters) {
  require_distinct("sparsity", parameters);
  Elements elements;
  for (const auto& parameter : parameters) {
    elements.all += parameter.numel();
    elements.nonzero += count_nonzero(parameter);
  }
  return elements;
}

double sparsity(const std::vector<Parameter>& parameters) {
  const auto [all, nonzero] = count_elements(parameters);
  return all == 0 ? 0 : static_cast<double>(all - nonzero) / static_cast<double>(all);
}

void prune(const std::vector<Share>& shares, const Rule& rule) {
  std::vector<Parameter> parameters;
  std::vector<Mask> masks;
  for (const Share& share : shares) {
    parameters.insert(parameters.end(), share.parameters.begin(), share.parameters.end());
    for (const Parameter& parameter : share.parameters) masks.push_back(parameter.mask_or_all());
  }
  const std::vector<Tensor> scores = rule.criterion(parameters);
  size_t first = 0;
  for (const Share& share : shares) {
    const size_t count = share.parameters.size();
    kill_lowest(std::span(masks).subspan(first, count), std::span(scores).subspan(first, count), share.amount,
                rule);
    first += count;
  }
  apply_masks(parameters, masks);
}

void prune(const std::vector<Parameter>& parameters, const Amount& amount, const Rule& rule, Scope scope) {
  std::vector<Share> shares;
  if (scope == Scope::global) shares.push_back({parameters, amount});
  if (scope == Scope::local) {
    for (const auto& parameter : parameters) shares.push_back({{parameter}, amount});
  }
  prune(shares, rule);
}

void l1_unstructured(Parameter& parameter, const Amount& amount) { prune({parameter}, amount); }

void random_unstructured(Parameter& parameter, const Amount& amount) {
  prune({parameter}, amount, {.criterion = random()});
}

void ln_structured(Parameter& parameter, const LnStructuredOptions& options) {
  prune({parameter}, options.amount, {.criterion = ln(options.n), .granularity = slice(options.dim)});
}

void random_structured(Parameter& parameter, const Amount& amount, int64_t dim) {
  prune({parameter}, amount, {.criterion = random(), .granularity = slice(dim)});
}

void custom_from_mask(Parameter& parameter, const Tensor& mask) { parameter.prune(Mask(mask)); }

void mask_slices(Parameter& parameter, int64_t dim, const std::vector<int64_t>& indices) {
  const int64_t d = parameter.shape().index(dim);
  Mask mask = parameter.mask_or_all();
  std::vector<bool> seen(static_cast<size_t>(parameter.size(d)));
  for (const int64_t index : indices) {
    check(index >= 0 && index < parameter.size(d), "mask_slices: no slice ", index, " along dimension ", d,
          " of ", parameter.shape());
    check(!seen[index], "mask_slices: slice ", index, " is named twice");
    seen[index] = true;
    Slices(parameter.shape(), d).for_each(index, [&](int64_t i) { mask.set(i, false); });
  }
  parameter.prune(mask);
}

void bernoulli(const std::vector<Parameter>& parameters, double probability) {
  check(probability >= 0 && probability <= 1, "bernoulli: the probability ", probability,
        " is not between 0 and 1");
  require_distinct("bernoulli", parameters);
  std::vector<RandomStream> random;
  for (size_t k = 0; k < parameters.size(); ++k) random.push_back(next_random_stream());
  prune_elements(parameters, [&](size_t k, int64_t i) {
    return random[k].uniform(static_cast<uint64_t>(i)) < probability;
  });
}

void by_threshold(const std::vector<Parameter>& parameters, double threshold, const Criterion& criterion) {
  check(!std::isnan(threshold), "by_threshold: the threshold is NaN");
  const auto scores = criterion(parameters);
  prune_elements(parameters, [&](size_t k, int64_t i) {
    return !(static_cast<double>(scores[k].data()[i]) > threshold);
  });
}

void n_of_m(const std::vector<Parameter>& parameters, int64_t n, int64_t m, const Criterion& criterion) {
  check(0 <= n && n <= m && m >= 1, "n_of_m: ", n, " of ", m, " weights, expected 0 <= n <= m");
  const auto scores = criterion(parameters);
  // Whether element i, at `place` along a row of m or less elements `step` apart, has n better ones in it.
  prune_elements(parameters, [&](size_t k, int64_t i) {
    const Shape& shape = parameters[k].shape();
    check(shape.rank() >= 2, "n_of_m: a weight of shape ", shape, " has no inputs, expected rank 2 or more");
    const int64_t step = shape.inner(1), place = i / step % shape[1];
    const int64_t begin = place / m * m, end = std::min(begin + m, shape[1]);
    int64_t better = 0;
    for (int64_t other = begin; other < end; ++other) {
      const int64_t j = i + (other - place) * step;
      const float a = scores[k].data()[j], b = scores[k].data()[i];
      if (!parameters[k].mask().defined() || parameters[k].mask()[j]) better += a > b || (a == b && j > i);
    }
    return better >= n;
  });
}

}  // namespace tinynn::prune
