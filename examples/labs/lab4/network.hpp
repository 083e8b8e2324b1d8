// Given: a small network as data. A list of layers with plain vectors; each names the layers that it reads.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lab4 {

/// Numbers of a given shape, row by row (the last index moves fastest), with what Adam keeps for each of
/// them.
struct Parameter {
  std::vector<std::int64_t> shape;
  std::vector<float> value;
  std::vector<float> m, v;  // Adam's moments: the means of the gradient and of its square; as many as values
  std::vector<float> grad;  // train_step() sets its size and its values; leave it alone
};

enum class Kind { conv, linear, batch_norm, relu, pool, flatten, add };

struct Layer {
  Kind kind;
  std::string name;
  // The layers that it reads, by number; -1 is the image. An addition has two, every other layer one.
  std::vector<int> inputs;

  // conv: 3 x 3, stride 1, padding 1. weight (outputs, inputs, 3, 3), bias (outputs)
  // linear: weight (outputs, inputs), bias (outputs)
  // batch_norm: weight (channels), bias (channels)
  Parameter weight, bias;
  std::vector<float> mean, variance;  // batch_norm: running statistics (channels), used outside of training

  // relu: max(x, 0).  pool: the mean of 2 x 2 pixels.  flatten: (channels, h, w) becomes channels * h * w
  // inputs of a linear layer: pixel p of channel c is number c * h * w + p.  add: the sum of two layers of
  // the same shape.
};

struct Network {
  std::int64_t channels, height, width;  // of the image
  std::vector<Layer> layers;             // each reads only earlier ones; the last is the output
  std::int64_t steps = 0;                // of Adam, so far
};

/// What a layer puts out for one image.
struct Size {
  std::int64_t channels, height, width;
  std::int64_t count() const { return channels * height * width; }
  bool operator==(const Size&) const = default;
};

/// Of every layer. Throws std::runtime_error if a weight's shape does not fit the layer before, or the number
/// of values not the shape. Moments are not looked at.
std::vector<Size> sizes(const Network& net);

/// The network's outputs (images, classes) for images (images, channels, height, width), as after training.
std::vector<float> forward(const Network& net, std::span<const float> images);

/// One step of Adam with softmax cross-entropy; BatchNorm uses the batch's statistics and updates its own.
/// Returns the loss before the step.
double train_step(Network& net, std::span<const float> images, std::span<const int> labels,
                  float rate = 1e-2F);

/// Multiply-accumulates of convolutions and linear layers for one image; and all values of weights and
/// biases.
std::int64_t macs(const Network& net);
std::int64_t parameters(const Network& net);

/// Builds networks with random weights (equal seeds, equal networks). Each call appends a layer that reads
/// `input` and returns its number.
class Builder {
 public:
  Builder(std::int64_t channels, std::int64_t height, std::int64_t width, std::uint64_t seed);
  int conv(int input, std::int64_t outputs);
  int linear(int input, std::int64_t outputs);
  int batch_norm(int input);
  int relu(int input) { return append(Kind::relu, "relu", {input}); }
  int pool(int input) { return append(Kind::pool, "pool", {input}); }
  int flatten(int input) { return append(Kind::flatten, "flatten", {input}); }
  int add(int a, int b) { return append(Kind::add, "add", {a, b}); }
  const Network& network() const { return net_; }

 private:
  int append(Kind kind, const std::string& name, std::vector<int> inputs);
  Parameter random(std::vector<std::int64_t> shape, float low, float high);
  Size size_of(int layer) const;

  Network net_;
  std::uint64_t seed_;
};

/// A chain as VGG is one: six convolutions of 16, 16, 32, 32, 64, 64 channels, each with BatchNorm and ReLU,
/// a pool after every second; flatten; a linear layer of 64, ReLU, and one of 10. For images of 1 x 16 x 16.
Network vgg();

/// A residual network: a convolution of 16 channels, then three blocks x +
/// batch_norm(conv(relu(batch_norm(conv(x))))), each with a ReLU; pool, flatten, linear of 10. For images of
/// 1 x 8 x 8.
Network resnet();

}  // namespace lab4
