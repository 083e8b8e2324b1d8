// What is compiled once per instruction set: the loops that take the time, behind one table of functions.
// The caller owns sizes, memory and threads; these only compute. What is compiled more than once, table.cpp,
// uses no templates of the standard library and no inline function from outside: the linker would keep one
// copy of it, perhaps with instructions that the machine does not have.
#pragma once

#include <cstdint>

namespace tinynn::kernels::simd {

/// Where the factors of a sum of products lie. With L lanes to a vector, result `k` of vector `v` takes
/// from x, for term t, the element `from[v] + offsets[t] + k`. Vectors may overlap.
struct Places {
  int64_t terms, vectors;
  const int64_t* offsets;  // (terms)
  const int64_t* from;     // (vectors)
  const int64_t* to;       // (vectors) where each vector of results starts in its row
  int64_t used;            // results in a vector, L; fewer only if a row of results is shorter than that
};

/// Rows `first` to `end` of a sparse weight. The live elements of row r are begin[r] to begin[r + 1]; the
/// factors of element k lie offset[k] times the pitch from the start of each vector.
struct LiveRows {
  int64_t first, end;
  const int32_t *begin, *offset;
  int64_t pitch;
  const float* values;
};

/// A product of a (rows, terms), element (r, t) at r a_row + t a_term, and b (terms, columns), whose rows are
/// `pitch` apart like those of the result. There are L columns or more, to accumulate a multiple of L.
struct Product {
  int64_t rows, terms, columns, a_row, a_term, pitch;
  bool accumulate;
};

/// The constants of one step of an optimizer, as the formulas beside it in ../../optim name them.
struct SgdStep {
  float rate, momentum, weight_decay;
  bool nesterov;
};
struct AdamStep {
  float rate, beta1, fresh1, beta2, fresh2, root2, eps, l2, shrink;
};
struct RmspropStep {
  float rate, alpha, fresh, eps, momentum, l2;
};

struct Table {
  const char* name;
  int64_t lanes;  // floats in a vector

  /// Lays weight (outputs, terms) out as correlate reads it; as many floats again.
  void (*pack)(int64_t outputs, int64_t terms, const float* weight, float* packed);

  /// y[o][to[v] + k] = bias[o] + the sum over t of weight[o][t] * x[from[v] + offsets[t] + k], in rows of y
  /// that are `stride` apart. `bias` may be null. Reads whole vectors of x, writes `used` results of each.
  void (*correlate)(const Places& places, int64_t outputs, const float* x, const float* packed,
                    const float* bias, float* y, int64_t stride);

  /// sums[o][t] += the sum over v and k of g[o][v * L + k] * x[from[v] + offsets[t] + k], with rows of g
  /// that are `stride` apart.
  void (*dot_products)(const Places& places, int64_t outputs, const float* x, const float* g, int64_t stride,
                       float* sums);

  /// The vectors of one row side by side, g[v * L + k] = row[to[v] + k], every result once: zero where
  /// another vector before it, or none, has it.
  void (*spread)(const Places& places, const float* row, float* g);

  /// to[r][i] = from[r][i * step] for `rows` rows of `width`, which start from_pitch and to_pitch apart.
  void (*copy_rows)(int64_t rows, int64_t width, const float* from, int64_t from_pitch, int64_t step,
                    float* to, int64_t to_pitch);

  /// to[r][i] += from[r][i], likewise.
  void (*add_rows)(int64_t rows, int64_t width, const float* from, int64_t from_pitch, float* to,
                   int64_t to_pitch);

  /// to[c][r] = from[r][c] for `rows` x `columns` elements, in rows that are from_pitch and to_pitch apart.
  void (*transpose)(int64_t rows, int64_t columns, const float* from, int64_t from_pitch, float* to,
                    int64_t to_pitch);

  // The parts of Winograd's convolutions, for `channels` channels, a multiple of L, that lie side by side.
  // The 36 numbers of a tile lie `plane` apart; its results are 4x4 where the kernel is 3x3, 2x2 where it is
  // 5x5.

