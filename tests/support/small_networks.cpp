#include "tests/support/small_networks.hpp"

#include <functional>

#include <tinynn/core/random.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/pointwise.hpp>
#include <tinynn/ops/reduce.hpp>
#include <tinynn/ops/shape.hpp>

using namespace tinynn;

namespace test {
namespace {

using Function = std::function<Tensor(const Tensor& x)>;
using Constant = const Tensor&;

// A formula with one constant, which is a parameter.
class Formula : public nn::Module {
 public:
  using Of = std::function<Tensor(const Tensor& x, Constant c)>;
  Formula(Of formula, const Shape& constant)
      : formula_(std::move(formula)), constant_(rand(constant, 0.3, 1)) {}

  void members(nn::Visitor& v) override { v("constant", constant_); }
  Tensor forward(const Tensor& x) override { return formula_(x, constant_); }

 private:
  Of formula_;
  Parameter constant_;
};

struct Row {
  const char* name;
  Formula::Of formula;
  Shape constant = {1};
};

Tensor positive(const Tensor& x) { return abs(x) + 0.5; }

// Of (n, 2, 3, 5).
std::vector<Row> of_images() {
  return {
      {"one_minus", [](Constant x, Constant) { return 1 - x; }},
      {"over_number", [](Constant x, Constant) { return x / 3; }},
      {"number_over", [](Constant x, Constant) { return 3 / positive(x); }},
      {"sum_of_two", [](Constant x, Constant) { return x * x + abs(x); }},
      {"quotient", [](Constant x, Constant) { return x / positive(x); }},
      {"larger_smaller", [](Constant x, Constant) { return maximum(x, -x / 2) - minimum(x, x * x); }},
      {"bounds", [](Constant x, Constant c) { return maximum(minimum(c, x), c / 2 - 0.3); }},
      {"powers", [](Constant x, Constant) { return pow(positive(x), 1.5) - pow(x, 2); }},
      {"roots", [](Constant x, Constant) { return sqrt(positive(x)) + log(positive(x)) * exp(x); }},
      {"channel_times",
       [](Constant x, Constant) {
         return mean(x, {2, 3}, true) * x;
       }},
      {"times_channel",
       [](Constant x, Constant) {
         return x * amax(x, {2, 3}, true);
       }},
      {"less_mean", [](Constant x, Constant) { return x - mean(x, {1}, true); }},
      {"share",
       [](Constant x, Constant) {
         return positive(x) / sum(positive(x), {1, 2, 3}, true);
       }},
      {"by_row", [](Constant x, Constant) { return sum(x, {2}, true) / positive(amax(x, {3}, true)); }},
      {"standardized",
       [](Constant x, Constant) {
         const Tensor off = x - mean(x, {1, 3}, true);
         return off / sqrt(mean(off * off, {1, 3}, true) + 1e-3);
       }},
      {"one_number",
       [](Constant x, Constant) {
         return mean(x, {3, 1, 2}) * 2 + 1;
       }},
      {"means", [](Constant x, Constant) { return mean(x, {1}) + 1; }},
      {"global_mean",
       [](Constant x, Constant) {
         return mean(x, {3, 2});
       }},
      {"sums",
       [](Constant x, Constant) {
         return sum(x, {3, 1});
       }},
      {"sum_of_squares",
       [](Constant x, Constant) {
         return sum(x * x, {1, 2, 3});
       }},
      {"largest",
       [](Constant x, Constant) {
         return amax(x, {2, 3});
       }},
      {"largest_along", [](Constant x, Constant) { return max(x, 2) - squeeze(max(x, 2, true) * 2, 2); }},
      {"plus_columns", [](Constant x, Constant c) { return x + c; }, {5}},
      {"rows_minus", [](Constant x, Constant c) { return c - x; }, {3, 1}},
      {"channels_minus", [](Constant x, Constant c) { return c - x; }, {2, 1, 1}},
      {"times_all", [](Constant x, Constant c) { return c * x; }, {1, 2, 3, 5}},
      {"over_channels", [](Constant x, Constant c) { return x / c; }, {1, 2, 1, 1}},
      {"pixels_over", [](Constant x, Constant c) { return c / positive(x); }, {3, 5}},
      {"constant_enlarges", [](Constant x, Constant c) { return mean(x, {2}, true) * c; }, {3, 1}},
      {"scalar_enlarges",
       [](Constant x, Constant c) {
         return sum(x, {1, 2, 3}, true) - c;
       },
       {2, 3, 5}},
  };
}

// Of rows, between layers: in programs a block of samples is a matrix.
std::vector<Row> of_rows() {
  return {
      {"row_share", [](Constant x, Constant) { return positive(x) / sum(positive(x), {1}, true); }},
      {"row_norm", [](Constant x, Constant) { return x / sqrt(sum(x * x, {1}, true) + 1e-3); }},
      {"row_bounds", [](Constant x, Constant c) { return maximum(x, c) - amax(x, {1}, true); }},
      {"row_constants", [](Constant x, Constant c) { return (c - x) / (x * c + positive(x)); }, {7}},
  };
}

}  // namespace

std::vector<SmallNetwork> small_networks() {
  std::vector<SmallNetwork> made;
  for (Row& row : of_images())
    made.push_back({row.name, {2, 3, 5}, std::make_unique<Formula>(std::move(row.formula), row.constant)});
  for (Row& row : of_rows()) {
    made.push_back({row.name,
                    {6},
                    std::make_unique<nn::Sequential>(
                        nn::Linear(6, 7), Formula(std::move(row.formula), row.constant), nn::Linear(7, 3))});
  }
  return made;
}

}  // namespace test
