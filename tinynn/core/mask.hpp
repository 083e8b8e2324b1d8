// Mask: which elements of a weight are alive. One byte an element in memory (files pack it to bits), in the
// shape of the weight. A default-made Mask is undefined and stands for "all alive" at no cost.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <tinynn/core/shape.hpp>
#include <tinynn/core/tensor.hpp>

namespace tinynn {

class Mask {
 public:
  Mask() = default;
  explicit Mask(const Shape& shape, bool alive = true);
  /// Alive where the tensor is not zero, as the comparisons give it: Mask(abs(w) > 0.1).
  explicit Mask(const Tensor& tensor);

  bool defined() const { return !alive_.empty(); }
  const Shape& shape() const { return shape_; }
  const uint8_t* data() const { return alive_.data(); }
  bool operator[](int64_t i) const { return alive_[static_cast<size_t>(i)] != 0; }
  void set(int64_t i, bool alive) { alive_[static_cast<size_t>(i)] = alive; }
  int64_t count_alive() const;

  /// Alive where both are. Throws Error if the shapes differ.
  Mask& operator&=(const Mask& other);
  bool operator==(const Mask& other) const = default;

  /// 1 where alive, 0 elsewhere.
  Tensor to_tensor() const;
  /// Sets the dead elements of `values` to zero by selection, so that NaN and infinity go too.
  void select(float* values) const;

 private:
  Shape shape_;
  std::vector<uint8_t> alive_;
};

/// As PyTorch prints a tensor of bool.
std::ostream& operator<<(std::ostream& out, const Mask& mask);

}  // namespace tinynn
