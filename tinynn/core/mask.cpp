#include <algorithm>

#include <tinynn/core/error.hpp>
#include <tinynn/core/mask.hpp>
#include <tinynn/core/parallel.hpp>

namespace tinynn {

Mask::Mask(const Shape& shape, bool alive)
    : shape_(shape), alive_(static_cast<size_t>(shape.numel()), static_cast<uint8_t>(alive)) {}

Mask::Mask(const Tensor& tensor) : Mask(tensor.shape()) {
  std::ranges::transform(tensor.values(), alive_.begin(), [](float x) { return uint8_t{x != 0}; });
}

int64_t Mask::count_alive() const { return std::ranges::count(alive_, 1); }

Mask& Mask::operator&=(const Mask& other) {
  check(shape_ == other.shape_, "mask: cannot combine shapes ", shape_, " and ", other.shape_);
  std::ranges::transform(alive_, other.alive_, alive_.begin(),
                         [](uint8_t a, uint8_t b) { return static_cast<uint8_t>(a & b); });
  return *this;
}

Tensor Mask::to_tensor() const {
  Tensor tensor(shape_);
  std::ranges::copy(alive_, tensor.mutable_data());
  return tensor;
}

void Mask::select(float* values) const {
  const uint8_t* alive = alive_.data();
  parallel_for(shape_.numel(), 1 << 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) values[i] = alive[i] ? values[i] : 0.0F;
  });
}

}  // namespace tinynn
