// The safetensors format (github.com/huggingface/safetensors), in which PyTorch users exchange weights:
//   8 bytes   N, the length of the header, little-endian
//   N bytes   the header, a JSON object padded with spaces:
//             {"__metadata__": {"key": "text", ...},
//              "fc1.weight": {"dtype": "F32", "shape": [300, 784], "data_offsets": [0, 940800]}, ...}
//   the rest  the tensors' elements, row-major and little-endian, without gaps; offsets count from its start
// The reader trusts nothing: every length, offset and field is checked before it is used, and what is wrong
// becomes an Error of one line that names the file, the tensor, what was found and what was expected.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tinynn/core/tensor.hpp>

namespace tinynn::io {

using Metadata = std::map<std::string, std::string>;

/// Types of elements; the format calls them "BOOL", "U8" and so on.
enum class Dtype { boolean, u8, i8, f8_e5m2, f8_e4m3, u16, i16, f16, bf16, u32, i32, f32, u64, i64, f64 };

/// The format's name of a type: "F32".
std::string_view dtype_name(Dtype dtype);
/// The type of that name; none if the format has no such type.
std::optional<Dtype> dtype_named(std::string_view name);
/// Bytes of one element.
int64_t dtype_bytes(Dtype dtype);

/// A tensor as it stands in the file.
struct StoredTensor {
  std::string name;
  Dtype dtype = Dtype::f32;
  Shape shape;
  std::vector<std::byte> bytes;
};

/// A tensor of one dimension out of numbers of the type that `dtype` is of.
template <class T>
StoredTensor stored_tensor(const std::string& name, Dtype dtype, const std::vector<T>& numbers) {
  const auto bytes = std::as_bytes(std::span(numbers));
  return {name, dtype, Shape{static_cast<int64_t>(numbers.size())}, {bytes.begin(), bytes.end()}};
}
/// Its bytes as numbers of type T, which has to be that of the tensor.
template <class T>
std::vector<T> elements(const StoredTensor& stored) {
  std::vector<T> result(stored.bytes.size() / sizeof(T));
  if (!result.empty()) std::memcpy(result.data(), stored.bytes.data(), stored.bytes.size());
  return result;
}

/// A stored tensor's values, converted to float32 from F16, BF16 or F64. Throws Error, beginning with
/// `context`, if its type is none of these, or its bytes do not fill its shape.
Tensor to_tensor(const StoredTensor& stored, const std::string& context);

/// A whole file in memory.
struct SafetensorsFile {
  std::string name = "safetensors";  // what messages call the file; read_safetensors() puts its path here
  Metadata metadata;
  std::vector<StoredTensor> tensors;  // in the order of their bytes

  /// The tensor of that name, or nullptr.
  const StoredTensor* find(std::string_view tensor_name) const;
  /// to_tensor() of the one of that name. Throws Error if there is none, too.
  Tensor tensor(std::string_view tensor_name) const;
  /// Appends a tensor as F32.
  void add(std::string tensor_name, const Tensor& value);
};

/// Reads a file. Throws Error if it cannot be read or breaks the format.
SafetensorsFile read_safetensors(const std::filesystem::path& path);
/// Reads a file's metadata without its tensors, for a program that must know which model to build. Checks
/// the header as read_safetensors() does, and throws the same.
Metadata read_metadata(const std::filesystem::path& path);
/// The same as read_safetensors() for the bytes of a file; messages call it `name`.
SafetensorsFile parse_safetensors(std::span<const std::byte> bytes, const std::string& name = "safetensors");

/// Writes the tensors in their order, atomically (write_file_atomically). Equal content gives equal bytes.
/// Throws Error if a name appears twice or is "__metadata__", if text is not UTF-8, if a tensor's bytes do
/// not fill its shape, or if the file cannot be written.
void write_safetensors(const SafetensorsFile& file, const std::filesystem::path& path);

/// Bytes that the file has, or would have, on disk. Throws as write_safetensors() does for bad content.
int64_t safetensors_bytes(const SafetensorsFile& file);

namespace detail {
constexpr uint64_t max_header_bytes = 100'000'000;  // as in the reference implementation
/// Throws Error, beginning with `context`, if the tensor's bytes do not fill its shape.
void check_bytes(const StoredTensor& tensor, const std::string& context);
}  // namespace detail

}  // namespace tinynn::io
