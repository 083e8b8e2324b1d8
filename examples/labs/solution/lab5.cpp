// Lab 5: zeros that pay. See lab5.hpp for what each function has to do.
#include "lab5.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "dense.hpp"
#include "timing.hpp"
#include "vector.hpp"

// BEGIN SOLUTION
#include <numeric>
#include <set>
// END SOLUTION

namespace lab5 {

using std::int32_t, std::int64_t, std::span;

// BEGIN SOLUTION
// What the three products have in common: one live weight meets a row of the batch, so vectors are made of
// samples, which lie side by side, and the weight's column is looked up once for all of them. A strip is the
// same few samples of every feature: n vectors, so few that they stay in registers while a row's live weights
// go by. Eight are half of AVX2's registers, and enough that no addition waits for the one before it.
template <class T, int n>
struct Strip {};

// Calls f(first sample, strip) for strips of eight vectors, then of one, then of single samples.
template <class F>
void for_each_strip(int64_t batch, const F& f) {
  int64_t s = 0;
  for (; s + 64 <= batch; s += 64) f(s, Strip<Vector, 8>());
  for (; s + 8 <= batch; s += 8) f(s, Strip<Vector, 1>());
  for (; s < batch; ++s) f(s, Strip<float, 1>());
}

// Vector i of a strip that starts at `from`; and back.
template <class T>
T get(const float* from, int i) {
  T v;
  std::memcpy(&v, from + i * (sizeof(T) / sizeof(float)), sizeof v);
  return v;
}
template <class T>
void put(float* to, int i, const T& v) {
  std::memcpy(to + i * (sizeof(T) / sizeof(float)), &v, sizeof v);
}
float sum_of_lanes(float v) { return v; }
// END SOLUTION

Csr to_csr(span<const float> weight, int64_t rows, int64_t columns) {
  // BEGIN SOLUTION to_csr
  if (std::ssize(weight) != rows * columns) {
    throw std::invalid_argument("to_csr: " + std::to_string(weight.size()) + " weights, expected " +
                                std::to_string(rows) + " x " + std::to_string(columns));
  }
  Csr w{rows, columns, {0}, {}, {}};
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      const float v = weight[r * columns + c];
      if (v == 0) continue;
      w.column.push_back(static_cast<int32_t>(c));
      w.value.push_back(v);
    }
    w.row_begin.push_back(static_cast<int32_t>(w.value.size()));  // of an empty row, too
  }
  return w;
  // END SOLUTION
}

// BEGIN SOLUTION
// to[r] = start(r) + the sum over row r's live weights of value * from[column]: a row of the result is a sum
// of rows of `from`. The sums stay in registers, and are stored once.
template <class Start>
void sum_rows(const Csr& w, const Start& start, const float* from, int64_t batch, float* to) {
  for_each_strip(batch, [&]<class T, int n>(int64_t s, Strip<T, n>) {
    for (int64_t r = 0; r < w.rows; ++r) {
      T sum[n];
      for (T& v : sum) v = T{} + start(r);
      for (int32_t k = w.row_begin[r]; k < w.row_begin[r + 1]; ++k) {
        const float* in = from + w.column[k] * batch + s;
        for (int i = 0; i < n; ++i) sum[i] += w.value[k] * get<T>(in, i);
      }
      for (int i = 0; i < n; ++i) put(to + r * batch + s, i, sum[i]);
    }
  });
}

// The same weight with rows and columns swapped, by counting: once per live weight, not per live weight and
// sample.
Csr transposed(const Csr& w) {
  Csr t{w.columns, w.rows, std::vector<int32_t>(w.columns + 1), std::vector<int32_t>(w.column.size()),
        std::vector<float>(w.value.size())};
  for (const int32_t c : w.column) ++t.row_begin[c + 1];
  std::partial_sum(t.row_begin.begin(), t.row_begin.end(), t.row_begin.begin());
  std::vector<int32_t> next(t.row_begin.begin(), t.row_begin.end() - 1);
  for (int32_t r = 0; r < w.rows; ++r) {
    for (int32_t k = w.row_begin[r]; k < w.row_begin[r + 1]; ++k) {
      const int32_t at = next[w.column[k]]++;
      t.column[at] = r;
      t.value[at] = w.value[k];
    }
  }
  return t;
}
// END SOLUTION

