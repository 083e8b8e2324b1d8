#include "experiment.hpp"

#include <cmath>

namespace lab3 {

Experiment prune_while_training(const Data& data, double density, std::uint64_t seed) {
  constexpr std::int64_t batch_size = 128;
  const std::size_t held_out = data.labels.size() / 20;
  const Data train = data.first(data.labels.size() - held_out), judge = data.last(held_out);
  const std::int64_t epoch = (std::ssize(train.labels) + batch_size - 1) / batch_size;  // in steps

  Experiment result{lenet_300_100(seed), {}, {}, 0};
  std::vector<Layer>& layers = result.network.layers;
  std::vector<Mask> whole_biases;
  for (const Layer& layer : layers) {
    result.masks.push_back(Mask(layer.weights.size(), 1));
    whole_biases.push_back(Mask(layer.bias.size(), 1));
  }
  std::vector<Moments> of_weights(layers.size()), of_biases(layers.size());
  const auto step = [&](double learning_rate) {
    const AdamOptions options{.learning_rate = learning_rate};
    for (std::size_t l = 0; l < layers.size(); ++l) {
      masked_adam_step(layers[l].weights, layers[l].weights_gradient, result.masks[l], options,
                       of_weights[l]);
      masked_adam_step(layers[l].bias, layers[l].bias_gradient, whole_biases[l], options, of_biases[l]);
    }
  };

  // 1. Two epochs of the whole network.
  for (const double learning_rate : {2e-3, 5e-4})
    train_epoch(result.network, train, batch_size, ++seed, [&] { step(learning_rate); });
  result.dense = accuracy(result.network, judge);

  // 2. How much can each layer lose? 50%, 55% ... 80%, and from there 81%, 82% ... 99%.
  std::vector<std::span<float>> weights;
  std::vector<std::int64_t> sizes;
  std::int64_t all = 0;
  for (Layer& layer : layers) {
    weights.push_back(layer.weights);
    sizes.push_back(std::ssize(layer.weights));
    all += sizes.back();
  }
  std::vector<double> grid;
  for (int percent = 50; percent < 100; percent += percent < 80 ? 5 : 1) grid.push_back(percent / 100.0);
  const auto curves =
      sensitivity_scan(weights, grid, magnitude_mask, [&] { return accuracy(result.network, judge); });
  result.sparsities = choose_sparsities(curves, sizes, std::int64_t(double(all) * density));

  // 3. In two of six epochs the sparsity grows, every 20 steps; in the rest, what is left settles. The
  // learning rate falls to zero step by step.
  const std::int64_t grown = 2 * epoch, end = 6 * epoch;
  for (std::int64_t steps = 0; steps < end;)
    train_epoch(result.network, train, batch_size, ++seed, [&] {
      if ((steps % 20 == 0 && steps < grown) || steps == grown)
        for (std::size_t l = 0; l < layers.size(); ++l)
          result.masks[l] =
              magnitude_mask(layers[l].weights, cubic(0, result.sparsities[l], 0, grown, steps));
      step(2e-3 * (1 - double(steps++) / double(end)));
    });
  return result;
}

}  // namespace lab3
