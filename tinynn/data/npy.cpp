#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>

#include <tinynn/core/error.hpp>
#include <tinynn/data/npy.hpp>
#include <tinynn/data/printable.hpp>

namespace tinynn::data {
namespace {

template <class T>
double number_at(const uint8_t* from) {
  T number;
  std::memcpy(&number, from, sizeof number);
  return static_cast<double>(number);
}

// The header, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }", bit by bit.
class NpyHeader {
 public:
  NpyHeader(std::string_view text, const std::string& name) : left_(text), name_(name) {}

  void read(NpyArray& array) {
    bool descr = false, order = false, shape = false;
    expect('{');
    while (!takes('}')) {
      const std::string_view key = text();
      expect(':');
      if (key == "descr") {
        read_kind(array), descr = true;
      } else if (key == "fortran_order") {
        check(!takes_word("True"), name_, ": its array is in Fortran's order, expected C's");
        check(takes_word("False"), name_, ": header: fortran_order is neither True nor False"), order = true;
      } else if (key == "shape") {
        read_shape(array), shape = true;
      } else {
        fail(name_, ": header: unknown key \"", printable(key), '"');
      }
      if (!takes(',')) expect('}', true);
    }
    check(descr && order && shape, name_, ": header: expected descr, fortran_order and shape");
  }

 private:
  void skip_spaces() {
    while (!left_.empty() && (left_[0] == ' ' || left_[0] == '\n')) left_.remove_prefix(1);
  }
  bool takes(char wanted) {
    skip_spaces();
    if (!left_.starts_with(wanted)) return false;
    left_.remove_prefix(1);
    return true;
  }
  bool takes_word(std::string_view wanted) {
    skip_spaces();
    if (!left_.starts_with(wanted)) return false;
    left_.remove_prefix(wanted.size());
    return true;
  }
  void expect(char wanted, bool stays = false) {
    skip_spaces();
    check(left_.starts_with(wanted), name_, ": header: found \"", printable(left_.substr(0, 20)),
          "\", expected ", wanted);
    if (!stays) left_.remove_prefix(1);
  }
  std::string_view text() {
    skip_spaces();
    const char quote = left_.empty() ? ' ' : left_[0];
    const size_t end = quote == '\'' || quote == '"' ? left_.find(quote, 1) : std::string_view::npos;
    check(end != std::string_view::npos, name_, ": header: found \"", printable(left_.substr(0, 20)),
          "\", expected a text in quotes");
    const std::string_view result = left_.substr(1, end - 1);
    left_.remove_prefix(end + 1);
    return result;
  }

  void read_kind(NpyArray& array) {
    const std::string_view descr = text();
    const std::string_view kinds[] = {"|u1", "|b1", "|i1", "<u2", "<u4", "<u8",
                                      "<i2", "<i4", "<i8", "<f4", "<f8"};
    check(std::ranges::find(kinds, descr) != std::end(kinds), name_, ": numbers of type \"", printable(descr),
          "\", expected |u1, |b1, |i1, <u2, <u4, <u8, <i2, <i4, <i8, <f4 or <f8");
    array.kind = descr[1], array.item_size = descr[2] - '0';
  }

  void read_shape(NpyArray& array) {
    constexpr int64_t most = int64_t{1} << 40;
    constexpr size_t most_dimensions = 8;
    expect('(');
    while (!takes(')')) {
      skip_spaces();
      int64_t size = -1;
      const auto [end, error] = std::from_chars(left_.data(), left_.data() + left_.size(), size);
      check(error == std::errc() && size >= 0 && size <= most && array.shape.size() < most_dimensions, name_,
            ": header: the shape has \"", printable(left_.substr(0, 20)), "\", expected up to ",
            most_dimensions, " sizes");
      left_.remove_prefix(static_cast<size_t>(end - left_.data()));
      array.shape.push_back(size);
      if (!takes(',')) expect(')', true);
    }
  }

  std::string_view left_;
  const std::string& name_;
};

}  // namespace

double NpyArray::operator[](int64_t i) const {
  const uint8_t* const from = bytes.data() + i * item_size;
  if (kind == 'f') return item_size == 4 ? number_at<float>(from) : number_at<double>(from);
  if (kind == 'i') {
    return item_size == 1   ? number_at<int8_t>(from)
           : item_size == 2 ? number_at<int16_t>(from)
           : item_size == 4 ? number_at<int32_t>(from)
                            : number_at<int64_t>(from);
  }
  return item_size == 1   ? *from
         : item_size == 2 ? number_at<uint16_t>(from)
         : item_size == 4 ? number_at<uint32_t>(from)
                          : number_at<uint64_t>(from);
}

NpyArray parse_npy(std::vector<uint8_t> file, const std::string& name) {
  constexpr std::string_view magic = "\x93NUMPY";
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  check(text.starts_with(magic) && file.size() >= 8, name, ": no NumPy array: it begins otherwise");
  const int version = file[6];
  check(version >= 1 && version <= 3, name, ": version ", version, " of NumPy's format, expected 1 to 3");
  const size_t length_bytes = version == 1 ? 2 : 4, begin = 8 + length_bytes;
  check(file.size() >= begin, name, ": file ends inside the header");
  size_t length = 0;
  for (size_t i = length_bytes; i-- > 0;) length = length << 8 | file[8 + i];
  check(length <= file.size() - begin, name, ": file ends inside the header of ", length, " bytes");
  NpyArray array;
  NpyHeader(text.substr(begin, length), name).read(array);
  const auto found = static_cast<int64_t>(file.size() - begin - length);
  const bool empty = std::ranges::find(array.shape, 0) != array.shape.end();
  int64_t expected = empty ? 0 : array.item_size;
  for (const int64_t size : array.shape) {
    if (empty) break;
    // A size is below 2^40, and so is what is in the file: the product cannot overflow before it is too
    // large.
    check(expected <= found / size, name, ": ", found, " bytes of numbers, expected more for its shape");
    expected *= size;
  }
  check(found == expected, name, ": ", found, " bytes of numbers, expected ", expected, " for its shape");
  file.erase(file.begin(), file.begin() + static_cast<int64_t>(begin + length));
  array.bytes = std::move(file);
  return array;
}

}  // namespace tinynn::data
