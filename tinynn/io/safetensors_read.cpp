#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <fstream>
#include <functional>
#include <new>
#include <set>
#include <system_error>

#include <tinynn/core/error.hpp>
#include <tinynn/io/json.hpp>
#include <tinynn/io/one_line.hpp>
#include <tinynn/io/safetensors.hpp>

static_assert(std::endian::native == std::endian::little, "numbers are copied to and from files as they are");

namespace tinynn::io {
namespace {

using detail::in_quotes;
using detail::one_line;

struct Entry {
  StoredTensor tensor;
  int64_t begin = 0, end = 0;  // of its bytes, from the end of the header
};

// Takes the header's parts. What does not belong where it stands is refused at once, so that the depth of a
// hostile file costs nothing.
class HeaderReader {
 public:
  explicit HeaderReader(const std::string& file) : file_(file) {}
  Metadata metadata;
  std::vector<Entry> entries;

  void take(JsonPart part) {
    if (part.kind == '!') {
      const auto is_ascii = [](unsigned char c) { return c < 0x80; };
      std::string reason = part.text.substr(part.text.find("] ") + 2);  // behind "[json.exception...]"
      std::ranges::replace_if(reason, std::not_fn(is_ascii), '?');      // perhaps the very bytes at fault
      fail(file_, ": the header is not JSON: ", one_line(reason, 200));
    }
    if (part.kind == 'k') return take_key(std::move(part.text));
    if (part.kind == '}' || part.kind == ']') return close(part.kind);
    check_expected(part);
    if (part.kind == 'n') {
      check(std::ssize(numbers_) < Shape::max_rank, where(), ": more than ", Shape::max_rank,
            " numbers, at most that many are supported");
      numbers_.push_back(static_cast<int64_t>(part.number));
    } else if (part.kind == 's' && is_metadata()) {
      metadata[path_[1]] = std::move(part.text);
    } else if (part.kind == 's') {
      const auto dtype = dtype_named(part.text);
      check(dtype.has_value(), where(), ": unknown type ", in_quotes(part.text));
      entries.back().tensor.dtype = *dtype;
    } else {
      if (++depth_ == 2 && !is_metadata()) entries.emplace_back().tensor.name = path_[0];
      numbers_.clear();
    }
  }

 private:
  static constexpr uint64_t max_number = 576'460'752'303'423'487;  // 2^59 - 1: bytes of it still count

  bool is_metadata() const { return path_[0] == "__metadata__"; }

  // The place that the keys read last lead to.
  std::string where() const {
    if (path_.size() == 1) return file_ + ": " + in_quotes(path_[0]);
    const std::string in = is_metadata() ? ": __metadata__ " : ": tensor " + in_quotes(path_[0]) + ", field ";
    return file_ + in + in_quotes(path_[1]);
  }

  void take_key(std::string key) {
    path_.resize(static_cast<size_t>(depth_));
    path_.back() = std::move(key);
    const bool is_field = depth_ == 2 && !is_metadata();
    check(!is_field || path_[1] == "dtype" || path_[1] == "shape" || path_[1] == "data_offsets", where(),
          ": unknown field, expected dtype, shape and data_offsets");
    check(seen_.insert(path_).second, where(), " appears twice", depth_ == 1 ? " in the header" : "");
  }

  void check_expected(const JsonPart& part) const {
    const auto [kind, words] = depth_ < 2      ? std::pair('{', "an object")
                               : depth_ == 3   ? std::pair('n', "whole numbers from 0 to 576460752303423487")
                               : is_metadata() ? std::pair('s', "text")
                               : path_[1] == "dtype" ? std::pair('s', "the name of a type")
                                                     : std::pair('[', "a list of whole numbers");
    if (part.kind == kind && part.number <= max_number) return;
    const std::string found = part.kind == 's' ? in_quotes(part.text) : one_line(part.text, 40);
    fail(where(), ": found ", found, ", expected ", words);
  }

  void close(char kind) {
    if (depth_-- == 2 && !is_metadata()) {
      for (const char* field : {"dtype", "shape", "data_offsets"})
        check(seen_.contains({path_[0], field}), file_, ": tensor ", in_quotes(path_[0]), " has no ", field);
    }
    if (kind == '}') return;
    Entry& entry = entries.back();
    if (path_[1] == "data_offsets") {
      check(numbers_.size() == 2, where(), ": found ", numbers_.size(), " numbers, expected 2");
      entry.begin = numbers_[0];
      entry.end = numbers_[1];
      return;
    }
    // Without sizes of 0: their neighbours must be sane too, for strides are made of them.
    int64_t product = 1;
    for (int64_t size : numbers_) {
      check(size <= static_cast<int64_t>(max_number) / product, where(), ": too many elements");
      product *= std::max<int64_t>(size, 1);
    }
    entry.tensor.shape = Shape(numbers_);
  }

