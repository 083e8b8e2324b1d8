// The JSON header of a safetensors file (safetensors.hpp): reading it with every check that the format
// allows, and printing it. Not for users of tinynn.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tinynn/io/safetensors.hpp>

namespace tinynn::io::detail {

constexpr int64_t max_header_bytes = 100'000'000;  // as in the reference implementation

struct HeaderTensor {
  std::string name;
  Dtype dtype = Dtype::f32;
  Shape shape;
  int64_t begin = 0, end = 0;  // bytes, from the end of the header
};

struct Header {
  Metadata metadata;
  std::vector<HeaderTensor> tensors;  // in the order of their bytes, which they cover without gap or overlap
};

/// Reads a header that `data_bytes` bytes of tensors follow. Throws Error, beginning with the name of the
/// file, if there is anything wrong with it.
Header parse_header(std::string_view json, int64_t data_bytes, const std::string& file);

/// Throws Error, beginning with `context`, if the tensor's bytes do not fill its shape.
void check_bytes(const StoredTensor& tensor, const std::string& context);

/// Text from a file within quotation marks, for a message: one line, and not too long.
std::string in_quotes(std::string_view text);
/// Text without control characters, and cut, between characters, where it gets longer than `limit` bytes.
std::string one_line(std::string_view text, size_t limit);

}  // namespace tinynn::io::detail
