// The checks of lab 5. Each compares with a naive twin: the dense product in double, or the definition, word
// for word.
#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "../support/grading.hpp"
#include "dense.hpp"
#include "lab5.hpp"
#include "timing.hpp"

using namespace grading;
using lab5::Csr;
using std::int64_t, std::vector;

namespace {

const float nan_ = std::numeric_limits<float>::quiet_NaN();

// A weight with `zeros` of 0 and now and then a row or a column without any live weight.
vector<float> sparse_weight(Random& random, int64_t rows, int64_t columns, double zeros) {
  vector<float> w = random.floats(rows * columns);
  const int64_t dead_row = random.integer(-rows, rows), dead_column = random.integer(-columns, columns);
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      if (r == dead_row || c == dead_column || random.chance(zeros)) w[r * columns + c] = 0;
    }
  }
  return w;
}

// What to_csr() should make of it: the kernels are checked without the student's to_csr().
Csr csr_of(const vector<float>& weight, int64_t rows, int64_t columns) {
  Csr w{rows, columns, {0}, {}, {}};
  for (int64_t i = 0; i < rows * columns; ++i) {
    if (weight[i] != 0)
      w.column.push_back(static_cast<std::int32_t>(i % columns)), w.value.push_back(weight[i]);
    if (i % columns == columns - 1) w.row_begin.push_back(static_cast<std::int32_t>(w.value.size()));
  }
  w.row_begin.resize(rows + 1, 0);  // of a weight without columns
  w.column.shrink_to_fit(), w.value.shrink_to_fit(),
      w.row_begin.shrink_to_fit();  // so that ASan sees their ends
  return w;
}

std::string said(const char* name, int64_t rows, int64_t columns, int64_t batch) {
  return std::string(name) + " of " + std::to_string(rows) + " rows, " + std::to_string(columns) +
         " columns, batch " + std::to_string(batch);
}

// ---- to_csr

void require_csr(const vector<float>& weight, int64_t rows, int64_t columns) {
  const Csr got = lab5::to_csr(weight, rows, columns), expected = csr_of(weight, rows, columns);
  const std::string of = "to_csr of the " + std::to_string(rows) + " x " + std::to_string(columns) +
                         " weight " + show(weight, 24) + ": ";
  require(got.rows == rows && got.columns == columns, of, "says ", got.rows, " rows, ", got.columns,
          " columns");
  require(got.row_begin == expected.row_begin, of, "row_begin ", show(got.row_begin), ", expected ",
          show(expected.row_begin));
  require(got.column == expected.column, of, "column ", show(got.column), ", expected ",
          show(expected.column));
  require(got.value == expected.value, of, "value ", show(got.value), ", expected ", show(expected.value));
}

void to_csr_small(Random&) {
  require_csr({5}, 1, 1);
  require_csr({0, 5, 0, 7}, 2, 2);
  require_csr({1, 2, 3, 4, 5, 6}, 2, 3);
}

void to_csr_empty(Random&) {
  require_csr({1, 0, 0, 0, 0, 2}, 3, 2);
  require_csr({0, 0, 0, 1}, 2, 2);
  require_csr({1, 0, 0, 0}, 2, 2);
  require_csr({0, 0, 0, 0}, 2, 2);
  require_csr({}, 0, 0);
  require_csr({}, 0, 4);
  require_csr({}, 3, 0);
}

void to_csr_random(Random& random) {
  for (int i = 0; i < 200; ++i) {
    const int64_t rows = random.integer(1, 3 + i / 20), columns = random.integer(1, 3 + i / 10);
    require_csr(sparse_weight(random, rows, columns, random.uniform(0, 1)), rows, columns);
  }
}

