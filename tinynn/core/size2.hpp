// What PyTorch takes as one number or several: sizes along the rows and the columns of an image, and what is
// added on its sides. They convert from the numbers, so that {.stride = 2} and {.stride = {2, 1}} both do.
#pragma once

#include <cstdint>
#include <ostream>

namespace tinynn {

struct Size2 {
  int64_t h, w;
  constexpr Size2(int64_t both = 0) : Size2(both, both) {}  // NOLINT: meant to convert
  constexpr Size2(int64_t rows, int64_t columns) : h(rows), w(columns) {}
  bool operator==(const Size2&) const = default;
};

struct Padding2d {
  int64_t top, bottom, left, right;
  constexpr Padding2d(int64_t all = 0) : Padding2d(all, all) {}  // NOLINT: meant to convert
  constexpr Padding2d(int64_t rows, int64_t columns) : Padding2d(rows, rows, columns, columns) {}
  constexpr Padding2d(int64_t t, int64_t b, int64_t l, int64_t r) : top(t), bottom(b), left(l), right(r) {}
  bool operator==(const Padding2d&) const = default;
  int64_t h() const { return top + bottom; }
  int64_t w() const { return left + right; }
};

inline bool at_least(const Size2& size, int64_t least) { return size.h >= least && size.w >= least; }
inline bool at_least(const Padding2d& p, int64_t least) {
  return p.top >= least && p.bottom >= least && p.left >= least && p.right >= least;
}

/// Windows on images move by no more, and are no larger; so nothing that is computed from them overflows.
constexpr int64_t most_pixels = int64_t{1} << 24;
inline bool at_most(const Size2& size, int64_t most) { return size.h <= most && size.w <= most; }
inline bool at_most(const Padding2d& p, int64_t most) {
  return p.top <= most && p.bottom <= most && p.left <= most && p.right <= most;
}

/// "2" if both are the same, else "{2, 1}".
inline std::ostream& operator<<(std::ostream& out, const Size2& size) {
  if (size.h == size.w) return out << size.h;
  return out << '{' << size.h << ", " << size.w << '}';
}
inline std::ostream& operator<<(std::ostream& out, const Padding2d& p) {
  if (p == Padding2d(p.top)) return out << p.top;
  if (p == Padding2d(p.top, p.left)) return out << '{' << p.top << ", " << p.left << '}';
  return out << '{' << p.top << ", " << p.bottom << ", " << p.left << ", " << p.right << '}';
}

}  // namespace tinynn
