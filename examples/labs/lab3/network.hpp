// LeNet-300-100 as plain arrays. What lab 2 taught (forward, loss, backward, batches) is done by tinynn, in
// network.cpp. Given.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace lab3 {

struct Layer {
  std::int64_t inputs = 0, outputs = 0;
  std::vector<float> weights;  ///< outputs x inputs
  std::vector<float> bias;     ///< outputs
  std::vector<float> weights_gradient, bias_gradient;
};

/// Linear layers with ReLU between them.
struct Network {
  std::vector<Layer> layers;
};

/// 784-300-100-10, with random weights (He et al., 2015). One seed, one network.
Network lenet_300_100(std::uint64_t seed);

/// Images, one after another, and a label for each.
struct Data {
  std::span<const float> images;
  std::span<const int> labels;

  Data first(std::size_t n) const { return {images.first(784 * n), labels.first(n)}; }
  Data last(std::size_t n) const { return {images.last(784 * n), labels.last(n)}; }
};

/// The part of the images that the network tells right, in [0, 1].
double accuracy(const Network& network, const Data& data);

/// Trains once on all images, in an order that `seed` shuffles: for each batch the gradients are set, then
/// `step` is called, which has to use them. Returns the mean loss.
double train_epoch(Network& network, const Data& data, std::int64_t batch_size, std::uint64_t seed,
                   const std::function<void()>& step);

}  // namespace lab3