void to_csr_numbers(Random&) {
  const float least = std::numeric_limits<float>::denorm_min(), most = std::numeric_limits<float>::max();
  require_csr({-0.0F, least, 0, -least, most, -0.0F}, 2, 3);
  const Csr w = lab5::to_csr(vector<float>{0, nan_, 3}, 1, 3);
  require(w.value.size() == 2 && std::isnan(w.value[0]), "to_csr of [0, NaN, 3]: ", w.value.size(),
          " live weights ", show(w.value), ", expected NaN and 3");
  for (const auto [rows, columns] : {std::pair<int64_t, int64_t>{2, 3}, {4, 2}}) {
    bool threw = false;
    try {
      lab5::to_csr(vector<float>(7, 1.0F), rows, columns);
    } catch (const std::invalid_argument&) {
      threw = true;
    }
    require(threw, "to_csr of 7 weights as ", rows, " x ", columns,
            " returned, expected std::invalid_argument");
  }
}

// ---- the products

struct Case {
  int64_t rows, columns, batch;
  vector<float> weight, bias, x, dy;
  Csr csr;
  Case(Random& random, int64_t r, int64_t c, int64_t b, double zeros)
      : rows(r),
        columns(c),
        batch(b),
        weight(sparse_weight(random, r, c, zeros)),
        bias(random.floats(r)),
        x(random.floats(c * b)),
        dy(random.floats(r * b)),
        csr(csr_of(weight, r, c)) {}
  std::string inputs(const char* also, const vector<float>& other) const {
    if (weight.size() > 12 || other.size() > 12) return "";
    return "\n  weight " + show(weight) + " " + also + " " + show(other) + ": ";
  }
};

vector<float> dense_y(const Case& t) {
  vector<float> y;
  for (int64_t r = 0; r < t.rows; ++r) {
    for (int64_t s = 0; s < t.batch; ++s) {
      double sum = t.bias[r];
      for (int64_t c = 0; c < t.columns; ++c)
        sum += double(t.weight[r * t.columns + c]) * t.x[c * t.batch + s];
      y.push_back(static_cast<float>(sum));
    }
  }
  return y;
}
vector<float> dense_dx(const Case& t) {
  vector<float> dx;
  for (int64_t c = 0; c < t.columns; ++c) {
    for (int64_t s = 0; s < t.batch; ++s) {
      double sum = 0;
      for (int64_t r = 0; r < t.rows; ++r) sum += double(t.weight[r * t.columns + c]) * t.dy[r * t.batch + s];
      dx.push_back(static_cast<float>(sum));
    }
  }
  return dx;
}
vector<float> live_dw(const Case& t) {
  vector<float> dvalue;
  for (int64_t i = 0; i < t.rows * t.columns; ++i) {
    if (t.weight[i] == 0) continue;
    double sum = 0;
    for (int64_t s = 0; s < t.batch; ++s) {
      sum += double(t.dy[i / t.columns * t.batch + s]) * t.x[i % t.columns * t.batch + s];
    }
    dvalue.push_back(static_cast<float>(sum));
  }
  return dvalue;
}

// Results start as NaN: they are to be overwritten, not added to.
void forward_of(const Case& t) {
  vector<float> y(t.rows * t.batch, nan_);
  lab5::csr_forward(t.csr, t.bias, t.x, t.batch, y);
  require_near(y, dense_y(t), 1e-4, said("y", t.rows, t.columns, t.batch) + t.inputs("x", t.x));
}
void input_of(const Case& t) {
  vector<float> dx(t.columns * t.batch, nan_);
  lab5::csr_backward_input(t.csr, t.dy, t.batch, dx);
  require_near(dx, dense_dx(t), 1e-4, said("dx", t.rows, t.columns, t.batch) + t.inputs("dy", t.dy));
}
void weight_of(const Case& t) {
  vector<float> dvalue(t.csr.value.size(), nan_);
  lab5::csr_backward_weight(t.csr, t.dy, t.x, t.batch, dvalue);
  require_near(dvalue, live_dw(t), 1e-4, said("dvalue", t.rows, t.columns, t.batch) + t.inputs("dy", t.dy));
}

template <void product_of(const Case&)>
void small(Random& random) {
  product_of(Case(random, 1, 1, 1, 0));
  product_of(Case(random, 2, 3, 1, 0));
  product_of(Case(random, 2, 3, 2, 0.5));
  for (int i = 0; i < 50; ++i) {
    product_of(
        Case(random, random.integer(1, 6), random.integer(1, 6), random.integer(1, 4), random.uniform(0, 1)));
  }
}

