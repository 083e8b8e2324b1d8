// Reader of NumPy's arrays (numpy.lib.format, versions 1 to 3): a magic number, a header in Python's
// notation, the numbers. Taken are booleans, integers and floating-point numbers, little-endian, in C order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tinynn::data {

struct NpyArray {
  std::vector<int64_t> shape;
  char kind = 'u';        // b: boolean, u: unsigned, i: integer, f: floating point
  int64_t item_size = 1;  // bytes of a number
  std::vector<uint8_t> bytes;

  int64_t count() const { return static_cast<int64_t>(bytes.size()) / item_size; }
  /// Number i; 64-bit integers to the precision of a double.
  double operator[](int64_t i) const;
  bool are_bytes() const { return kind == 'u' && item_size == 1; }
  bool are_integers() const { return kind != 'f'; }
};

/// The array in the content of a .npy file, whose name is for messages. Throws Error, with one line, if it is
/// none, is of another kind of number or order, or longer or shorter than its shape says.
NpyArray parse_npy(std::vector<uint8_t> file, const std::string& name);

}  // namespace tinynn::data
