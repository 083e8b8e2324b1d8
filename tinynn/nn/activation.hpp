// Activations as layers, for use in Sequential.
#pragma once

#include <tinynn/nn/module.hpp>
#include <tinynn/ops/activation.hpp>

namespace tinynn::nn {

/// torch.nn.Identity
struct Identity : Module {
  Tensor forward(const Tensor& x) override { return x; }
};

/// torch.nn.ReLU
struct ReLU : Module {
  Tensor forward(const Tensor& x) override { return relu(x); }
};

/// torch.nn.LeakyReLU
struct LeakyReLU : Module {
  explicit LeakyReLU(double slope = 0.01) : negative_slope(slope) {}
  Tensor forward(const Tensor& x) override { return leaky_relu(x, negative_slope); }

  double negative_slope;
};

/// torch.nn.Sigmoid
struct Sigmoid : Module {
  Tensor forward(const Tensor& x) override { return sigmoid(x); }
};

/// torch.nn.Tanh
struct Tanh : Module {
  Tensor forward(const Tensor& x) override { return tanh(x); }
};

/// torch.nn.SiLU
struct SiLU : Module {
  Tensor forward(const Tensor& x) override { return silu(x); }
};

/// torch.nn.GELU
struct GELU : Module {
  explicit GELU(GeluFormula f = GeluFormula::exact) : formula(f) {}
  Tensor forward(const Tensor& x) override { return gelu(x, formula); }

  GeluFormula formula;
};

/// torch.nn.ReLU6
struct ReLU6 : Module {
  Tensor forward(const Tensor& x) override { return relu6(x); }
};

/// torch.nn.Hardsigmoid
struct Hardsigmoid : Module {
  Tensor forward(const Tensor& x) override { return hardsigmoid(x); }
};

/// torch.nn.Hardswish
struct Hardswish : Module {
  Tensor forward(const Tensor& x) override { return hardswish(x); }
};

/// torch.nn.ELU
struct ELU : Module {
  explicit ELU(double a = 1) : alpha(a) {}
  Tensor forward(const Tensor& x) override { return elu(x, alpha); }

  double alpha;
};

/// torch.nn.Softmax, whose dimension must be given, too.
struct Softmax : Module {
  explicit Softmax(int64_t d) : dim(d) {}
  Tensor forward(const Tensor& x) override { return softmax(x, dim); }

  int64_t dim;
};

/// torch.nn.LogSoftmax
struct LogSoftmax : Module {
  explicit LogSoftmax(int64_t d) : dim(d) {}
  Tensor forward(const Tensor& x) override { return log_softmax(x, dim); }

  int64_t dim;
};

}  // namespace tinynn::nn
