// Lab 5: zeros that pay. What the student writes, in lab5.cpp.
//
// Activations lie feature by feature: x (columns, batch) holds, for each input feature, the values of all
// samples side by side, so feature c of sample s is x[c * batch + s]. Likewise y and dy (rows, batch), and dx
// (columns, batch). A weight (rows, columns) has one row for each output: weight[r * columns + c].
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "../support/lab.hpp"

namespace lab5 {

/// A weight with its zeros left out ("compressed sparse rows"). The live weights of row r are the elements
/// row_begin[r] up to, but not including, row_begin[r + 1] of `column` and `value`; a row may have none.
struct Csr {
  std::int64_t rows = 0, columns = 0;
  std::vector<std::int32_t>
      row_begin;                     // rows + 1 of them: the first is 0, the last the number of live weights
  std::vector<std::int32_t> column;  // of each live weight; ascending within a row
  std::vector<float> value;          // of each live weight
};

/// What the three vectors of `w` take, in bytes: four for each of their elements. Given.
inline std::int64_t bytes(const Csr& w) {
  return 4 * static_cast<std::int64_t>(w.row_begin.size() + w.column.size() + w.value.size());
}

/// The weight (rows, columns) without its zeros. Dead is what compares equal to 0, so -0.0 is dead, and NaN
/// is alive (a broken network must not look healthy). `rows` or `columns` may be 0. Throws
/// std::invalid_argument if weight.size() is not rows * columns.
Csr to_csr(std::span<const float> weight, std::int64_t rows, std::int64_t columns);

// The three products of a layer's training step. In all of them the result's old content is overwritten (it
// may be anything, NaN too), sizes are right as given here (no need to check), and batch is 1 or more, not
// always a multiple of something. They work in the calling thread and keep nothing from one call to the next.

/// y[r][s] = bias[r] + the sum over c of weight[r][c] * x[c][s].
/// bias (rows), x (columns, batch), y (rows, batch).
void csr_forward(const Csr& w, std::span<const float> bias, std::span<const float> x, std::int64_t batch,
                 std::span<float> y);

/// dx[c][s] = the sum over r of weight[r][c] * dy[r][s]: the loss's gradient by x, from the gradient by y.
/// dy (rows, batch), dx (columns, batch).
void csr_backward_input(const Csr& w, std::span<const float> dy, std::int64_t batch, std::span<float> dx);

/// For each live weight k, in row r and column c: dvalue[k] = the sum over s of dy[r][s] * x[c][s]. Dead
/// weights get no gradient at all: that is where the time is saved. dy (rows, batch), x (columns, batch),
/// dvalue (as many as w.value).
void csr_backward_weight(const Csr& w, std::span<const float> dy, std::span<const float> x,
                         std::int64_t batch, std::span<float> dvalue);

/// Question 1. A weight has 256 rows and 16 columns. From which share of zeros on (0 to 1) does its Csr take
/// no more bytes than the dense weight's 4 * 256 * 16? Find it with to_csr() and bytes(), to 0.001.
double question1();

/// Question 2. random_weight(300, 784, 0.99, 1) (dense.hpp) is a layer of which 99% are zero. Which share of
/// its 784 inputs does no live weight read? (Such an input could be deleted, as in lab 4, and all that makes
/// it.) To 0.001.
double question2();

/// Question 3. From which share of zeros on is your csr_forward as fast as the given dense_forward, with 300
/// rows, 784 columns and a batch of 128? Find it with random_weight() and dense_over_sparse() (timing.hpp),
/// to 0.1; ./grade.sh prints what it measures on the machine that grades. A number from your own
/// measurements, or a function that measures.
double question3();

}  // namespace lab5
