// What you write in lab3.cpp. Each comment is the complete specification; README.md has the ideas behind it.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "../support/lab.hpp"

namespace lab3 {

/// For each weight 1 if it lives, 0 if it is dead.
using Mask = std::vector<std::uint8_t>;

/// Kills the smallest weights by magnitude: exactly k of the n, where k = n * sparsity (in double) rounded as
/// Python's round does, that is a half to the even neighbour: 2.5 to 2, 3.5 to 4. Of weights of one magnitude
/// the earlier ones are killed first. -0 is as small as 0; there is no NaN. n may be 0. Throws
/// std::invalid_argument if sparsity is not in [0, 1].
Mask magnitude_mask(std::span<const float> weights, double sparsity);

struct AdamOptions {
  double learning_rate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0;
};

struct Moments {
  std::int64_t steps = 0;            ///< how many were made
  std::vector<float> first, second;  ///< empty before the first step, which makes them of zeros
};

/// One step of AdamW (Loshchilov & Hutter, 2019), as torch.optim.AdamW, for the weights that live. With t = 1
/// in the first step, for each weight w with gradient g and moments m, v:
///     w <- w - learning_rate * weight_decay * w
///     m <- beta1 * m + (1 - beta1) * g
///     v <- beta2 * v + (1 - beta2) * g * g
///     w <- w - learning_rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
/// Where the mask is 0, weight and both moments are +0 afterwards (all bits zero, so not -0), whatever they
/// were and whatever the gradient is, NaN and infinity included. The mask may be another one in each step: a
/// weight that has just died loses its moments, too, and one that lives again begins with zeros (and the
/// common t).
void masked_adam_step(std::span<float> weights, std::span<const float> gradient, const Mask& mask,
                      const AdamOptions& options, Moments& moments);

/// What happens to the network when one layer has this sparsity, and the others are whole.
struct Point {
  double sparsity, accuracy;
};
using Curve = std::vector<Point>;

/// Which weights to keep at a sparsity; magnitude_mask is one.
using Criterion = std::function<Mask(std::span<const float> weights, double sparsity)>;

/// A curve for each layer, with a point for each of `sparsities`, in their order. Layers are spans on the
/// weights of a network, and `accuracy` measures that network as it is when it is called. Takes layer after
/// layer, and for each layer sparsity after sparsity. Each time, calls criterion(the layer's whole weights,
/// sparsity), sets the weights for which it gives 0 to +0, and calls accuracy() once. Every other weight of
/// all layers is then as it was at the beginning. Afterwards all weights are what they were, to the bit (-0
/// and NaN included), also if `accuracy` throws: what it throws goes on to the caller.
std::vector<Curve> sensitivity_scan(std::span<const std::span<float>> layers,
                                    std::span<const double> sparsities, const Criterion& criterion,
                                    const std::function<double()>& accuracy);

/// How far each layer is to be pruned so that at most `budget` weights live in all layers together. A layer
/// of n weights keeps n - round(n * sparsity), rounded as in magnitude_mask; sizes[l] is the n of curves[l].
/// For an accuracy T, let every layer take the largest sparsity on its curve whose accuracy is at least T, or
/// 0 if there is none. (Curves are measured, so they may go up and down; their points are in any order.)
/// Returns the sparsities for the largest T that fits the budget. T may be infinite, so if all weights fit,
/// all sparsities are 0. Throws std::invalid_argument if no T fits, or if there are not as many curves
/// as sizes.
std::vector<double> choose_sparsities(std::span<const Curve> curves, std::span<const std::int64_t> sizes,
                                      std::int64_t budget);

/// The sparsity at a step of gradual pruning (Zhu & Gupta, 2017): `initial` up to and including step `begin`,
/// `last` from step `end` on, and between them
///     last + (initial - last) * (1 - (step - begin) / (end - begin))^3
/// begin <= end; if they are the same, that step has `last`.
double cubic(double initial, double last, std::int64_t begin, std::int64_t end, std::int64_t step);

/// A layer of 100,000 weights, normally distributed, loses the half of smaller magnitude. Which part of the
/// layer's sum of squares goes with it? In percent, to one decimal. (Why is pruning half of a network nearly
/// free?)
double question1();

/// When gradual pruning by `cubic` goes from 0 to 0.9 over 1,000 steps: at which step is the sparsity 0.45,
/// half of what it will be? To the nearest 10.
double question2();

/// A weight has lived through 1,000 steps of masked_adam_step with gradient 1, learning rate 0.001 and the
/// other options as they are. Then somebody prunes it by setting it to zero, and keeps its gradient at zero,
/// but neither masks the step nor clears the moments. How many learning rates does it move until it stops
/// (take 1,000 steps more)? To one decimal.
double question3();

}  // namespace lab3
