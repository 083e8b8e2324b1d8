#include <algorithm>

#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/simd/isa.hpp>
#include <tinynn/kernels/sparse.hpp>

namespace tinynn::kernels {
namespace {

// Samples of a block: as many as fill four of the widest vectors. Longer rows would often lie a multiple of
// 4096 bytes apart, which caches do not like.
constexpr int64_t block = 64;
constexpr int64_t widest = 16;  // lanes

// A block's samples, filled up to whole vectors.
int64_t padded(int64_t samples) { return (samples + widest - 1) / widest * widest; }

// Calls body(begin, end) for pieces of the rows, on several threads if they have enough elements to work on.
template <class Body>
void for_row_pieces(int64_t rows, int64_t elements, const Body& body) {
  constexpr int64_t worth_a_thread = 4096;  // elements
  const int64_t pieces = std::clamp<int64_t>(elements / worth_a_thread, 1, 16);
  parallel_for(rows, (rows + pieces - 1) / pieces, body);
}

// x (samples, size) as (size, pitch); what is beyond the samples is zero.
Buffer transposed(const float* x, int64_t samples, int64_t size, int64_t pitch) {
  Buffer result(size * pitch);
  for_row_pieces(size, size * samples / 8, [&](int64_t begin, int64_t end) {
    float* rows = result.data() + begin * pitch;
    if (pitch > samples) std::fill_n(rows, (end - begin) * pitch, 0.0F);
    simd::table().transpose(samples, end - begin, x + begin, size, rows, pitch);
  });
  return result;
}

// Calls body(first sample, samples) for every block. A single one leaves the threads to its rows.
template <class Body>
void for_each_block(int64_t n, const Body& body) {
  parallel_for((n + block - 1) / block, 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) body(b * block, std::min(block, n - b * block));
  });
}

// The vectors of samples of a transposed block.
class SampleVectors {
 public:
  explicit SampleVectors(int64_t pitch) : vectors_(pitch / simd::table().lanes) {
    for (int64_t v = 0; v < vectors_; ++v) start_[v] = v * simd::table().lanes;
  }
  simd::Places places() const {
    return {.terms = 0,
            .vectors = vectors_,
            .offsets = nullptr,
            .from = start_,
            .to = start_,
            .used = simd::table().lanes};
  }

 private:
  int64_t vectors_, start_[block / 4];
};

// A pattern by rows, or, for the transposed weight, by columns: the element of row r and index i is
// weight[r * row_step + i * index_step].
struct Order {
  int64_t rows, size;  // of a row, with the dead
  const std::vector<int32_t>& begin;
  const std::vector<uint16_t>& index;
  int64_t row_step, index_step;
};

Order by_rows(const SparsePattern& p) { return {p.rows, p.columns, p.row_begin, p.column_of, p.columns, 1}; }
Order by_columns(const SparsePattern& p) {
  return {p.columns, p.rows, p.column_begin, p.row_of, 1, p.columns};
}

LiveElements live_elements(const Order& order, const float* weight, int64_t pitch) {
  const auto count = static_cast<int64_t>(order.index.size());
  LiveElements live{std::vector<int32_t>(order.index.size()), Buffer(count)};
  for_row_pieces(order.rows, count, [&](int64_t first, int64_t end) {
    for (int64_t row = first; row < end; ++row) {
      for (int32_t k = order.begin[static_cast<size_t>(row)]; k < order.begin[static_cast<size_t>(row + 1)];
           ++k) {
        const auto at = static_cast<size_t>(k);
        live.offset[at] = static_cast<int32_t>(order.index[at] * pitch);
        live.values.data()[k] = weight[row * order.row_step + order.index[at] * order.index_step];
      }
    }
  });
  return live;
}

// Where the rows of a transposed block lie that the elements read.
std::vector<int32_t> offsets(const std::vector<uint16_t>& index, int64_t pitch) {
  std::vector<int32_t> result;
  result.reserve(index.size());
  for (const uint16_t i : index) result.push_back(static_cast<int32_t>(i * pitch));
  return result;
}

// y (n, rows) = x (n, size) times the rows, + bias.
void multiply(const Order& order, int64_t n, const float* x, const float* weight, const float* bias,
              float* y) {
  const auto count = static_cast<int64_t>(order.index.size());
  const int64_t pitch = padded(std::min(n, block));
  const LiveElements live = live_elements(order, weight, pitch);
  for_each_block(n, [&](int64_t first, int64_t samples) {
    const Buffer in = transposed(x + first * order.size, samples, order.size, pitch);
    const Buffer out(order.rows * pitch);
    const SampleVectors vectors(padded(samples));
    for_row_pieces(order.rows, count, [&](int64_t begin, int64_t end) {
      simd::table().sparse_rows(begin, end, order.begin.data(), live.offset.data(), live.values.data(), bias,
                                vectors.places(), in.data(), out.data(), pitch);
    });
    simd::table().transpose(order.rows, samples, out.data(), pitch, y + first * order.rows, order.rows);
  });
}

}  // namespace

LiveElements live_columns(const SparsePattern& pattern, const float* weight, int64_t pitch) {
  return live_elements(by_columns(pattern), weight, pitch);
}