template <void product_of(const Case&)>
void odd(Random& random) {
  product_of(Case(random, 3, 4, 2, 1));           // nothing alive
  product_of(Case(random, 0, 4, 2, 0));           // no rows
  product_of(Case(random, 3, 0, 2, 0));           // no columns
  for (int64_t batch = 1; batch < 80; ++batch) {  // every rest beside strips of 2, 4, 8 ...
    product_of(Case(random, 3, 5, batch, 0.5));
  }
  product_of(Case(random, 40, 1, 129, 0.5));  // one column
  product_of(Case(random, 1, 40, 65, 0.5));   // one row
  product_of(Case(random, 37, 53, 200, 0.9));
  product_of(Case(random, 61, 200, 1, 0.9));
}

// ---- and their time

constexpr int64_t rows_ = 300, columns_ = 784, batch_ = 128;  // LeNet-300-100's first layer
constexpr double zeros_ = 0.95;

struct Timed {
  vector<float> weight, bias, x, dy, y, dx, dweight, dense_y, dense_dx;
  Csr csr;
  vector<float> dvalue;
  explicit Timed(Random& random)
      : weight(lab5::random_weight(rows_, columns_, zeros_, random.integer(1, 1 << 30))),
        bias(random.floats(rows_)),
        x(random.floats(columns_ * batch_)),
        dy(random.floats(rows_ * batch_)),
        y(rows_ * batch_),
        dx(x.size()),
        dweight(weight.size()),
        dense_y(y.size()),
        dense_dx(dx.size()),
        csr(csr_of(weight, rows_, columns_)),
        dvalue(csr.value.size()) {}
};

// The steps of the points for speed.
void pays(const char* name, const char* than, double ratio) {
  const std::string times = text(std::round(ratio * 100) / 100, " times as fast as ", than);
  require(ratio >= 1.5, name, " is ", times, "; points from 1.5 on, all from 5 on");
  note(times);
  earn(ratio >= 5 ? 1 : ratio >= 3 ? 2. / 3 : 1. / 3);
}

void forward_pays(Random& random) {
  Timed t(random);
  const double ratio = lab5::dense_over_sparse(
      [&] { lab5::dense_forward(t.weight, rows_, columns_, t.bias, t.x, batch_, t.dense_y); },
      [&] { lab5::csr_forward(t.csr, t.bias, t.x, batch_, t.y); }, 2);
  require_near(t.y, t.dense_y, 1e-4, said("y", rows_, columns_, batch_));
  pays("csr_forward", "dense_forward", ratio);
}
void input_pays(Random& random) {
  Timed t(random);
  const double ratio = lab5::dense_over_sparse(
      [&] { lab5::dense_backward_input(t.weight, rows_, columns_, t.dy, batch_, t.dense_dx); },
      [&] { lab5::csr_backward_input(t.csr, t.dy, batch_, t.dx); }, 2);
  require_near(t.dx, t.dense_dx, 1e-4, said("dx", rows_, columns_, batch_));
  pays("csr_backward_input", "dense_backward_input", ratio);
}
void weight_pays(Random& random) {
  Timed t(random);
  const double ratio = lab5::dense_over_sparse(
      [&] { lab5::dense_backward_weight(rows_, columns_, t.dy, t.x, batch_, t.dweight); },
      [&] { lab5::csr_backward_weight(t.csr, t.dy, t.x, batch_, t.dvalue); }, 2);
  vector<float> live;
  for (std::size_t i = 0; i < t.weight.size(); ++i) {
    if (t.weight[i] != 0) live.push_back(t.dweight[i]);
  }
  require_near(t.dvalue, live, 1e-4, said("dvalue", rows_, columns_, batch_));
  pays("csr_backward_weight", "dense_backward_weight", ratio);
}

// ---- questions, answered once more with the student's functions

