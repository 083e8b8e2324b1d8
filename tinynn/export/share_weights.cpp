#include <algorithm>
#include <cmath>
#include <span>

#include <tinynn/core/error.hpp>
#include <tinynn/export/share_weights.hpp>

namespace tinynn::deploy {
namespace {

// Sorted values as clusters [begin[c], begin[c + 1]).
std::vector<double> centres_of(std::span<const float> sorted, int64_t k) {
  const auto low = static_cast<double>(sorted.front()), high = static_cast<double>(sorted.back());
  std::vector<double> centres;
  for (int64_t c = 0; c < k; ++c)
    centres.push_back(k == 1 ? (low + high) / 2
                             : low + (high - low) * static_cast<double>(c) / static_cast<double>(k - 1));
  constexpr int most_iterations = 300;
  for (int i = 0; i < most_iterations; ++i) {
    std::vector<double> next;
    auto begin = sorted.begin();
    for (size_t c = 0; c < centres.size(); ++c) {
      // A value belongs to the nearest centre: up to the middle between this and the next.
      const double middle = c + 1 < centres.size() ? (centres[c] + centres[c + 1]) / 2 : high;
      const auto end = std::upper_bound(begin, sorted.end(), static_cast<float>(middle));
      if (begin == end) continue;  // no value has this centre
      double sum = 0;
      for (const float value : std::span(begin, end)) sum += static_cast<double>(value);
      next.push_back(sum / static_cast<double>(end - begin));
      begin = end;
    }
    if (next == centres) break;
    centres = std::move(next);
  }
  return centres;
}

}  // namespace

double share_weights(Parameter parameter, int64_t k) {
  check(k >= 1, "share_weights: ", k, " clusters, expected at least 1");
  parameter.require_hardened("share_weights");
  const auto is_alive = [&](int64_t i) { return !parameter.mask().defined() || parameter.mask()[i]; };
  std::vector<float> sorted;
  for (int64_t i = 0; i < parameter.numel(); ++i) {
    const float value = parameter.data()[i];
    check(std::isfinite(value), "share_weights: element ", i, " of a parameter of shape ", parameter.shape(),
          " is ", value);
    if (is_alive(i)) sorted.push_back(value);
  }
  if (sorted.empty()) return 0;
  std::ranges::sort(sorted);
  const auto centres = centres_of(sorted, k);
  double squares = 0;
  parameter.update([&](std::span<float> values) {
    for (size_t i = 0; i < values.size(); ++i) {
      if (!is_alive(static_cast<int64_t>(i))) continue;
      const auto value = static_cast<double>(values[i]);
      auto above = std::ranges::lower_bound(centres, value);
      if (above == centres.end() || (above != centres.begin() && value - *(above - 1) <= *above - value))
        --above;
      squares += (value - *above) * (value - *above);
      values[i] = static_cast<float>(*above);
    }
  });
  return std::sqrt(squares / static_cast<double>(sorted.size()));
}

}  // namespace tinynn::deploy
