#include <tinynn/core/error.hpp>
#include <tinynn/nn/sequential.hpp>

namespace tinynn::nn {

Module& Sequential::operator[](int64_t i) const {
  check(i >= 0 && i < size(), "Sequential: no module ", i, " among ", size());
  return *entries_[i];
}

Sequential::Entry Sequential::replace(int64_t i, Entry entry) {
  check(i >= 0 && i < size(), "Sequential: no module ", i, " among ", size());
  return std::exchange(entries_[i], std::move(entry));
}

void Sequential::members(Visitor& v) {
  for (int64_t i = 0; i < size(); ++i) v(std::to_string(i), (*this)[i]);
}

Tensor Sequential::forward(const Tensor& x) {
  Tensor y = x;
  for (const Entry& entry : entries_) y = (*entry)(y);
  return y;
}

}  // namespace tinynn::nn
