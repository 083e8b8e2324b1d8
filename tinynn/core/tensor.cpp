#include <algorithm>
#include <cmath>

#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/core/tensor.hpp>

namespace tinynn {

Tensor::Tensor(const Shape& shape)
    : impl_(std::make_shared<detail::TensorImpl>(shape, Buffer(shape.numel()))) {}

detail::TensorImpl& Tensor::impl() const {
  check(impl_ != nullptr, "undefined tensor: it was never given a value");
  return *impl_;
}

float* Tensor::mutable_data() {
  check(impl().version == 0 && !impl().read_only,
        "mutable_data: these are the numbers of a parameter; write it with update() or assign(), which keep "
        "its mask");
  return impl().buffer.data();
}

double Tensor::item() const {
  check(numel() == 1, "item: expected one element, got shape ", shape());
  return data()[0];
}

Tensor Tensor::clone() const {
  Tensor copy(shape());
  std::copy_n(data(), numel(), copy.mutable_data());
  return copy;
}

void Tensor::set_data(const Tensor& other) const {
  impl().shape = other.shape();
  impl().buffer = other.impl().buffer;
}

Tensor::Tensor(const Shape& shape, Buffer elements)
    : Tensor(std::make_shared<detail::TensorImpl>(shape, std::move(elements))) {}

Tensor Tensor::detach_as(const Shape& shape) const {
  check(shape.numel() == numel(), "detach_as: ", this->shape(), " has ", numel(), " elements, ", shape,
        " has ", shape.numel());
  auto same = std::make_shared<detail::TensorImpl>(shape, impl().buffer);
  same->read_only = impl().read_only || impl().version > 0;
  return Tensor(std::move(same));
}

Tensor zeros(const Shape& shape) { return full(shape, 0); }
Tensor ones(const Shape& shape) { return full(shape, 1); }

Tensor full(const Shape& shape, double value) {
  Tensor result(shape);
  std::fill_n(result.mutable_data(), result.numel(), static_cast<float>(value));
  return result;
}

Tensor tensor(std::span<const float> values, const Shape& shape) {
  check(static_cast<int64_t>(values.size()) == shape.numel(), "tensor: ", values.size(),
        " values do not fill shape ", shape);
  Tensor result(shape);
  std::ranges::copy(values, result.mutable_data());
  return result;
}

Tensor tensor(std::initializer_list<float> values, const Shape& shape) {
  return tensor(std::span(values.begin(), values.size()), shape);
}

Tensor tensor(std::initializer_list<float> values) {
  return tensor(values, Shape{static_cast<int64_t>(values.size())});
}

namespace {

template <class Draw>
Tensor random_tensor(const Shape& shape, const Draw& draw) {
  Tensor result(shape);
  float* out = result.mutable_data();
  parallel_for(result.numel(), 1 << 14, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) out[i] = static_cast<float>(draw(static_cast<uint64_t>(i)));
  });
  return result;
}

}  // namespace

Tensor rand(const Shape& shape, double low, double high) {
  const auto stream = next_random_stream();
  // Rounding to float would reach `high` once in some 30 million draws.
  const double last = std::nextafter(static_cast<float>(high), static_cast<float>(low));
  return random_tensor(shape,
                       [&](uint64_t i) { return std::min(low + (high - low) * stream.uniform(i), last); });
}

Tensor randn(const Shape& shape, double mean, double std) {
  const auto stream = next_random_stream();
  return random_tensor(shape, [&](uint64_t i) { return mean + std * stream.normal(i); });
}

int64_t count_nonzero(const Tensor& x) { return x.numel() - std::ranges::count(x.values(), 0.0F); }

}  // namespace tinynn
