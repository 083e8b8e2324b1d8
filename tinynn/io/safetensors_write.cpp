#include <array>
#include <bit>
#include <set>

#include <tinynn/core/error.hpp>
#include <tinynn/io/atomic_file.hpp>
#include <tinynn/io/json.hpp>
#include <tinynn/io/safetensors_header.hpp>

namespace tinynn::io {
namespace {

// The header with its padding; errors begin with `context`.
std::string print_header(const SafetensorsFile& file, const std::string& context) {
  const auto printed = [&](const Json& value) {
    try {
      return value.text();
    } catch (const JsonError&) {
      fail(context, ": a name or a text in the metadata is not UTF-8");
    }
  };
  std::string json = "{";
  const auto entry = [&](const std::string& name, const std::string& value) {
    json += (json.size() > 1 ? "," : "") + printed(name) + ':' + value;
  };
  Json metadata = Json::object();
  for (const auto& [key, value] : file.metadata) metadata.set(key, value);
  if (!file.metadata.empty()) entry("__metadata__", printed(metadata));
  std::set<std::string_view> names{"__metadata__"};
  int64_t begin = 0;
  for (const StoredTensor& tensor : file.tensors) {
    check(names.insert(tensor.name).second, context, ": the name ", detail::in_quotes(tensor.name),
          " appears twice");
    detail::check_bytes(tensor, context);
    const int64_t end = begin + static_cast<int64_t>(tensor.bytes.size());
    const Json fields{{"dtype", dtype_name(tensor.dtype)},
                      {"shape", std::vector<int64_t>(tensor.shape.begin(), tensor.shape.end())},
                      {"data_offsets", std::vector{begin, end}}};
    entry(tensor.name, printed(fields));
    begin = end;
  }
  json += '}';
  json.append((8 - json.size() % 8) % 8, ' ');
  check(json.size() <= size_t{detail::max_header_bytes}, context, ": its header would have ", json.size(),
        " bytes, at most ", detail::max_header_bytes, " are allowed");
  return json;
}

}  // namespace

int64_t safetensors_bytes(const SafetensorsFile& file) {
  auto bytes = static_cast<int64_t>(8 + print_header(file, file.name).size());
  for (const StoredTensor& tensor : file.tensors) bytes += static_cast<int64_t>(tensor.bytes.size());
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
