#include <algorithm>
#include <array>
#include <bit>

#include <tinynn/core/error.hpp>
#include <tinynn/io/atomic_file.hpp>
#include <tinynn/io/json.hpp>
#include <tinynn/io/one_line.hpp>
#include <tinynn/io/safetensors.hpp>

namespace tinynn::io {
namespace {

using detail::in_quotes;

constexpr struct {
  std::string_view name;
  int64_t bytes;
} dtypes[] = {{"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1},
              {"U16", 2},  {"I16", 2}, {"F16", 2}, {"BF16", 2},    {"U32", 4},
              {"I32", 4},  {"F32", 4}, {"U64", 8}, {"I64", 8},     {"F64", 8}};  // in the order of Dtype

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
  std::ranges::transform(elements<Stored>(from), result.mutable_data(), convert);
  return result;
}

// The header with its padding; errors begin with `context`.
std::string print_header(const SafetensorsFile& file, const std::string& context) {
  Json header = Json::object(), metadata = Json::object();
  for (const auto& [key, value] : file.metadata) metadata.set(key, value);
  if (!file.metadata.empty()) header.set("__metadata__", metadata);
  int64_t begin = 0;
  for (const StoredTensor& tensor : file.tensors) {
    check(tensor.name != "__metadata__" && !header.contains(tensor.name), context, ": the name ",
          in_quotes(tensor.name), " appears twice");
    detail::check_bytes(tensor, context);
    const int64_t end = begin + std::ssize(tensor.bytes);
    header.set(tensor.name, {{"dtype", dtype_name(tensor.dtype)},
                             {"shape", std::vector<int64_t>(tensor.shape.begin(), tensor.shape.end())},
                             {"data_offsets", std::vector{begin, end}}});
    begin = end;
  }
  try {
    std::string json = header.text();
    json.append((8 - json.size() % 8) % 8, ' ');
    check(json.size() <= detail::max_header_bytes, context, ": its header would have ", json.size(),
          " bytes, at most ", detail::max_header_bytes, " are allowed");
    return json;
  } catch (const JsonError&) {
    fail(context, ": a name or a text in the metadata is not UTF-8");
  }
}

}  // namespace

std::string_view dtype_name(Dtype dtype) { return dtypes[static_cast<size_t>(dtype)].name; }
int64_t dtype_bytes(Dtype dtype) { return dtypes[static_cast<size_t>(dtype)].bytes; }

std::optional<Dtype> dtype_named(std::string_view name) {
  const auto found = std::ranges::find(dtypes, name, [](const auto& dtype) { return dtype.name; });
  return found == std::end(dtypes) ? std::optional<Dtype>() : static_cast<Dtype>(found - dtypes);
}

const StoredTensor* SafetensorsFile::find(std::string_view tensor_name) const {
  const auto found = std::ranges::find(tensors, tensor_name, &StoredTensor::name);
  return found == tensors.end() ? nullptr : &*found;
}

Tensor to_tensor(const StoredTensor& stored, const std::string& context) {
  detail::check_bytes(stored, context);
  switch (stored.dtype) {
    case Dtype::f32: return converted<float>(stored, [](float x) { return x; });
    case Dtype::f64: return converted<double>(stored, [](double x) { return static_cast<float>(x); });
    case Dtype::f16: return converted<uint16_t>(stored, from_half);
    case Dtype::bf16:
      return converted<uint16_t>(stored, [](uint16_t x) { return std::bit_cast<float>(uint32_t{x} << 16); });
    default:
      fail(context, ": tensor ", in_quotes(stored.name), " has type ", dtype_name(stored.dtype),
           ", expected F32, F64, F16 or BF16");
  }
}

Tensor SafetensorsFile::tensor(std::string_view tensor_name) const {
  const StoredTensor* stored = find(tensor_name);
  check(stored != nullptr, name, ": no tensor ", in_quotes(tensor_name));
  return to_tensor(*stored, name);
}

void SafetensorsFile::add(std::string tensor_name, const Tensor& value) {
  const auto bytes = std::as_bytes(value.values());
  tensors.push_back({std::move(tensor_name), Dtype::f32, value.shape(), {bytes.begin(), bytes.end()}});
}

void detail::check_bytes(const StoredTensor& tensor, const std::string& context) {
  check(std::ssize(tensor.bytes) == tensor.shape.numel() * dtype_bytes(tensor.dtype), context, ": tensor ",
        in_quotes(tensor.name), " has ", tensor.bytes.size(), " bytes, which do not fill ",
        dtype_name(tensor.dtype), " ", tensor.shape);
}

int64_t safetensors_bytes(const SafetensorsFile& file) {
  int64_t bytes = 8 + std::ssize(print_header(file, file.name));
  for (const StoredTensor& tensor : file.tensors) bytes += std::ssize(tensor.bytes);
  return bytes;
}

void write_safetensors(const SafetensorsFile& file, const std::filesystem::path& path) {
  const std::string header = print_header(file, "cannot write " + path.string());
  const auto length = std::bit_cast<std::array<std::byte, 8>>(uint64_t{header.size()});
  std::vector<std::span<const std::byte>> pieces{length, std::as_bytes(std::span(header))};
  for (const StoredTensor& tensor : file.tensors) pieces.emplace_back(tensor.bytes);
  write_file_atomically(path, pieces);
}

}  // namespace tinynn::io
