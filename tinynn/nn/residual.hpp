// Residual: y = body(x) + shortcut(x), a block of He et al., "Deep residual learning", 2016. An empty
// shortcut is x itself.
#pragma once

#include <utility>

#include <tinynn/nn/sequential.hpp>
#include <tinynn/ops/arithmetic.hpp>

namespace tinynn::nn {

class Residual : public Module {
 public:
  explicit Residual(Sequential b, Sequential s = Sequential()) : body(std::move(b)), shortcut(std::move(s)) {}

  /// The body's parts have its numbers: "0", "1", ...
  void members(Visitor& v) override {
    body.members(v);
    if (shortcut.size() > 0) v("shortcut", shortcut);
  }
  /// Throws Error if body and shortcut give different shapes.
  Tensor forward(const Tensor& x) override {
    const Tensor y = body(x), z = shortcut(x);
    check(y.shape() == z.shape(), "Residual: the body gives ", y.shape(), ", the shortcut ", z.shape());
    return y + z;
  }

  Sequential body, shortcut;
};

}  // namespace tinynn::nn
