// Tensor: a handle on a dense, row-major float32 array and, where gradients flow, on its place in the
// recorded computation. Copying a Tensor copies the handle; clone() copies the numbers. What is declared here
// about gradients is defined in autograd/, view() in ops/shape.cpp.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <span>
#include <vector>

#include <tinynn/core/buffer.hpp>
#include <tinynn/core/shape.hpp>

namespace tinynn {

namespace autograd {
struct Node;
}

namespace detail {

// What a Tensor points to. Several may share one buffer (reshape, detach).
struct TensorImpl {
  TensorImpl(Shape s, Buffer b) : shape(s), buffer(std::move(b)) {}
  TensorImpl(const TensorImpl&) = delete;
  TensorImpl& operator=(const TensorImpl&) = delete;
  virtual ~TensorImpl();  // autograd/node.cpp: releases the recorded graph without recursion

  Shape shape;
  Buffer buffer;
  int64_t version = 0;     // of a parameter: grows when its value is written or cut; 0 for anything else
  bool read_only = false;  // shares the numbers of a parameter, whose mask it must not break
  bool requires_grad = false;
  bool is_packed_grad = false;           // an autograd::PackedGrad
  std::shared_ptr<TensorImpl> grad;      // of a leaf: accumulated by backward()
  std::shared_ptr<autograd::Node> node;  // the operation that made this tensor; none for a leaf
};

}  // namespace detail

class Tensor {
 public:
  /// An undefined tensor, as a gradient is before the first backward().
  Tensor() = default;
  /// Uninitialised elements.
  explicit Tensor(const Shape& shape);
  explicit Tensor(std::shared_ptr<detail::TensorImpl> impl) : impl_(std::move(impl)) {}
  /// Of these elements, as many as the shape has.
  Tensor(const Shape& shape, Buffer elements);

  bool defined() const { return impl_ != nullptr; }
  const Shape& shape() const { return impl().shape; }
  int64_t size(int64_t dim) const { return shape()[dim]; }
  int64_t rank() const { return shape().rank(); }
  int64_t numel() const { return shape().numel(); }

  const float* data() const { return impl().buffer.data(); }
  /// Throws Error for a parameter and what shares its numbers: Parameter::update() writes those, so that the
  /// mask holds.
  float* mutable_data();
  std::span<const float> values() const { return {data(), static_cast<size_t>(numel())}; }
  std::vector<float> to_vector() const { return {values().begin(), values().end()}; }
  /// The only element. Throws Error if there is not exactly one. torch.Tensor.item.
  double item() const;

  /// A copy of the numbers, without history.
  Tensor clone() const;
  /// The same numbers (shared), without history.
  Tensor detach() const { return detach_as(shape()); }
  /// The same in another shape of as many elements.
  Tensor detach_as(const Shape& shape) const;
  /// The same numbers in another shape of as many elements, of which one may be -1: reshape(), recorded.
  /// Throws Error if the counts differ. torch.Tensor.view.
  Tensor view(std::initializer_list<int64_t> sizes) const;
  /// Takes over the shape and the numbers of another tensor, in place: whatever holds this one's handle sees
  /// them. For buffers, which copies of a module share; parameters have adopt(). torch.Tensor.set_.
  void set_data(const Tensor& other) const;

  bool requires_grad() const { return defined() && (impl_->requires_grad || impl_->node); }
  /// Asks for (or stops) a gradient of this leaf. Throws Error for the result of an operation.
  Tensor& set_requires_grad(bool on = true);
  /// The gradient accumulated by backward(); undefined before.
  Tensor grad() const;
  void zero_grad() { impl().grad = nullptr; }
  /// Adds d(this)/d(leaf) to the gradient of every leaf that this scalar was computed from, then frees the
  /// recorded computation unless `retain_graph` (torch.Tensor.backward). No second-order gradients.
  void backward(bool retain_graph = false) const;
  /// The same for a tensor of any shape, given the gradient of some scalar with respect to it.
  void backward(const Tensor& grad, bool retain_graph = false) const;

  const std::shared_ptr<detail::TensorImpl>& handle() const { return impl_; }

 protected:
  detail::TensorImpl& impl() const;  // throws Error if undefined

 private:
  std::shared_ptr<detail::TensorImpl> impl_;
};

Tensor zeros(const Shape& shape);
Tensor ones(const Shape& shape);
Tensor full(const Shape& shape, double value);
/// A tensor of these values, row by row. Throws Error if their number does not fit the shape.
Tensor tensor(std::span<const float> values, const Shape& shape);
Tensor tensor(std::initializer_list<float> values, const Shape& shape);
Tensor tensor(std::initializer_list<float> values);
/// Uniform in [low, high), from the default generator.
Tensor rand(const Shape& shape, double low = 0, double high = 1);
/// Normal, from the default generator.
Tensor randn(const Shape& shape, double mean = 0, double std = 1);

/// As PyTorch prints it, with four digits, and elided where there are more than 1000 elements; whether it has
/// a gradient is left out. The same in every locale.
std::ostream& operator<<(std::ostream& out, const Tensor& tensor);

/// Elements that are not zero. torch.count_nonzero.
int64_t count_nonzero(const Tensor& x);

}  // namespace tinynn
