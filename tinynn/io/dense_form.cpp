#include <algorithm>
#include <sstream>

#include <tinynn/core/error.hpp>
#include <tinynn/io/one_line.hpp>
#include <tinynn/io/stored_forms.hpp>

namespace tinynn::io::detail {

std::vector<StoredTensor> store_dense(const std::string& name, const Parameter& parameter) {
  const auto bytes = std::as_bytes(parameter.values());
  std::vector<StoredTensor> result{{name, Dtype::f32, parameter.shape(), {bytes.begin(), bytes.end()}}};
  const Mask& mask = parameter.mask();
  if (!mask.defined()) return result;
  std::vector<uint8_t> bits(static_cast<size_t>((parameter.numel() + 7) / 8));
  for (int64_t i = 0; i < parameter.numel(); ++i) {
    if (mask[i]) bits[i / 8] |= static_cast<uint8_t>(1 << (i % 8));
  }
  result.push_back(stored_tensor(name + mask_suffix, Dtype::u8, bits));
  return result;
}

std::pair<Tensor, Mask> read_dense(const SafetensorsFile& file, const StoredTensor& stored,
                                   const StoredTensor* stored_mask, const Shape& expected) {
  const Shape& shape = stored.shape;
  check_fits(file, stored.name, {shape.begin(), shape.end()}, expected);
  const Tensor value = file.tensor(stored.name);
  if (stored_mask == nullptr) return {value, Mask()};
  const auto bits = u8_elements(file, *stored_mask, (shape.numel() + 7) / 8);
  const auto wrong = [&](const auto&... parts) {
    fail(file.name, ": tensor ", in_quotes(stored_mask->name), ' ', parts...);
  };
  const auto bit = [&](int64_t i) { return (bits[i / 8] >> (i % 8) & 1) != 0; };
  for (int64_t i = shape.numel(); i < 8 * std::ssize(bits); ++i) {
    if (bit(i)) wrong("has a bit set after its last element");
  }
  Mask mask(shape);
  for (int64_t i = 0; i < shape.numel(); ++i) {
    const float x = value.data()[i];
    if (!bit(i) && x != 0) wrong("says that element ", i, " is dead, but its value is ", x);
    mask.set(i, bit(i));
  }
  return {value, mask};
}

void check_fits(const SafetensorsFile& file, const std::string& name, std::span<const int64_t> sizes,
                const Shape& expected) {
  const auto fits = [](int64_t size, int64_t most) { return size == most || (size > 0 && size < most); };
  if (std::ranges::equal(sizes, expected, fits)) return;
  TextStream found;
  for (size_t d = 0; d < sizes.size(); ++d) found << (d ? ", " : "") << sizes[d];
  fail(file.name, ": tensor ", in_quotes(name), " has shape (", found.str(), "), the module expects ",
       expected);
}

std::vector<uint8_t> u8_elements(const SafetensorsFile& file, const StoredTensor& tensor, int64_t count) {
  const std::string context = file.name + ": tensor " + in_quotes(tensor.name);
  check(tensor.dtype == Dtype::u8, context, " has type ", dtype_name(tensor.dtype), ", expected U8");
  check(tensor.shape == Shape{count}, context, " has shape ", tensor.shape, ", expected ", Shape{count});
  check_bytes(tensor, file.name);
  return elements<uint8_t>(tensor);
}

}  // namespace tinynn::io::detail
