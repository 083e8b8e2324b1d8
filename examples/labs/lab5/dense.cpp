// A matrix product as BLAS libraries are built (Goto and van de Geijn, "Anatomy of high-performance matrix
// multiplication", 2008), small: a tile of the result, 6 rows by 16 columns, stays in registers while the
// terms of its sums go by, and what the tile reads is packed first, in the order in which it is read.
#include "dense.hpp"

#include <algorithm>
#include <cstring>

#include "vector.hpp"

namespace lab5 {
namespace {

using std::int64_t;

constexpr int64_t tile_rows = 6, tile_columns = 16;
constexpr int64_t block =
    256;  // terms; a packed strip of so many (16 kB) fits into the first cache with what it meets

// A matrix that is read but not owned: element (i, j) is data[i * row_step + j * column_step], so that its
// transpose is the same numbers with the steps swapped.
struct View {
  const float* data;
  int64_t row_step, column_step;
  const float* at(int64_t i, int64_t j) const { return data + i * row_step + j * column_step; }
};

// to[t][i] = from(i, t) for `terms` and a tile's `width` rows, of which `used` are there; the others become
// zero.
void pack(const View& from, int64_t used, int64_t width, int64_t terms, float* to) {
  for (int64_t t = 0; t < terms; ++t, to += width) {
    for (int64_t i = 0; i < used; ++i) to[i] = *from.at(i, t);
    std::fill(to + used, to + width, 0.0F);
  }
}

// tile[i][j] = the sum over t of a[t][i] * b[t][j]. All of the sums stay in vector registers: 12 of
// AVX2's 16.
void tile_of(int64_t terms, const float* a, const float* b, float (&tile)[tile_rows][tile_columns]) {
  Vector sum[tile_rows][2] = {};
  for (int64_t t = 0; t < terms; ++t, a += tile_rows, b += tile_columns) {
    const Vector left = load(b), right = load(b + 8);
#pragma GCC unroll 6
    for (int64_t i = 0; i < tile_rows; ++i) {
      sum[i][0] += a[i] * left;
      sum[i][1] += a[i] * right;
    }
  }
  std::memcpy(tile, sum, sizeof tile);
}

// c (rows, columns) += a (rows, terms) b (terms, columns)
void multiply_add(int64_t rows, int64_t columns, int64_t terms, const View& a, const View& b, float* c) {
  const int64_t strips = (columns + tile_columns - 1) / tile_columns;
  std::vector<float> packed_a(static_cast<std::size_t>(tile_rows * block));
  std::vector<float> packed_b(static_cast<std::size_t>(strips * tile_columns * block));
  for (int64_t t = 0; t < terms; t += block) {
    const int64_t n = std::min(block, terms - t);
    for (int64_t strip = 0; strip < strips; ++strip) {
      const int64_t j = strip * tile_columns;
      pack({b.at(t, j), b.column_step, b.row_step}, std::min(tile_columns, columns - j), tile_columns, n,
           packed_b.data() + j * n);
    }
    for (int64_t i = 0; i < rows; i += tile_rows) {
      const int64_t high = std::min(tile_rows, rows - i);
      pack({a.at(i, t), a.row_step, a.column_step}, high, tile_rows, n, packed_a.data());
      for (int64_t j = 0; j < columns; j += tile_columns) {
        float tile[tile_rows][tile_columns];
        tile_of(n, packed_a.data(), packed_b.data() + j * n, tile);
        const int64_t wide = std::min(tile_columns, columns - j);
        for (int64_t r = 0; r < high; ++r) {
          float* to = c + (i + r) * columns + j;
          for (int64_t k = 0; k < wide; ++k) to[k] += tile[r][k];
        }
      }
    }
  }
}

}  // namespace

void dense_forward(std::span<const float> weight, int64_t rows, int64_t columns, std::span<const float> bias,
                   std::span<const float> x, int64_t batch, std::span<float> y) {
  for (int64_t r = 0; r < rows; ++r)
    std::fill_n(y.data() + r * batch, batch, bias[static_cast<std::size_t>(r)]);
  multiply_add(rows, batch, columns, {weight.data(), columns, 1}, {x.data(), batch, 1}, y.data());
}

void dense_backward_input(std::span<const float> weight, int64_t rows, int64_t columns,
                          std::span<const float> dy, int64_t batch, std::span<float> dx) {
  std::fill(dx.begin(), dx.end(), 0.0F);
  multiply_add(columns, batch, rows, {weight.data(), 1, columns}, {dy.data(), batch, 1}, dx.data());
}

void dense_backward_weight(int64_t rows, int64_t columns, std::span<const float> dy, std::span<const float> x,
                           int64_t batch, std::span<float> dweight) {
  std::fill(dweight.begin(), dweight.end(), 0.0F);
  multiply_add(rows, columns, batch, {dy.data(), batch, 1}, {x.data(), 1, batch}, dweight.data());
}

std::vector<float> random_weight(int64_t rows, int64_t columns, double zeros, std::uint64_t seed) {
  // splitmix64 (Steele et al., 2014)
  const auto next = [&seed] {
    std::uint64_t z = seed += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;  // from 0 to 1
  };
  std::vector<float> weight(static_cast<std::size_t>(rows * columns));
  for (float& w : weight) w = next() < zeros ? 0.0F : static_cast<float>(2 * next() - 1);
  return weight;
}

}  // namespace lab5
