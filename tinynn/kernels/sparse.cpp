#include <tinynn/core/error.hpp>
#include <tinynn/kernels/simd/isa.hpp>
#include <tinynn/kernels/sparse.hpp>

namespace tinynn::kernels {
namespace {

// Calls f(number of a live element, its place in the weight) for each.
template <class F>
void for_each_live(const SparsePattern& p, F f) {
  for_row_pieces(p.rows, p.count(), [&](int64_t row, int64_t end) {
    for (int64_t k = p.row_begin.data()[row]; row < end; ++row) {
      for (; k < p.row_begin.data()[row + 1]; ++k) f(k, row * p.columns + p.column_of.data()[k]);
    }
  });
}

}  // namespace

double sparse_linear_density_for(int64_t samples) {
  const bool is_wide = simd::table().lanes >= 16;
  if (samples >= 64) return is_wide ? 0.35 : 0.40;
  return std::min(is_wide ? 0.25 : 0.30, static_cast<double>(samples) / 80);
}

bool SparsePattern::fits(int64_t rows, int64_t columns) {
  constexpr int64_t most = int64_t{1} << 31;
  return rows < most / 64 && columns < most / 64 && rows * columns < most;
}

SparsePattern::SparsePattern(const uint8_t* alive, int64_t r, int64_t c) : rows(r), columns(c) {
  check(fits(rows, columns), "sparse: a weight of ", rows, " x ", columns, " is too large");
  row_begin.assign(static_cast<size_t>(rows + 1), 0);
  column_begin.assign(static_cast<size_t>(columns + 1), 0);
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) {
      if (alive[row * columns + column] == 0) continue;
      column_of.push_back(static_cast<int32_t>(column));
      ++column_begin.data()[column + 1];
    }
    row_begin.data()[row + 1] = static_cast<int32_t>(column_of.size());
  }
  for (int64_t column = 0; column < columns; ++column) {
    column_begin.data()[column + 1] += column_begin.data()[column];
  }
  row_of.resize(column_of.size());
  std::vector<int32_t> next(column_begin.begin(), column_begin.end() - 1);
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t k = row_begin.data()[row]; k < row_begin.data()[row + 1]; ++k) {
      row_of.data()[next.data()[column_of.data()[k]]++] = static_cast<int32_t>(row);
    }
  }
}

void LiveElements::take_values(const SparsePattern::Lines& lines, const float* weight) {
  if (weight == nullptr) return;
  values = Buffer(count());
  for_row_pieces(lines.count, count(), [&](int64_t line, int64_t end) {
    const int32_t *start = lines.begin.data(), *index = lines.index.data();
    float* to = values.data();
    for (; line < end; ++line) {
      const float* from = weight + line * lines.line_step;
      const int64_t stop = start[line + 1], step = lines.index_step;
      for (int64_t k = start[line]; k < stop; ++k) to[k] = from[index[k] * step];
    }
  });
}

void pack_live(const SparsePattern& pattern, const float* from, float* to) {
  for_each_live(pattern, [=](int64_t k, int64_t place) { to[k] = from[place]; });
}

void unpack_live(const SparsePattern& pattern, const float* from, float* to) {
  for_each_live(pattern, [=](int64_t k, int64_t place) { to[place] = from[k]; });
}

}  // namespace tinynn::kernels