bool SparsePattern::fits(int64_t rows, int64_t columns) {
  return rows <= 65536 && columns <= 65536 && rows * columns < int64_t{1} << 31;
}

SparsePattern::SparsePattern(const uint8_t* alive, int64_t r, int64_t c) : rows(r), columns(c) {
  check(fits(rows, columns), "sparse: a weight of ", rows, " x ", columns, " is too large");
  row_begin.assign(static_cast<size_t>(rows + 1), 0);
  column_begin.assign(static_cast<size_t>(columns + 1), 0);
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) {
      if (alive[row * columns + column] == 0) continue;
      column_of.push_back(static_cast<uint16_t>(column));
      ++column_begin[static_cast<size_t>(column + 1)];
    }
    row_begin[static_cast<size_t>(row + 1)] = static_cast<int32_t>(column_of.size());
  }
  for (size_t column = 0; column < static_cast<size_t>(columns); ++column) {
    column_begin[column + 1] += column_begin[column];
  }
  row_of.resize(column_of.size());
  std::vector<int32_t> next(column_begin.begin(), column_begin.end() - 1);
  for (int64_t row = 0; row < rows; ++row) {
    for (int32_t k = row_begin[static_cast<size_t>(row)]; k < row_begin[static_cast<size_t>(row + 1)]; ++k) {
      const auto to = static_cast<size_t>(next[column_of[static_cast<size_t>(k)]]++);
      row_of[to] = static_cast<uint16_t>(row);
    }
  }
}

namespace {

// Calls f(number of a live element, its place in the weight) for each in the rows from `row` to `end`.
template <class F>
void for_each_live(const SparsePattern& p, int64_t row, int64_t end, F f) {
  for (int64_t k = p.row_begin[static_cast<size_t>(row)]; row < end; ++row) {
    for (; k < p.row_begin[static_cast<size_t>(row + 1)]; ++k)
      f(k, row * p.columns + p.column_of[static_cast<size_t>(k)]);
  }
}
template <class F>
void for_each_live(const SparsePattern& p, F f) {
  for_row_pieces(p.rows, p.count(), [&](int64_t begin, int64_t end) { for_each_live(p, begin, end, f); });
}

}  // namespace

void pack_live(const SparsePattern& pattern, const float* from, float* to) {
  for_each_live(pattern, [=](int64_t k, int64_t place) { to[k] = from[place]; });
}

void unpack_live(const SparsePattern& pattern, const float* from, float* to) {
  for_each_live(pattern, [=](int64_t k, int64_t place) { to[place] = from[k]; });
}

void add_chunks(const SparsePattern& p, int64_t chunks, const float* sums, float* weight) {
  for_row_pieces(p.rows, p.rows * p.columns / 8, [&](int64_t begin, int64_t end) {
    std::fill(weight + begin * p.columns, weight + end * p.columns, 0.0F);
    for_each_live(p, begin, end, [=, count = p.count()](int64_t k, int64_t place) {
      float total = 0;
      for (int64_t chunk = 0; chunk < chunks; ++chunk) total += sums[chunk * count + k];
      weight[place] = total;
    });
  });
}

void sparse_linear_forward(const SparsePattern& p, int64_t n, const float* x, const float* weight,
                           const float* bias, float* y) {
  multiply(by_rows(p), n, x, weight, bias, y);
}

void sparse_linear_backward_input(const SparsePattern& p, int64_t n, const float* grad_y, const float* weight,
                                  float* grad_x) {
  multiply(by_columns(p), n, grad_y, weight, nullptr, grad_x);
}

void sparse_linear_backward_weight(const SparsePattern& p, int64_t n, const float* grad_y, const float* x,
                                   float* grad_weight) {
  // Partial sums, one a chunk of blocks, are added in the order of the chunks.
  const int64_t blocks = (n + block - 1) / block, grain = std::max<int64_t>(1, (blocks + 15) / 16);
  const int64_t chunks = (blocks + grain - 1) / grain;
  const Buffer sums(std::max<int64_t>(1, chunks) * p.count());
  std::fill_n(sums.data(), std::max<int64_t>(1, chunks) * p.count(), 0.0F);
  const int64_t pitch = padded(std::min(n, block));
  const auto offset = offsets(p.column_of, pitch);
  const auto add_blocks = [&](int64_t begin, int64_t end) {
    float* sum = sums.data() + begin / grain * p.count();
    for (int64_t first = begin * block; first < std::min(n, end * block); first += block) {
      const int64_t samples = std::min(block, n - first);
      const Buffer g = transposed(grad_y + first * p.rows, samples, p.rows, pitch);
      const Buffer in = transposed(x + first * p.columns, samples, p.columns, pitch);
      const SampleVectors vectors(padded(samples));
      for_row_pieces(p.rows, p.count(), [&](int64_t row_begin, int64_t row_end) {
        simd::table().sparse_dots(row_begin, row_end, p.row_begin.data(), offset.data(), vectors.places(),
                                  g.data(), pitch, in.data(), sum);
      });
    }
  };
  parallel_for(blocks, grain, add_blocks);
  add_chunks(p, chunks, sums.data(), grad_weight);
}

}  // namespace tinynn::kernels
