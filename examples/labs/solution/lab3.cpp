// Lab 3: weights off. See lab3.hpp for what each function has to do.
#include "lab3.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <stdexcept>

namespace lab3 {

// BEGIN SOLUTION
namespace {

/// How many of n weights die.
std::int64_t dead_of(std::int64_t n, double sparsity) {
  // A half to the even neighbour; std::llround would go away from zero.
  return std::llrint(double(n) * sparsity);
}

}  // namespace
// END SOLUTION

// Think in a count and an order of the indices, rather than in a threshold.
Mask magnitude_mask(std::span<const float> weights, double sparsity) {
  // BEGIN SOLUTION magnitude_mask
  if (!(sparsity >= 0 && sparsity <= 1))
    throw std::invalid_argument("magnitude_mask: sparsity is not in [0, 1]");
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto dies_first = [&](std::size_t i, std::size_t j) {
    const float a = std::abs(weights[i]), b = std::abs(weights[j]);
    return a != b ? a < b : i < j;
  };
  const auto alive = order.begin() + dead_of(std::ssize(weights), sparsity);
  std::nth_element(order.begin(), alive, order.end(), dies_first);  // who dies, not in which order
  Mask mask(weights.size(), 1);
  for (auto dead = order.begin(); dead != alive; ++dead) mask[*dead] = 0;
  return mask;
  // END SOLUTION
}

// Adam as in lab 2, of one tensor, and with the mask.
void masked_adam_step(std::span<float> weights, std::span<const float> gradient, const Mask& mask,
                      const AdamOptions& options, Moments& moments) {
  // BEGIN SOLUTION masked_adam_step
  moments.first.resize(weights.size());
  moments.second.resize(weights.size());
  const double t = double(++moments.steps);
  const double seen1 = 1 - std::pow(options.beta1, t), seen2 = 1 - std::pow(options.beta2, t);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (mask[i] == 0) {
      // Set, not multiplied: 0 * NaN is NaN, and 0 * -1 is -0. And the moments, too: a weight that lives
      // again would be moved by the first and braked by the second.
      weights[i] = moments.first[i] = moments.second[i] = 0;
      continue;
    }
    const double g = gradient[i];
    const double m = options.beta1 * moments.first[i] + (1 - options.beta1) * g;
    const double v = options.beta2 * moments.second[i] + (1 - options.beta2) * g * g;
    moments.first[i] = float(m);
    moments.second[i] = float(v);
    const double decayed = weights[i] - options.learning_rate * options.weight_decay * weights[i];
    weights[i] =
        float(decayed - options.learning_rate * (m / seen1) / (std::sqrt(v / seen2) + options.epsilon));
  }
  // END SOLUTION
}

// Copy a layer, prune it, measure, copy it back.
std::vector<Curve> sensitivity_scan(std::span<const std::span<float>> layers,
                                    std::span<const double> sparsities, const Criterion& criterion,
                                    const std::function<double()>& accuracy) {
  // BEGIN SOLUTION sensitivity_scan
  std::vector<Curve> curves;
  for (const std::span<float> weights : layers) {
    // Its destructor runs however the loop is left, so a throwing accuracy() finds the weights restored.
    struct Restored {
      std::span<float> weights;
      std::vector<float> saved{weights.begin(), weights.end()};
      void now() { std::copy(saved.begin(), saved.end(), weights.begin()); }
      ~Restored() { now(); }
    } whole{weights};
    Curve& curve = curves.emplace_back();
    for (const double sparsity : sparsities) {
      whole.now();  // not what the sparsity before has left
      const Mask mask = criterion(weights, sparsity);
      for (std::size_t i = 0; i < weights.size(); ++i)
        if (mask[i] == 0) weights[i] = 0;
      curve.push_back({sparsity, accuracy()});
    }
  }
  return curves;
  // END SOLUTION
}

// The lower T is, the sparser is each layer.
std::vector<double> choose_sparsities(std::span<const Curve> curves, std::span<const std::int64_t> sizes,
                                      std::int64_t budget) {
  // BEGIN SOLUTION choose_sparsities
  if (curves.size() != sizes.size())
    throw std::invalid_argument("choose_sparsities: not as many curves as sizes");
  // What a layer takes changes only where T passes an accuracy that was measured. From above, the first that
  // fits is the largest.
  std::vector<double> thresholds{std::numeric_limits<double>::infinity()};
  for (const Curve& curve : curves)
    for (const Point& point : curve) thresholds.push_back(point.accuracy);
  std::sort(thresholds.begin(), thresholds.end(), std::greater<>());

  for (const double threshold : thresholds) {
    std::vector<double> sparsities;
    std::int64_t alive = 0;
    for (std::size_t l = 0; l < curves.size(); ++l) {
      double sparsity = 0;
      for (const Point& point : curves[l])
        if (point.accuracy >= threshold) sparsity = std::max(sparsity, point.sparsity);
      sparsities.push_back(sparsity);
      alive += sizes[l] - dead_of(sizes[l], sparsity);
    }
    if (alive <= budget) return sparsities;
  }
  throw std::invalid_argument(
      "choose_sparsities: even the lowest accuracy leaves more weights than the budget");
  // END SOLUTION
}

// Fast at first, while much can go, and slower the less is left.
double cubic(double initial, double last, std::int64_t begin, std::int64_t end, std::int64_t step) {
  // BEGIN SOLUTION cubic
  if (step >= end) return last;
  if (step <= begin) return initial;
  const double left = 1 - double(step - begin) / double(end - begin);
  return last + (initial - last) * left * left * left;
  // END SOLUTION
}

// Measure with magnitude_mask.
double question1() {
  // BEGIN SOLUTION question1
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> weights(100'000);
  for (float& w : weights) w = normal(random);
  const Mask mask = magnitude_mask(weights, 0.5);
  double dead = 0, all = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    all += weights[i] * weights[i];
    if (mask[i] == 0) dead += weights[i] * weights[i];
  }
  return 100 * dead / all;
  // END SOLUTION
}

// Measure with cubic.
double question2() {
  // BEGIN SOLUTION question2
  int step = 0;
  while (cubic(0, 0.9, 0, 1000, step) < 0.45) ++step;
  return step;  // a fifth of the way
  // END SOLUTION
}

// Measure with masked_adam_step.
double question3() {
  // BEGIN SOLUTION question3
  std::vector<float> weight{0}, gradient{1};
  Moments moments;
  for (int i = 0; i < 1000; ++i) masked_adam_step(weight, gradient, {1}, {}, moments);
  weight[0] = gradient[0] = 0;
  for (int i = 0; i < 1000; ++i) masked_adam_step(weight, gradient, {1}, {}, moments);
  return std::abs(weight[0]) / AdamOptions().learning_rate;  // a sum of 0.9^k: nearly 0.9 / (1 - 0.9)
  // END SOLUTION
}

}  // namespace lab3