  const std::string& file_;
  int64_t depth_ = 0;              // of the brackets that are open: header, tensor or metadata, list
  std::vector<std::string> path_;  // the keys that were read last
  std::set<std::vector<std::string>> seen_;
  std::vector<int64_t> numbers_;
};

// Sorts the tensors by their bytes and checks that these are those of the file, no more and no less.
void check_layout(std::vector<Entry>& entries, int64_t data_bytes, const std::string& file) {
  std::ranges::stable_sort(entries, {}, [](const Entry& e) { return std::pair(e.begin, e.end); });
  int64_t expected_begin = 0;
  for (const auto& [tensor, begin, end] : entries) {
    const auto require = [&, &t = tensor, from = begin, to = end](bool holds, const auto&... what) {
      check(holds, file, ": tensor ", in_quotes(t.name), ", data_offsets [", from, ", ", to, "]: ", what...);
    };
    const int64_t length = tensor.shape.numel() * dtype_bytes(tensor.dtype);
    require(begin <= end, "the end is before the beginning");
    require(end <= data_bytes, "outside the file, which has ", data_bytes, " bytes of data");
    require(end - begin == length, end - begin, " bytes, expected ", length, " for ",
            dtype_name(tensor.dtype), " ", tensor.shape);
    require(begin >= expected_begin, "overlaps the tensor before, which ends at ", expected_begin);
    require(begin <= expected_begin, "leaves a hole, expected to begin at ", expected_begin);
    expected_begin = end;
  }
  check(expected_begin == data_bytes, file, ": ", data_bytes, " bytes of data, expected ", expected_begin,
        ", where the last tensor ends");
}

// Without tensors, only their entries in the header are read and checked.
SafetensorsFile read_all(std::istream& in, int64_t file_bytes, const std::string& name,
                         bool with_tensors) try {
  const auto read = [&](std::span<std::byte> to) {
    in.read(reinterpret_cast<char*>(to.data()), std::ssize(to));
    check(!in.fail(), "cannot read ", name, ": it ended early");
  };
  check(file_bytes >= 8, name, ": ", file_bytes, " bytes, a safetensors file has at least 8");
  std::array<std::byte, 8> bytes{};
  read(bytes);
  const auto length = std::bit_cast<uint64_t>(bytes);
  check(length <= detail::max_header_bytes, name, ": a header of ", length, " bytes, at most ",
        detail::max_header_bytes, " are allowed");
  const int64_t data_bytes = file_bytes - 8 - static_cast<int64_t>(length);
  check(data_bytes >= 0, name, ": a header of ", length, " bytes in a file of ", file_bytes);
  std::string json(length, ' ');
  read(std::as_writable_bytes(std::span(json)));
  check(json.starts_with('{'), name, ": the header does not begin with '{'");
  // The JSON library takes a zero byte for the end of its input, whatever follows.
  check(json.find('\0') == std::string::npos, name, ": the header is not JSON: it holds a zero byte");
  HeaderReader header(name);
  read_json(json, [&](JsonPart part) { header.take(std::move(part)); });
  check_layout(header.entries, data_bytes, name);
  SafetensorsFile result{name, std::move(header.metadata), {}};
  for (auto& [tensor, begin, end] : header.entries) {
    if (!with_tensors) break;
    tensor.bytes.resize(static_cast<size_t>(end - begin));
    read(tensor.bytes);
    result.tensors.push_back(std::move(tensor));
  }
  return result;
} catch (const std::bad_alloc&) {
  fail("cannot read ", name, ": not enough memory");
}

SafetensorsFile read_file(const std::filesystem::path& path, bool with_tensors) {
  const auto require = [&](bool holds, const std::string& reason) {
    check(holds, "cannot read ", path.string(), ": ", reason);
  };
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  require(error != std::errc::not_supported, "not an ordinary file");
  require(!error, error.message());
  std::ifstream in(path, std::ios::binary);
  require(in.is_open(), std::generic_category().message(errno));
  return read_all(in, static_cast<int64_t>(bytes), path.string(), with_tensors);
}

}  // namespace

SafetensorsFile read_safetensors(const std::filesystem::path& path) { return read_file(path, true); }
Metadata read_metadata(const std::filesystem::path& path) { return read_file(path, false).metadata; }

SafetensorsFile parse_safetensors(std::span<const std::byte> bytes, const std::string& name) {
  struct Memory : std::streambuf {
    explicit Memory(std::span<const std::byte> of) {
      char* begin = const_cast<char*>(reinterpret_cast<const char*>(of.data()));
      setg(begin, begin, begin + of.size());
    }
  } memory(bytes);
  std::istream in(&memory);
  return read_all(in, std::ssize(bytes), name, true);
}

}  // namespace tinynn::io
