// A model, as far as training has to know it, and the one of this lab: LeNet-300-100. Given.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lab2 {

/// A tensor that is trained. `gradient` is as long as `value`: the derivative of the loss with respect
/// to each of its elements.
struct Parameter {
  std::vector<float> value, gradient;
};

class Model {
 public:
  virtual ~Model() = default;

  /// The logits of a batch, one row of `classes` floats for each image. `images` holds them one after
  /// another.
  virtual std::vector<float> forward(std::span<const float> images) = 0;

  /// Takes the gradient of the loss with respect to the logits of the latest forward(). *Adds* the gradient
  /// with respect to every parameter to what its `gradient` holds already (as in PyTorch).
  virtual void backward(std::span<const float> logits_gradient) = 0;

  virtual std::span<Parameter> parameters() = 0;
};

/// Linear layers with ReLU between them: sizes {784, 300, 100, 10} are LeNet-300-100 (LeCun et al., 1998).
class Mlp : public Model {
 public:
  /// Weights are uniform in +-sqrt(6 / inputs) (He et al., 2015), biases zero. One seed, one model.
  Mlp(std::vector<std::int64_t> sizes, std::uint64_t seed);

  std::vector<float> forward(std::span<const float> images) override;
  void backward(std::span<const float> logits_gradient) override;
  std::span<Parameter> parameters() override { return parameters_; }

 private:
  std::vector<std::int64_t> sizes_;
  std::vector<Parameter> parameters_;  // weight, bias, weight, bias ...; a weight is inputs x outputs
  std::vector<std::vector<float>> activations_;  // what each layer was given in the latest forward()
};

}  // namespace lab2
