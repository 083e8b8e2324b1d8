// Operations without parameters as layers, for use in Sequential: activations, pooling, dropout, flatten.
#pragma once

#include <array>
#include <type_traits>

#include <tinynn/core/error.hpp>
#include <tinynn/nn/module.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/dropout.hpp>
#include <tinynn/ops/pad.hpp>
#include <tinynn/ops/pool.hpp>
#include <tinynn/ops/shape.hpp>

namespace tinynn::nn {

/// torch.nn.Identity
struct Identity : Module {
  Tensor forward(const Tensor& x) override { return x; }
};

/// An operation that has no settings.
template <Tensor (*operation)(const Tensor&)>
struct Plain : Module {
  Tensor forward(const Tensor& x) override { return operation(x); }
};

// As in torch.nn.
struct ReLU : Plain<relu> {};
struct Sigmoid : Plain<sigmoid> {};
struct Tanh : Plain<tanh> {};
struct SiLU : Plain<silu> {};
struct ReLU6 : Plain<relu6> {};
struct Hardsigmoid : Plain<hardsigmoid> {};
struct Hardswish : Plain<hardswish> {};

/// torch.nn.LeakyReLU
struct LeakyReLU : Module {
  explicit LeakyReLU(double slope = 0.01) : negative_slope(slope) {}
  Tensor forward(const Tensor& x) override { return leaky_relu(x, negative_slope); }

  double negative_slope;
};

/// torch.nn.GELU
struct GELU : Module {
  explicit GELU(GeluFormula f = GeluFormula::exact) : formula(f) {}
  Tensor forward(const Tensor& x) override { return gelu(x, formula); }

  GeluFormula formula;
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

/// Dropout (Srivastava et al. 2014): in training, zeroes each element with probability p and scales the
/// others by 1 / (1 - p); in evaluation the identity. Throws Error unless 0 <= p <= 1. torch.nn.Dropout.
struct Dropout : Module {
  explicit Dropout(double probability = 0.5) : p(probability) {
    check(p >= 0 && p <= 1, "Dropout: the probability ", p, " is not between 0 and 1");
  }
  Tensor forward(const Tensor& x) override { return dropout(x, p, is_training()); }

  double p;
};

/// (n, c, h, w) to (n, c*h*w). torch.nn.Flatten.
struct Flatten : Module {
  Tensor forward(const Tensor& x) override { return flatten(x); }
};

/// torch.nn.ConstantPad2d, whose order of the sides is another, and ZeroPad2d.
struct ConstantPad2d : Module {
  ConstantPad2d(const Padding2d& p, double v) : padding(p), value(v) {}
  Tensor forward(const Tensor& x) override {
    return pad(x, {padding.left, padding.right, padding.top, padding.bottom}, value);
  }

  Padding2d padding;
  double value;
};
struct ZeroPad2d : ConstantPad2d {
  explicit ZeroPad2d(const Padding2d& p) : ConstantPad2d(p, 0) {}
};

/// The same at the ends of sequences. torch.nn.ConstantPad1d
struct ConstantPad1d : Module {
  ConstantPad1d(int64_t l, int64_t r, double v) : left(l), right(r), value(v) {}
  Tensor forward(const Tensor& x) override { return pad(x, {left, right}, value); }

  int64_t left, right;
  double value;
};

/// torch.nn.Upsample(mode = "nearest") with whole numbers.
struct Upsample : Module {
  explicit Upsample(const Size2& s) : scale(s) {}
  Tensor forward(const Tensor& x) override { return upsample_nearest(x, scale); }

  Size2 scale;
};

/// A dimension of size 1 more, as torch.unsqueeze inserts it.
struct Unsqueeze : Module {
  explicit Unsqueeze(int64_t d) : dim(d) {}
  Tensor forward(const Tensor& x) override { return unsqueeze(x, dim); }

  int64_t dim;
};

/// What pooling by windows has in common.
template <class Size, class Options, Tensor (*pool)(const Tensor&, Size, const Options&)>
class Pool : public Module {
 public:
  explicit Pool(Size kernel, const Options& options = {}) : kernel_(kernel), options_(options) {}
  Tensor forward(const Tensor& x) override { return pool(x, kernel_, options_); }

 private:
  std::remove_cvref_t<Size> kernel_;
  Options options_;
};

/// torch.nn.MaxPool1d
struct MaxPool1d : Pool<int64_t, Pool1dOptions, max_pool1d> {
  using Pool::Pool;
};

/// torch.nn.AvgPool1d
struct AvgPool1d : Pool<int64_t, AvgPool1dOptions, avg_pool1d> {
  using Pool::Pool;
};

/// torch.nn.AdaptiveAvgPool1d
struct AdaptiveAvgPool1d : Module {
  explicit AdaptiveAvgPool1d(int64_t s) : size(s) {}
  Tensor forward(const Tensor& x) override { return adaptive_avg_pool1d(x, size); }

  int64_t size;
};

/// torch.nn.MaxPool2d
struct MaxPool2d : Pool<const Size2&, Pool2dOptions, max_pool2d> {
  using Pool::Pool;
};

/// torch.nn.AvgPool2d
struct AvgPool2d : Pool<const Size2&, AvgPool2dOptions, avg_pool2d> {
  using Pool::Pool;
};

/// What pooling to a given size has in common.
template <Tensor (*pool)(const Tensor&, const std::array<int64_t, 2>&)>
class AdaptivePool2d : public Module {
 public:
  explicit AdaptivePool2d(int64_t size) : AdaptivePool2d(size, size) {}
  AdaptivePool2d(int64_t oh, int64_t ow) : size_{oh, ow} {}
  Tensor forward(const Tensor& x) override { return pool(x, size_); }

 private:
  std::array<int64_t, 2> size_;
};

/// torch.nn.AdaptiveAvgPool2d
struct AdaptiveAvgPool2d : AdaptivePool2d<adaptive_avg_pool2d> {
  using AdaptivePool2d::AdaptivePool2d;
};

/// torch.nn.AdaptiveMaxPool2d
struct AdaptiveMaxPool2d : AdaptivePool2d<adaptive_max_pool2d> {
  using AdaptivePool2d::AdaptivePool2d;
};

}  // namespace tinynn::nn
