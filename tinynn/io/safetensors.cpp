#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include <tinynn/core/error.hpp>
#include <tinynn/io/safetensors_header.hpp>

namespace tinynn::io {
namespace {

float from_half(uint16_t half) {
  const uint32_t sign = (half & 0x8000U) << 16, exponent = (half >> 10) & 31U, fraction = half & 0x3ffU;
  if (exponent == 0) return (sign ? -0x1p-24F : 0x1p-24F) * static_cast<float>(fraction);
  const uint32_t biased = exponent == 31 ? 255 : exponent + 112;
  return std::bit_cast<float>(sign | biased << 23 | fraction << 13);
}

// The elements, stored as Stored, each as a float32.
template <class Stored, class Convert>
Tensor converted(const StoredTensor& from, Convert convert) {
  Tensor result(from.shape);
  float* to = result.mutable_data();
  for (int64_t i = 0; i < result.numel(); ++i) {
    Stored stored;
    std::memcpy(&stored, from.bytes.data() + i * int64_t{sizeof(Stored)}, sizeof(Stored));
    to[i] = convert(stored);
  }
  return result;
}

// In the order of Dtype.
constexpr std::array<std::string_view, 15> dtype_names{"BOOL", "U8",  "I8",  "F8_E5M2", "F8_E4M3",
                                                       "U16",  "I16", "F16", "BF16",    "U32",
                                                       "I32",  "F32", "U64", "I64",     "F64"};
constexpr std::array<int64_t, 15> dtype_sizes{1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 8, 8, 8};

}  // namespace

std::string_view dtype_name(Dtype dtype) { return dtype_names.at(static_cast<size_t>(dtype)); }
int64_t dtype_bytes(Dtype dtype) { return dtype_sizes.at(static_cast<size_t>(dtype)); }

std::optional<Dtype> dtype_named(std::string_view name) {
  const auto found = std::ranges::find(dtype_names, name);
  if (found == dtype_names.end()) return {};
  return static_cast<Dtype>(found - dtype_names.begin());
}

const StoredTensor* SafetensorsFile::find(std::string_view tensor_name) const {
  const auto found = std::ranges::find(tensors, tensor_name, &StoredTensor::name);
  return found == tensors.end() ? nullptr : &*found;
}

Tensor SafetensorsFile::tensor(std::string_view tensor_name) const {
  const StoredTensor* stored = find(tensor_name);
  check(stored != nullptr, name, ": no tensor ", detail::in_quotes(tensor_name));
  detail::check_bytes(*stored, name);
  switch (stored->dtype) {
    case Dtype::f32: return converted<float>(*stored, [](float x) { return x; });
    case Dtype::f64: return converted<double>(*stored, [](double x) { return static_cast<float>(x); });
    case Dtype::f16: return converted<uint16_t>(*stored, from_half);
    case Dtype::bf16:
      return converted<uint16_t>(*stored, [](uint16_t x) { return std::bit_cast<float>(uint32_t{x} << 16); });
    default: break;
  }
  fail(name, ": tensor ", detail::in_quotes(tensor_name), " has type ", dtype_name(stored->dtype),
       ", expected F32, F64, F16 or BF16");
}

void SafetensorsFile::add(std::string tensor_name, const Tensor& value) {
  const auto bytes = std::as_bytes(value.values());
  tensors.push_back({std::move(tensor_name), Dtype::f32, value.shape(), {bytes.begin(), bytes.end()}});
}

void detail::check_bytes(const StoredTensor& tensor, const std::string& context) {
  check(static_cast<int64_t>(tensor.bytes.size()) == tensor.shape.numel() * dtype_bytes(tensor.dtype),
        context, ": tensor ", in_quotes(tensor.name), " has ", tensor.bytes.size(),
        " bytes, which do not fill ", dtype_name(tensor.dtype), " ", tensor.shape);
}

}  // namespace tinynn::io
