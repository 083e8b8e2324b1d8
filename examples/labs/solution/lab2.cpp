// Lab 2: a training loop. See lab2.hpp for what each function has to do.
#include "lab2.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace lab2 {

// Loss and gradient come from the same exponentials: d loss / d logit = (softmax - one-hot) / batch.
Loss cross_entropy(std::span<const float> logits, std::span<const int> labels, std::int64_t classes) {
  // BEGIN SOLUTION cross_entropy
  if (labels.empty()) throw std::invalid_argument("cross_entropy: no labels, expected 1 or more");
  if (classes < 1 || logits.size() != labels.size() * std::size_t(classes))
    throw std::invalid_argument("cross_entropy: logits are not labels x classes");
  for (const int label : labels)
    if (label < 0 || label >= classes)
      throw std::invalid_argument("cross_entropy: label is not in [0, classes)");

  const double batch = double(labels.size());
  Loss loss{0, std::vector<float>(logits.size())};
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto row = logits.subspan(i * classes, classes);
    const std::size_t label = labels[i];
    float* gradient = loss.gradient.data() + i * row.size();
    // softmax(z) = softmax(z - c) for every c. With the largest as c, the largest exponential is 1: no
    // overflow, and a sum of at least 1 has a logarithm.
    const double largest = *std::max_element(row.begin(), row.end());
    double sum = 0;
    for (const float z : row) sum += std::exp(z - largest);
    loss.value += (std::log(sum) - (row[label] - largest)) / batch;
    for (std::size_t j = 0; j < row.size(); ++j)
      gradient[j] = float((std::exp(row[j] - largest) / sum - (j == label)) / batch);
  }
  return loss;
  // END SOLUTION
}

// BEGIN SOLUTION
namespace {

void make_zeros(Buffers& buffers, std::span<const Parameter> parameters) {
  if (!buffers.empty()) return;
  for (const Parameter& parameter : parameters) buffers.emplace_back(parameter.value.size(), 0.0F);
}

}  // namespace
// END SOLUTION

// Three lines a weight, and the buffers in the first step.
void sgd_step(std::span<Parameter> parameters, const SgdOptions& options, Buffers& buffers) {
  // BEGIN SOLUTION sgd_step
  make_zeros(buffers, parameters);
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    auto& [value, gradient] = parameters[p];
    for (std::size_t i = 0; i < value.size(); ++i) {
      const double g = gradient[i] + options.weight_decay * value[i];
      const double b = options.momentum * buffers[p][i] + g;
      // Nesterov's step looks ahead: it goes where the buffer will carry the weight next, too.
      const double direction = options.nesterov ? g + options.momentum * b : b;
      buffers[p][i] = float(b);
      value[i] -= float(options.learning_rate * direction);
    }
  }
  // END SOLUTION
}

// What is the same for all weights (the corrections, with their powers) is worked out once.
void adam_step(std::span<Parameter> parameters, const AdamOptions& options, AdamState& state) {
  // BEGIN SOLUTION adam_step
  make_zeros(state.first, parameters);
  make_zeros(state.second, parameters);
  const double t = double(++state.steps);
  // Moments begin at zero. These are the parts of the averages' weights that fell on gradients rather than on
  // that zero.
  const double seen1 = 1 - std::pow(options.beta1, t), seen2 = 1 - std::pow(options.beta2, t);
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    auto& [value, gradient] = parameters[p];
    for (std::size_t i = 0; i < value.size(); ++i) {
      const double g = gradient[i] + options.weight_decay * value[i];
      const double m = options.beta1 * state.first[p][i] + (1 - options.beta1) * g;
      const double v = options.beta2 * state.second[p][i] + (1 - options.beta2) * g * g;
      state.first[p][i] = float(m);
      state.second[p][i] = float(v);
      const double step = (m / seen1) / (std::sqrt(v / seen2) + options.epsilon);
      value[i] -= float(options.learning_rate * step);
    }
  }
  // END SOLUTION
}

// For each batch: gather, forward, loss, gradients to zero, backward, step.
double train_epoch(Model& model, const Data& data, std::span<const std::int64_t> order,
                   std::int64_t batch_size, const LossFunction& loss, const Step& step) {
  // BEGIN SOLUTION train_epoch
  if (batch_size < 1) throw std::invalid_argument("train_epoch: batch_size is below 1");
  for (const std::int64_t index : order)
    if (index < 0 || index >= std::ssize(data.labels))
      throw std::invalid_argument("train_epoch: order names an image that is not there");
  if (order.empty()) return 0;

  const std::size_t pixels = data.images.size() / data.labels.size();
  double total = 0;
  for (std::size_t begin = 0; begin < order.size(); begin += std::size_t(batch_size)) {
    const auto batch = order.subspan(begin, std::min(std::size_t(batch_size), order.size() - begin));
    std::vector<float> images;
    std::vector<int> labels;
    for (const std::int64_t index : batch) {
      const auto image = data.images.subspan(index * pixels, pixels);
      images.insert(images.end(), image.begin(), image.end());
      labels.push_back(data.labels[index]);
    }
    const Loss of_batch = loss(model.forward(images), labels);
    // Before backward rather than after the step: the first batch does not count what was there either.
    for (Parameter& parameter : model.parameters())
      std::fill(parameter.gradient.begin(), parameter.gradient.end(), 0.0F);
    model.backward(of_batch.gradient);
    step(model.parameters());
    // By its size: in a mean of means the images of the last, small batch would count for more.
    total += of_batch.value * double(batch.size());
  }
  return total / double(order.size());
  // END SOLUTION
}

// Measure with cross_entropy.
double question1() {
  // BEGIN SOLUTION question1
  return cross_entropy(std::vector<float>(1000), std::vector<int>{0}, 1000).value;  // log(1000)
  // END SOLUTION
}

// Measure with sgd_step.
double question2() {
  // BEGIN SOLUTION question2
  const auto distance = [](double momentum) {
    std::vector<Parameter> weight{{{0}, {1}}};
    Buffers buffers;
    for (int i = 0; i < 1000; ++i) sgd_step(weight, {.learning_rate = 0.01, .momentum = momentum}, buffers);
    return weight[0].value[0];
  };
  return distance(0.9) / distance(0);  // nearly 1 / (1 - 0.9): momentum multiplies the learning rate
  // END SOLUTION
}

// Measure with adam_step.
double question3() {
  // BEGIN SOLUTION question3
  std::vector<Parameter> weight{{{0}, {1}}};
  AdamState state;
  adam_step(weight, {}, state);
  return state.first[0][0] / std::sqrt(state.second[0][0]);  // 0.1 / sqrt(0.001): too long, not too short
  // END SOLUTION
}

}  // namespace lab2
