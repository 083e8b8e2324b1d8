#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <fstream>
#include <functional>
#include <memory>
#include <new>
#include <system_error>

#include <tinynn/core/error.hpp>
#include <tinynn/io/safetensors_header.hpp>

static_assert(std::endian::native == std::endian::little, "numbers are copied to and from files as they are");

namespace tinynn::io {
namespace {

// Hands over the file's next bytes, as many as asked for.
using Read = std::function<void(std::span<std::byte>)>;

struct Source {
  int64_t bytes = 0;  // in the whole file
  Read read;
};

Source open_file(const std::filesystem::path& path) {
  const auto cannot_read = [&](const std::string& reason) {
    fail("cannot read ", path.string(), ": ", reason);
  };
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (error) cannot_read(error.message());
  if (is_directory(status)) cannot_read(std::make_error_code(std::errc::is_a_directory).message());
  if (!is_regular_file(status)) cannot_read("not an ordinary file");
  auto in = std::make_shared<std::ifstream>(path, std::ios::binary);
  if (!*in) cannot_read(std::generic_category().message(errno));
  const auto bytes = std::filesystem::file_size(path, error);
  if (error) cannot_read(error.message());
  return {static_cast<int64_t>(bytes), [in, path](std::span<std::byte> to) {
            in->read(reinterpret_cast<char*>(to.data()), static_cast<std::streamsize>(to.size()));
            check(!in->fail(), "cannot read ", path.string(), ": it ended early");
          }};
}

detail::Header read_header(const Source& source, const std::string& name) {
  check(source.bytes >= 8, name, ": ", source.bytes, " bytes, a safetensors file has at least 8");
  std::array<std::byte, 8> bytes{};
  source.read(bytes);
  const auto length = std::bit_cast<uint64_t>(bytes);
  check(length <= detail::max_header_bytes, name, ": a header of ", length, " bytes, at most ",
        detail::max_header_bytes, " are allowed");
  const int64_t data_bytes = source.bytes - 8 - static_cast<int64_t>(length);
  check(data_bytes >= 0, name, ": a header of ", length, " bytes in a file of ", source.bytes);
  std::string json(length, ' ');
  source.read(std::as_writable_bytes(std::span(json)));
  return detail::parse_header(json, data_bytes, name);
}

SafetensorsFile read_all(const Source& source, const std::string& name) {
  try {
    detail::Header header = read_header(source, name);
    SafetensorsFile result{name, std::move(header.metadata), {}};
    for (auto& [tensor_name, dtype, shape, begin, end] : header.tensors) {
      std::vector<std::byte> bytes(static_cast<size_t>(end - begin));
      source.read(bytes);
      result.tensors.push_back({std::move(tensor_name), dtype, shape, std::move(bytes)});
    }
    return result;
  } catch (const std::bad_alloc&) {
    fail("cannot read ", name, ": not enough memory");
  }
}

}  // namespace

SafetensorsFile read_safetensors(const std::filesystem::path& path) {
  return read_all(open_file(path), path.string());
}

Metadata read_metadata(const std::filesystem::path& path) {
  return read_header(open_file(path), path.string()).metadata;
}

SafetensorsFile parse_safetensors(std::span<const std::byte> bytes, const std::string& name) {
  const auto read = [rest = bytes](std::span<std::byte> to) mutable {
    std::ranges::copy(rest.first(to.size()), to.begin());
    rest = rest.subspan(to.size());
  };
  return read_all({static_cast<int64_t>(bytes.size()), read}, name);
}

}  // namespace tinynn::io
