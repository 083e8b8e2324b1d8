#include "tests/fuzz/mutate.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <cstring>

namespace fuzz {
namespace {

using test::Draw;

constexpr std::array<uint64_t, 18> extremes{0,
                                            1,
                                            0x7F,
                                            0x80,
                                            0xFF,
                                            0x7FFF,
                                            0x8000,
                                            0xFFFF,
                                            1 << 24,
                                            0x1000001,
                                            0x7FFFFFFF,
                                            0x80000000,
                                            0xFFFFFFFF,
                                            0x100000000,
                                            0x7FFFFFFFFFFFFFFF,
                                            0x8000000000000000,
                                            0xFFFFFFFFFFFFFFFE,
                                            0xFFFFFFFFFFFFFFFF};

constexpr std::array texts{"0",
                           "1",
                           "-1",
                           "2",
                           "255",
                           "256",
                           "16777216",
                           "16777217",
                           "1048576",
                           "2147483647",
                           "4294967296",
                           "1073741824",
                           "-2147483649",
                           "1e9",
                           "1e999",
                           "0.5",
                           "true",
                           "null",
                           "[]",
                           "{}",
                           "\"relu\"",
                           "[[[[",
                           "[1,1,1,1]",
                           "9223372036854775807",
                           "9223372036854775808",
                           "18446744073709551615",
                           "576460752303423487"};

size_t place(const Bytes& in, Draw& draw) {
  return static_cast<size_t>(draw.between(0, static_cast<int64_t>(in.size()) - 1));
}

// Mostly a few bytes, rarely many.
size_t length(size_t most, Draw& draw) {
  const int64_t limit = draw.chance(0.2) ? 1000 : 8;
  return static_cast<size_t>(std::min(draw.between(1, limit), static_cast<int64_t>(most)));
}

void put_extreme(Bytes& file, Draw& draw) {
  const auto size = size_t{1} << draw.between(0, 3);
  if (file.size() < size) return;
  uint64_t number = extremes[draw.between(0, std::ssize(extremes) - 1)];
  if (draw.coin()) number = __builtin_bswap64(number) >> (64 - 8 * size);
  const size_t at = std::min(place(file, draw), file.size() - size);
  std::memcpy(file.data() + at, &number, size);
}

// The number or word at some place, or behind it, becomes another.
void put_text(Bytes& file, Draw& draw) {
  const auto is_part = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.';
  };
  const auto begin =
      std::find_if(file.begin() + static_cast<int64_t>(place(file, draw)), file.end(), is_part);
  const auto end = std::find_if_not(begin, file.end(), is_part);
  if (begin != end) file.replace(begin, end, texts[draw.between(0, std::ssize(texts) - 1)]);
}

void damage(Bytes& file, const Bytes& other, Draw& draw) {
  const size_t at = place(file, draw), size = length(file.size() - at, draw);
  switch (draw.between(0, 9)) {
    case 0: file[at] = static_cast<char>(file[at] ^ (1 << draw.between(0, 7))); break;
    case 1: file[at] = static_cast<char>(draw.between(0, 255)); break;
    case 2: file.resize(at); break;
    case 3: file.erase(at, size); break;
    case 4: file.insert(place(file, draw), file.substr(at, size)); break;
    case 5:
      if (!other.empty()) {
        const size_t from = place(other, draw);
        file.replace(at, size, other.substr(from, length(other.size() - from, draw)));
      }
      break;
    case 6:
      std::fill_n(file.begin() + static_cast<int64_t>(at), size, static_cast<char>(draw.coin() ? 0xFF : 0));
      break;
    case 7: put_extreme(file, draw); break;
    default: put_text(file, draw);
  }
}

struct HeaderAndData {
  Bytes header, data;
};
// All of it is data if it is too short for its header.
HeaderAndData parts_of(const Bytes& file) {
  uint64_t length = 0;
  if (file.size() < 8) return {"", file};
  std::memcpy(&length, file.data(), 8);
  if (length > file.size() - 8) return {"", file.substr(8)};
  return {file.substr(8, length), file.substr(8 + length)};
}

}  // namespace

Bytes damaged(const Bytes& file, const Bytes& other, Draw& draw) {
  Bytes result = file;
  for (int64_t left = draw.between(1, 4); left > 0 && !result.empty(); --left) damage(result, other, draw);
  return result;
}

Bytes damaged_safetensors(const Bytes& file, const Bytes& other, Draw& draw) {
  if (draw.chance(0.1)) return damaged(file, other, draw);
  HeaderAndData parts = parts_of(file);
  const HeaderAndData of_other = parts_of(other);
  const bool in_data = !parts.data.empty() && draw.chance(0.4);
  Bytes& part = in_data ? parts.data : parts.header;
  const size_t size = part.size();
  part = damaged(part, in_data ? of_other.data : of_other.header, draw);
  if (in_data && draw.chance(0.8)) part.resize(size);  // or the header would notice
  Bytes result(8, '\0');
  const uint64_t length = parts.header.size();
  std::memcpy(result.data(), &length, 8);
  return result + parts.header + parts.data;
}

}  // namespace fuzz
