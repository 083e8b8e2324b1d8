#include <algorithm>
#include <functional>
#include <limits>
#include <set>

#include <tinynn/core/error.hpp>
#include <tinynn/io/json.hpp>
#include <tinynn/io/safetensors_header.hpp>

namespace tinynn::io::detail {
namespace {

bool is_control(unsigned char c) { return c < 0x20 || c == 0x7F; }
bool is_ascii(unsigned char c) { return c < 0x80; }
bool continues_a_character(unsigned char c) { return (c & 0xC0) == 0x80; }  // of UTF-8

// Receives the header's parts from the JSON parser, one call each, and lets through only what belongs there.
// Nothing that nests deeper than the format is accepted, so that the depth of a hostile file costs nothing.
class HeaderHandler final : public JsonHandler {
 public:
  explicit HeaderHandler(const std::string& file) : file_(file) {}

  Header take() { return std::move(header_); }

  void null() override { wrong("null"); }
  void boolean(bool value) override { wrong(value ? "true" : "false"); }
  void negative(int64_t value) override { wrong(std::to_string(value)); }
  void fraction(const std::string& text) override { wrong(one_line(text, 40)); }

  void whole(uint64_t value) override {
    if (place_ != Place::numbers || value > max_number) wrong(std::to_string(value));
    if (numbers_.size() == static_cast<size_t>(Shape::max_rank)) {
      fail(field(), ": more than ", Shape::max_rank, " numbers, at most that many are supported");
    }
    numbers_.push_back(static_cast<int64_t>(value));
  }

  void string(std::string value) override {
    if (place_ == Place::metadata) {
      header_.metadata[field_] = std::move(value);
    } else if (place_ == Place::tensor && field_ == "dtype") {
      const auto dtype = dtype_named(value);
      if (!dtype) fail(field(), ": unknown type ", in_quotes(value));
      header_.tensors.back().dtype = *dtype;
    } else {
      wrong(in_quotes(value));
    }
  }

  void start_object() override {
    if (place_ == Place::outside) {
      place_ = Place::header;
    } else if (place_ == Place::header) {
      place_ = name_ == "__metadata__" ? Place::metadata : Place::tensor;
      fields_.clear();
      if (place_ == Place::tensor) header_.tensors.emplace_back().name = name_;
    } else {
      wrong("an object");
    }
  }

  void key(std::string name) override {
    if (place_ == Place::header) {
      name_ = std::move(name);
      if (!names_.insert(name_).second) fail(file_, ": ", in_quotes(name_), " appears twice in the header");
      return;
    }
    field_ = std::move(name);
    const bool known = field_ == "dtype" || field_ == "shape" || field_ == "data_offsets";
    if (place_ == Place::tensor && !known) {
      fail(field(), ": unknown field, expected dtype, shape and data_offsets");
    }
    if (!fields_.insert(field_).second) fail(field(), " appears twice");
  }

  void end_object() override {
    if (place_ == Place::tensor) {
      for (const char* expected : {"dtype", "shape", "data_offsets"}) {
        if (!fields_.contains(expected)) fail(file_, ": tensor ", in_quotes(name_), " has no ", expected);
      }
    }
    place_ = place_ == Place::header ? Place::outside : Place::header;
  }

  void start_array() override {
    if (place_ != Place::tensor || field_ == "dtype") wrong("a list");
    place_ = Place::numbers;
    numbers_.clear();
  }

  void end_array() override {
    place_ = Place::tensor;
    field_ == "shape" ? take_shape() : take_offsets();
  }

  void syntax_error(const std::string& text) override {
    std::string reason = text;  // "[json.exception.parse_error.101] parse error at line 1 ..."
    reason.erase(0, reason.find("] ") + 2);
    std::ranges::replace_if(reason, std::not_fn(is_ascii), '?');  // perhaps the very bytes at fault
    fail(file_, ": the header is not JSON: ", one_line(reason, 200));
  }

 private:
  enum class Place { outside, header, metadata, tensor, numbers };
  static constexpr uint64_t max_number = std::numeric_limits<int64_t>::max() / 16;  // bytes of it still count