void break_even_in_bytes(Random&) {
  constexpr int64_t rows = 256, columns = 16, size = rows * columns;
  vector<float> weight(size, 1.0F);
  int64_t least = 0, most = size;  // zeros
  while (least < most) {
    const int64_t zeros = (least + most) / 2;
    std::fill(weight.begin(), weight.end(), 1.0F);
    std::fill_n(weight.begin(), zeros, 0.0F);
    if (lab5::bytes(lab5::to_csr(weight, rows, columns)) <= 4 * size) {
      most = zeros;
    } else {
      least = zeros + 1;
    }
  }
  const double answer = lab5::question1(), measured = static_cast<double>(least) / size;
  require(std::abs(answer - measured) <= 0.001, "question 1: ", answer,
          " is not the share of zeros from which on a Csr of ",
          "256 x 16 takes no more bytes than the dense weight");
}

void unread_inputs(Random&) {
  const Csr w = lab5::to_csr(lab5::random_weight(300, 784, 0.99, 1), 300, 784);
  vector<bool> read(784, false);
  for (const auto c : w.column) read.at(c) = true;
  const double measured = static_cast<double>(std::count(read.begin(), read.end(), false)) / 784;
  const double answer = lab5::question2();
  require(std::abs(answer - measured) <= 0.001, "question 2: ", answer,
          " is not the share of inputs that nothing reads in ", "random_weight(300, 784, 0.99, 1)");
}

void break_even_in_time(Random& random) {
  Timed t(random);
  double slower = 0, faster = 1;
  while (faster - slower > 0.01) {
    const double zeros = (slower + faster) / 2;
    t.weight = lab5::random_weight(rows_, columns_, zeros, 1);
    t.csr = csr_of(t.weight, rows_, columns_);
    const double ratio = lab5::dense_over_sparse(
        [&] { lab5::dense_forward(t.weight, rows_, columns_, t.bias, t.x, batch_, t.dense_y); },
        [&] { lab5::csr_forward(t.csr, t.bias, t.x, batch_, t.y); }, 0.2);
    (ratio < 1 ? slower : faster) = zeros;
  }
  require_near(t.y, t.dense_y, 1e-3, said("y", rows_, columns_, batch_));
  const double answer = lab5::question3(), measured = (slower + faster) / 2;
  note("csr_forward is as fast as dense_forward at ", std::round(measured * 100), "% zeros");
  require(std::abs(answer - measured) <= 0.1, "question 3: ", answer,
          ", but on this machine csr_forward is as fast as ", "dense_forward at ",
          std::round(measured * 100) / 100);
}

}  // namespace

const std::vector<Check> grading::checks = {
    {"to_csr", 1, "small weights", to_csr_small},
    {"to_csr", 1, "rows without live weights, no rows, no columns", to_csr_empty},
    {"to_csr", 1, "200 random weights", to_csr_random},
    {"to_csr", 1, "-0.0, NaN, the smallest floats, wrong sizes", to_csr_numbers},
    {"csr_forward", 1, "50 small weights", small<forward_of>},
    {"csr_forward", 1, "empty, one column, one row, any batch", odd<forward_of>},
    {"csr_forward", 3, "at 95% zeros 1.5, 3, 5 times as fast as dense", forward_pays, When::timed},
    {"csr_backward_input", 1, "50 small weights", small<input_of>},
    {"csr_backward_input", 1, "empty, one column, one row, any batch", odd<input_of>},
    {"csr_backward_input", 3, "at 95% zeros 1.5, 3, 5 times as fast as dense", input_pays, When::timed},
    {"csr_backward_weight", 1, "50 small weights", small<weight_of>},
    {"csr_backward_weight", 1, "empty, one column, one row, any batch", odd<weight_of>},
    {"csr_backward_weight", 3, "at 95% zeros 1.5, 3, 5 times as fast as dense", weight_pays, When::timed},
    {"question1", 1, "bytes: where a Csr is no larger", break_even_in_bytes},
    {"question2", 1, "inputs that nothing reads", unread_inputs},
    {"question3", 1, "time: where csr_forward is as fast", break_even_in_time, When::timed},
};
