#include <algorithm>
#include <cmath>
#include <numeric>

#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/kernels/pointwise.hpp>
#include <tinynn/prune/criterion.hpp>

namespace tinynn::prune {
namespace {

// A criterion that scores an element by its value alone.
template <class F>
Criterion of_values(F f, Combine how = Combine::mean) {
  const auto scores_of = [f](const Parameter& weight) {
    Tensor scores(weight.shape());
    kernels::map(weight.numel(), weight.data(), scores.mutable_data(), f);
    return scores;
  };
  return {scores_of, how};
}

}  // namespace

std::vector<Tensor> Criterion::operator()(const std::vector<Parameter>& weights) const {
  require_distinct("prune", weights);
  const std::vector<Tensor> all = scores_(weights);
  check(all.size() == weights.size(), "prune: the criterion gave scores for ", all.size(),
        " parameters, expected ", weights.size());
  for (size_t k = 0; k < all.size(); ++k) {
    check(all[k].defined() && all[k].shape() == weights[k].shape(),
          "prune: the criterion gave scores of shape ", all[k].defined() ? all[k].shape() : Shape{0},
          " for a parameter of shape ", weights[k].shape());
    const Mask& mask = weights[k].mask();
    for (int64_t i = 0; i < all[k].numel(); ++i) {
      check(!std::isnan(all[k].data()[i]) || (mask.defined() && !mask[i]),
            "prune: the criterion's score of element ", i, " of a parameter of shape ", weights[k].shape(),
            " is NaN");
    }
  }
  return all;
}

Criterion Criterion::of_outputs() const {
  Criterion result = *this;
  result.scores_outputs_ = true;
  return result;
}

Criterion magnitude() {
  return of_values([](float w) { return std::fabs(w); });
}

Criterion ln(double n) {
  check(!std::isnan(n), "ln: the order of the norm is NaN");
  if (std::isinf(n))
    return of_values([](float w) { return std::fabs(w); }, n > 0 ? Combine::max : Combine::min);
  return of_values([n](float w) {
    if (n == 0) return w == 0 ? 0.0F : 1.0F;
    const double power = std::pow(std::abs(static_cast<double>(w)), n);
    return static_cast<float>(n > 0 ? power : -power);  // below 0, a norm falls as its sum rises
  });
}

Criterion random() {
  return [](const Parameter& weight) { return rand(weight.shape()); };
}

Criterion lamp() {
  return [](const Parameter& weight) {
    const auto values = weight.values();
    std::vector<size_t> order(values.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::ranges::stable_sort(order,
                             [&](size_t a, size_t b) { return std::abs(values[a]) < std::abs(values[b]); });
    Tensor scores(weight.shape());
    double not_smaller = 0;
    for (size_t k = order.size(); k-- > 0;) {
      const double square = static_cast<double>(values[order[k]]) * static_cast<double>(values[order[k]]);
      not_smaller += square;
      scores.mutable_data()[order[k]] = not_smaller > 0 ? static_cast<float>(square / not_smaller) : 0.0F;
    }
    return scores;
  };
}

Criterion fpgm() {
  const Criterion distances = [](const Parameter& weight) {
    check(weight.rank() >= 2, "fpgm: a weight of shape ", weight.shape(), " has no filters");
    const int64_t filters = weight.size(0), size = weight.shape().inner(0);
    Tensor scores(weight.shape());
    for (int64_t a = 0; a < filters; ++a) {
      double total = 0;
      for (int64_t b = 0; b < filters; ++b) {
        const float *x = weight.data() + a * size, *y = weight.data() + b * size;
        total += std::sqrt(kernels::sum_in_lanes(size, [=](int64_t i) {
          const double part = static_cast<double>(x[i]) - static_cast<double>(y[i]);
          return part * part;
        }));
      }
      std::fill_n(scores.mutable_data() + a * size, size, static_cast<float>(total));
    }
    return scores;
  };
  return distances.of_outputs();
}

}  // namespace tinynn::prune