  std::string field() const {
    if (place_ == Place::metadata) return file_ + ": __metadata__ " + in_quotes(field_);
    return file_ + ": tensor " + in_quotes(name_) + ", field " + in_quotes(field_);
  }

  // Throws the error that `found` stands where something else belongs.
  [[noreturn]] void wrong(const std::string& found) const {
    const std::string but = ": found " + found + ", expected ";
    switch (place_) {
      case Place::outside: fail(file_, ": the header", but, "an object");
      case Place::header: fail(file_, ": ", in_quotes(name_), but, "an object");
      case Place::metadata: fail(field(), but, "text");
      case Place::numbers: fail(field(), but, "whole numbers from 0 to ", max_number);
      case Place::tensor: break;
    }
    fail(field(), but, field_ == "dtype" ? "the name of a type" : "a list of whole numbers");
  }

  void take_shape() {
    // Sizes of 0 are left out of this product: their neighbours must be sane too, for strides are made of
    // them.
    int64_t product = 1;
    for (int64_t size : numbers_) {
      if (size == 0) continue;
      if (size > static_cast<int64_t>(max_number) / product) fail(field(), ": too many elements");
      product *= size;
    }
    header_.tensors.back().shape = Shape(numbers_);
  }

  void take_offsets() {
    if (numbers_.size() != 2) fail(field(), ": found ", numbers_.size(), " numbers, expected 2");
    HeaderTensor& tensor = header_.tensors.back();
    tensor.begin = numbers_[0];
    tensor.end = numbers_[1];
  }

  const std::string& file_;
  Header header_;
  Place place_ = Place::outside;
  std::string name_, field_;  // the keys that were read last
  std::set<std::string, std::less<>> names_, fields_;
  std::vector<int64_t> numbers_;
};

// Sorts the tensors by their bytes and checks that these are those of the file, no more and no less.
void check_layout(std::vector<HeaderTensor>& tensors, int64_t data_bytes, const std::string& file) {
  std::ranges::stable_sort(tensors, {}, [](const auto& t) { return std::pair(t.begin, t.end); });
  int64_t expected_begin = 0;
  for (const HeaderTensor& t : tensors) {
    const auto wrong = [&](const auto&... what) {
      fail(file, ": tensor ", in_quotes(t.name), ", data_offsets [", t.begin, ", ", t.end, "]: ", what...);
    };
    if (t.begin > t.end) wrong("the end is before the beginning");
    if (t.end > data_bytes) wrong("outside the file, which has ", data_bytes, " bytes of data");
    const int64_t length = t.shape.numel() * dtype_bytes(t.dtype);
    if (t.end - t.begin != length) {
      wrong(t.end - t.begin, " bytes, expected ", length, " for ", dtype_name(t.dtype), " ", t.shape);
    }
    if (t.begin < expected_begin) wrong("overlaps the tensor before, which ends at ", expected_begin);
    if (t.begin > expected_begin) wrong("leaves a hole, expected to begin at ", expected_begin);
    expected_begin = t.end;
  }
  check(expected_begin == data_bytes, file, ": ", data_bytes, " bytes of data, expected ", expected_begin,
        ", where the last tensor ends");
}

}  // namespace

std::string one_line(std::string_view text, size_t limit) {
  size_t length = std::min(text.size(), limit);
  while (length < text.size() && length > 0 &&
         continues_a_character(static_cast<unsigned char>(text[length]))) {
    --length;
  }
  std::string result(text.substr(0, length));
  std::ranges::replace_if(result, is_control, '?');
  return length < text.size() ? result + "..." : result;
}

std::string in_quotes(std::string_view text) { return '"' + one_line(text, 100) + '"'; }

Header parse_header(std::string_view json, int64_t data_bytes, const std::string& file) {
  check(json.starts_with('{'), file, ": the header does not begin with '{'");
  // The JSON library takes a zero byte for the end of its input, whatever follows.
  check(json.find('\0') == json.npos, file, ": the header is not JSON: it holds a zero byte");
  HeaderHandler handler(file);
  read_json(json, handler);
  Header header = handler.take();
  check_layout(header.tensors, data_bytes, file);
  return header;
}

}  // namespace tinynn::io::detail
