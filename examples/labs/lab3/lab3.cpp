// Lab 3: weights off. See lab3.hpp for what each function has to do.
#include "lab3.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <stdexcept>

namespace lab3 {

// Think in a count and an order of the indices, rather than in a threshold.
Mask magnitude_mask(std::span<const float> weights, double sparsity) {
  not_written("magnitude_mask");
}

// Adam as in lab 2, of one tensor, and with the mask.
void masked_adam_step(std::span<float> weights, std::span<const float> gradient, const Mask& mask,
                      const AdamOptions& options, Moments& moments) {
  not_written("masked_adam_step");
}

// Copy a layer, prune it, measure, copy it back.
std::vector<Curve> sensitivity_scan(std::span<const std::span<float>> layers,
                                    std::span<const double> sparsities, const Criterion& criterion,
                                    const std::function<double()>& accuracy) {
  not_written("sensitivity_scan");
}

// The lower T is, the sparser is each layer.
std::vector<double> choose_sparsities(std::span<const Curve> curves, std::span<const std::int64_t> sizes,
                                      std::int64_t budget) {
  not_written("choose_sparsities");
}

// Fast at first, while much can go, and slower the less is left.
double cubic(double initial, double last, std::int64_t begin, std::int64_t end, std::int64_t step) {
  not_written("cubic");
}

// Measure with magnitude_mask.
double question1() {
  not_written("question1");
}

// Measure with cubic.
double question2() {
  not_written("question2");
}

// Measure with masked_adam_step.
double question3() {
  not_written("question3");
}

}  // namespace lab3