  /// A kernel's weights, which lie `pitch` apart, transformed.
  void (*winograd_weights)(int64_t kernel, int64_t channels, const float* weight, int64_t pitch, float* u,
                           int64_t plane);
  /// c = a b, or c += a b, each sum in the order of its terms.
  void (*multiply)(const Product& p, const float* a, const float* b, float* c);
  /// The 6x6 pixels at x + places[i], transformed.
  void (*winograd_input)(int64_t channels, const float* x, const int64_t* places, float* v, int64_t plane);
  /// Transformed back, plus bias: `rows` x `columns` of the results, which lie `pixel` apart, rows `pitch`.
  void (*winograd_output)(int64_t kernel, int64_t channels, const float* m, int64_t plane, const float* bias,
                          float* y, int64_t pitch, int64_t rows, int64_t columns, int64_t pixel);
  /// The gradients of results at grad_y + places[i], transformed.
  void (*winograd_gradient)(int64_t kernel, int64_t channels, const float* grad_y, const int64_t* places,
                            float* g, int64_t plane);
  /// Those of the 6x6 pixels, from those of their 36 numbers, added to what is at grad + places[i].
  void (*winograd_grad_input)(int64_t channels, const float* v, int64_t plane, const int64_t* places,
                              float* grad);
  /// Those of a kernel's weights, which lie `pitch` apart, from those of its 36 numbers.
  void (*winograd_grad_weight)(int64_t kernel, int64_t channels, const float* u, int64_t plane, float* grad,
                               int64_t pitch);

  // The same with a sparse weight; places.offsets is not used.

  /// y[r][to[v] + i] = bias[r] + the sum over row r's elements k of values[k] * x[from[v] + pitch offset[k] +
  /// i].
  void (*sparse_rows)(const LiveRows& rows, const float* bias, const Places& places, const float* x, float* y,
                      int64_t stride);
  /// sums[k] += the sum over v and i of g[r][v * L + i] * x[from[v] + pitch offset[k] + i], for row r's
  /// elements k.
  void (*sparse_dots)(const LiveRows& rows, const Places& places, const float* g, int64_t stride,
                      const float* x, float* sums);

  /// Windows of 2x2 pixels, `rows` of `width`, from rows of x that are `pitch` apart: y (rows, width) gets
  /// the largest of each; NaN wins. `argmax`, if not null, gets where in x it was: the first on a tie.
  void (*max_pool_2x2)(int64_t rows, int64_t width, const float* x, int64_t pitch, float* y, int32_t* argmax);
  /// grad_y to where argmax says in those rows and columns of grad_x; zero to the others.
  void (*max_pool_2x2_backward)(int64_t rows, int64_t width, const float* grad_y, const int32_t* argmax,
                                float* grad_x, int64_t pitch);

  /// y[i] = a[i] + b[i]
  void (*add)(int64_t count, const float* a, const float* b, float* y);
  /// y[i] = max(x[i], 0), NaN stays; y may be x. grad_x[i] = y[i] > 0 ? grad_y[i] : 0; grad_x may be grad_y.
  void (*relu)(int64_t count, const float* x, float* y);
  void (*relu_backward)(int64_t count, const float* grad_y, const float* y, float* grad_x);

  /// One step on the elements of w and their moments: of SGD, m the momentum or null; of Adam, m and v the
  /// means of the gradient and of its square; of RMSprop, v the mean of the square, a and m the means of the
  /// gradient and the momentum, or null.
  void (*sgd_step)(int64_t count, const SgdStep& step, const float* grad, float* w, float* m);
  void (*adam_step)(int64_t count, const AdamStep& step, const float* grad, float* w, float* m, float* v);
  void (*rmsprop_step)(int64_t count, const RmspropStep& step, const float* grad, float* w, float* v,
                       float* a, float* m);

  /// The sum of x[i], in double.
  double (*sum)(int64_t count, const float* x);
  /// Adds to sums[0] the sum of x[i] - shift, to sums[1] that of its square.
  void (*add_moments)(int64_t count, const float* x, double shift, double* sums);
  /// Adds to sums[0] the sum of g[i], to sums[1] that of g[i] (x[i] - mean).
  void (*add_products)(int64_t count, const float* g, const float* x, double mean, double* sums);
  /// Adds each of `rows` rows of x, of `width`, to the sums (width).
  void (*add_rows_to_sums)(int64_t rows, int64_t width, const float* x, double* sums);
  /// y[i] = (x[i] - mean) scale + shift
  void (*normalize)(int64_t count, const float* x, float mean, float scale, float shift, float* y);
  /// grad_x[i] = scale (grad_y[i] - shift - (x[i] - mean) slope); grad_x may be grad_y.
  void (*normalize_backward)(int64_t count, const float* grad_y, const float* x, float mean, float scale,
                             float shift, float slope, float* grad_x);
};

}  // namespace tinynn::kernels::simd
