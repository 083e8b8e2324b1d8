#include "tests/support/small_networks.hpp"

#include <functional>

#include <tinynn/core/random.hpp>
#include <tinynn/nn/conv1d.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/conv_transpose2d.hpp>
#include <tinynn/nn/group_norm.hpp>
#include <tinynn/nn/layer_norm.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/norm.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/prelu.hpp>
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

template <class... Layers>
SmallNetwork layers(const char* name, const Shape& of_one, Layers... layers) {
  return {name, of_one, std::make_unique<nn::Sequential>(std::move(layers)...)};
}

// Norms and slopes as of training, not as they start.
template <class Layer>
Layer trained(Layer layer) {
  for (Parameter& p : layer.parameters()) p.assign(rand(p.shape(), 0.3, 1.5));
  return layer;
}

std::vector<SmallNetwork> of_layers() {
  using namespace nn;
  std::vector<SmallNetwork> made;
  const auto add = [&](SmallNetwork network) { made.push_back(std::move(network)); };
  add(layers("sequences", {3, 9}, Conv1d(3, 4, 3, {.stride = 2, .padding = 1}), BatchNorm1d(4), ReLU(),
             Conv1d(4, 4, 2, {.dilation = 2, .groups = 2, .bias = false}), GELU(), Flatten(), Linear(12, 3)));
  add(layers("sequence_pools", {12}, Unsqueeze(1), Conv1d(1, 3, 3), MaxPool1d(2),
             AvgPool1d(3, {.stride = 1, .padding = 1}), AdaptiveAvgPool1d(1), Flatten(), Linear(3, 2)));
  add(layers("transposed", {3, 4, 3},
             ConvTranspose2d(3, 4, 3, {.stride = 2, .padding = 1, .output_padding = 1}), BatchNorm2d(4),
             ReLU(), ConvTranspose2d(4, 2, 2, {.stride = 2})));
  add(layers(
      "transposed_apart", {4, 3, 4},
      ConvTranspose2d(4, 8, {2, 3}, {.stride = {3, 2}, .padding = {0, 1}, .dilation = {1, 2}, .groups = 4}),
      Tanh(), ConvTranspose2d(8, 4, 3, {.padding = 2, .groups = 2, .bias = false})));
  add(layers("transposed_far", {2, 3, 3},
             ConvTranspose2d(2, 3, 1, {.stride = 3, .padding = 1, .output_padding = 2})));
  add(layers("padded", {2, 3, 4}, ConstantPad2d({1, 0, 2, 3}, 0.5), Conv2d(2, 3, 3), Tanh(), ZeroPad2d(1),
             Conv2d(3, 2, 2)));
  add(layers("upsampled", {2, 3, 4}, Upsample({2, 3}), ReLU(), Conv2d(2, 3, 3)));
  add(layers("layer_norms", {2, 3, 4}, trained(LayerNorm(4)), Conv2d(2, 3, 2), trained(LayerNorm({3, 2, 3})),
             ReLU(), LayerNorm({2, 3}, {.eps = 0.1, .elementwise_affine = false})));
  add(layers("row_layer_norm", {6}, Linear(6, 8), trained(LayerNorm(8)), GELU(), Linear(8, 3)));
  add(layers("group_norms", {4, 3, 3}, trained(GroupNorm(2, 4)), ReLU(), Conv2d(4, 6, 2),
             trained(GroupNorm(6, 6)), GroupNorm(1, 6, {.affine = false})));
  add(layers("slopes", {3, 4, 4}, trained(PReLU(3)), Conv2d(3, 4, 2), trained(PReLU(4)), Flatten(),
             Linear(36, 5), trained(PReLU()), Linear(5, 4), trained(PReLU(4)), Linear(4, 2)));
  add(layers("norm_of_pixels", {2, 3, 3}, Conv2d(2, 3, 2), Flatten(), trained(BatchNorm1d(12)),
             Linear(12, 2)));
  add(layers("largest_of_channels", {2, 6, 4}, AdaptiveMaxPool2d(2), Conv2d(2, 3, 1), AdaptiveMaxPool2d(1),
             Flatten()));
  return made;
}

}  // namespace

std::vector<SmallNetwork> small_networks() {
  std::vector<SmallNetwork> made = of_layers();
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