void csr_forward(const Csr& w, span<const float> bias, span<const float> x, int64_t batch, span<float> y) {
  // BEGIN SOLUTION csr_forward
  const auto start = [&](int64_t r) { return bias[r]; };
  sum_rows(w, start, x.data(), batch, y.data());
  // END SOLUTION
}

void csr_backward_input(const Csr& w, span<const float> dy, int64_t batch, span<float> dx) {
  // BEGIN SOLUTION csr_backward_input
  // dx is a sum of rows of dy, column by column of the weight. To add to rows of dx as the weights come would
  // do without the transposed weight, but each multiply-add would load and store dx.
  const auto start = [](int64_t) { return 0.0F; };
  sum_rows(transposed(w), start, dy.data(), batch, dx.data());
  // END SOLUTION
}

void csr_backward_weight(const Csr& w, span<const float> dy, span<const float> x, int64_t batch,
                         span<float> dvalue) {
  // BEGIN SOLUTION csr_backward_weight
  // A dot product for each live weight. Its sum is eight sums side by side, each of every eighth sample: a
  // compiler must not do that by itself to one sum of floats, for the order changes how it is rounded.
  std::fill(dvalue.begin(), dvalue.end(), 0.0F);
  for_each_strip(batch, [&]<class T, int n>(int64_t s, Strip<T, n>) {
    for (int64_t r = 0; r < w.rows; ++r) {
      T g[n];
      for (int i = 0; i < n; ++i) g[i] = get<T>(&dy[r * batch + s], i);
      for (int32_t k = w.row_begin[r]; k < w.row_begin[r + 1]; ++k) {
        const float* in = &x[w.column[k] * batch + s];
        T sum = g[0] * get<T>(in, 0);
        for (int i = 1; i < n; ++i) sum += g[i] * get<T>(in, i);
        dvalue[k] += sum_of_lanes(sum);
      }
    }
  });
  // END SOLUTION
}

double question1() {
  // BEGIN SOLUTION question1
  // Puts zeros into a weight of ones, one by one, until it is no larger than the dense one.
  constexpr int64_t rows = 256, columns = 16, size = rows * columns;
  std::vector<float> weight(size, 1.0F);
  int64_t zeros = 0;
  while (bytes(to_csr(weight, rows, columns)) > 4 * size) weight[zeros++] = 0;
  return static_cast<double>(zeros) / size;
  // END SOLUTION
}

double question2() {
  // BEGIN SOLUTION question2
  const Csr w = to_csr(random_weight(300, 784, 0.99, 1), 300, 784);
  const std::set<int32_t> read(w.column.begin(), w.column.end());
  return 1 - static_cast<double>(read.size()) / 784;
  // END SOLUTION
}

double question3() {
  // BEGIN SOLUTION question3
  constexpr int64_t rows = 300, columns = 784, batch = 128;
  const std::vector<float> bias(rows), x = random_weight(columns, batch, 0, 2);
  std::vector<float> y(rows * batch);
  double slower = 0.5, faster = 0.99;  // sparse is slower with that many zeros, and faster
  while (faster - slower > 0.02) {
    const double zeros = (slower + faster) / 2;
    const std::vector<float> weight = random_weight(rows, columns, zeros, 1);
    const Csr w = to_csr(weight, rows, columns);
    const double ratio = dense_over_sparse([&] { dense_forward(weight, rows, columns, bias, x, batch, y); },
                                           [&] { csr_forward(w, bias, x, batch, y); }, 0.1);
    (ratio < 1 ? slower : faster) = zeros;
  }
  return (slower + faster) / 2;
  // END SOLUTION
}

}  // namespace lab5
