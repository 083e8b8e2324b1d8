// What layers are made of: linear, convolution, pooling, activations, normalisation, dropout.
#include <tinynn/core/random.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/conv2d.hpp>
#include <tinynn/ops/conv_transpose2d.hpp>
#include <tinynn/ops/dropout.hpp>
#include <tinynn/ops/linear.hpp>
#include <tinynn/ops/norm.hpp>
#include <tinynn/ops/pad.hpp>
#include <tinynn/ops/pool.hpp>
#include <tinynn/ops/prelu.hpp>

#include "tests/gradcheck/table.hpp"

using namespace tinynn;

namespace test {
namespace {

template <class F>
std::vector<Case> elementwise(F call) {
  std::vector<Case> cases;
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{7}, Shape{3, 5}, Shape{2, 1, 3}, Shape{0, 3}}) {
    cases.push_back({{{shape}}, [call](Inputs x) { return call(x[0]); }});
  }
  return cases;
}

template <class F>
std::vector<Case> along_a_dimension(F call) {
  std::vector<Case> cases;
  for (const Shape& shape : {Shape{1}, Shape{7}, Shape{3, 5}, Shape{2, 4, 3}, Shape{2, 1, 3}, Shape{0, 3}}) {
    for (int64_t dim = 0; dim < shape.rank(); ++dim) {
      cases.push_back({{{shape}}, [call, dim](Inputs x) { return call(x[0], dim); }});
    }
    cases.push_back({{{shape}}, [call](Inputs x) { return call(x[0], -1); }});
  }
  return cases;
}

Case convolution(const Shape& x, const Shape& weight, const Conv2dOptions& options = {}) {
  return {{{x}, {weight}, {{weight[0]}}},
          [options](Inputs in) { return conv2d(in[0], in[1], in[2], options); }};
}

Case sequence(const Shape& x, const Shape& weight, const Conv1dOptions& options = {}) {
  return {{{x}, {weight}, {{weight[0]}}},
          [options](Inputs in) { return conv1d(in[0], in[1], in[2], options); }};
}

Case transposed(const Shape& x, const Shape& weight, const ConvTranspose2dOptions& options = {}) {
  return {{{x}, {weight}, {{weight[1] * options.groups}}},
          [options](Inputs in) { return conv_transpose2d(in[0], in[1], in[2], options); }};
}

// A range wide enough for distinct numbers: ties are kinks of a maximum.
Case pooled(const Shape& x, std::function<Tensor(const Tensor&)> pool) {
  return {{{x, -4, 4}}, [pool = std::move(pool)](Inputs in) { return pool(in[0]); }};
}

Case sloped(const Shape& x, int64_t slopes) {
  return {{{x}, {{slopes}}}, [](Inputs in) { return prelu(in[0], in[1]); }};
}

Case normalised(const Shape& x, bool training) {
  const int64_t c = x[1];
  return {{{x}, {{c}}, {{c}}}, [=](Inputs in) {
            return batch_norm(in[0], full({c}, 0.3), full({c}, 1.7), in[1], in[2], {.training = training});
          }};
}

Case layer_normalised(const Shape& x, int64_t dims, double eps = 1e-5) {
  const Shape last(std::span(x.end() - dims, x.end()));
  return {{{x}, {last}, {last}}, [=](Inputs in) { return layer_norm(in[0], dims, in[1], in[2], eps); }};
}

Case group_normalised(const Shape& x, int64_t groups, double eps = 1e-5) {
  return {{{x}, {{x[1]}}, {{x[1]}}}, [=](Inputs in) { return group_norm(in[0], groups, in[1], in[2], eps); }};
}

}  // namespace

std::vector<Row> layer_rows() {
  using T = const Tensor&;
  return {
      {"linear",
       {{{{{3, 5}}, {{2, 5}}, {{2}}}, [](Inputs x) { return linear(x[0], x[1], x[2]); }},
        {{{{1, 1}}, {{1, 1}}}, [](Inputs x) { return linear(x[0], x[1]); }},
        {{{{4}}, {{3, 4}}, {{3}}}, [](Inputs x) { return linear(x[0], x[1], x[2]); }},
        {{{{2, 3, 4}}, {{5, 4}}, {{5}}}, [](Inputs x) { return linear(x[0], x[1], x[2]); }},
        {{{{0, 3}}, {{2, 3}}, {{2}}}, [](Inputs x) { return linear(x[0], x[1], x[2]); }}}},
      {"conv2d",
       {convolution({1, 1, 1, 1}, {1, 1, 1, 1}),
        convolution({2, 3, 5, 4}, {2, 3, 3, 2}),
        convolution({1, 2, 5, 5}, {3, 2, 3, 3}, {.padding = 1}),
        convolution({1, 2, 6, 5}, {2, 2, 3, 2}, {.stride = 2, .padding = 1}),
        convolution({1, 1, 7, 7}, {2, 1, 3, 3}, {.padding = 2, .dilation = 2}),
        convolution({2, 4, 4, 4}, {6, 2, 2, 2}, {.groups = 2}),
        convolution({1, 3, 5, 5}, {3, 1, 3, 3}, {.stride = 3, .padding = 2, .dilation = 2, .groups = 3}),
        convolution({2, 3, 3, 3}, {4, 3, 1, 1}),
        convolution({1, 2, 7, 6}, {3, 2, 3, 2}, {.stride = {1, 2}, .padding = {2, 0}, .dilation = {2, 1}}),
        convolution({2, 2, 5, 6}, {2, 1, 2, 3}, {.stride = {3, 1}, .padding = {0, 2, 1, 0}, .groups = 2}),
        convolution({0, 2, 3, 3}, {2, 2, 2, 2}),
        {{{{1, 2, 3, 3}}, {{2, 2, 2, 2}}}, [](Inputs x) { return conv2d(x[0], x[1]); }}}},
      {"conv1d",
       {sequence({1, 1, 1}, {1, 1, 1}),
        sequence({2, 3, 7}, {2, 3, 3}, {.stride = 2, .padding = 1}),
        sequence({1, 4, 9}, {6, 2, 3}, {.padding = 2, .dilation = 2, .groups = 2}),
        sequence({1, 3, 6}, {6, 1, 2}, {.groups = 3}),
        sequence({0, 2, 3}, {2, 2, 2}),
        {{{{1, 2, 4}}, {{2, 2, 2}}}, [](Inputs x) { return conv1d(x[0], x[1]); }}}},
      {"conv_transpose2d",
       {transposed({1, 1, 1, 1}, {1, 1, 1, 1}),
        transposed({2, 3, 3, 4}, {3, 2, 2, 2}, {.stride = 2}),
        transposed({1, 2, 3, 3}, {2, 3, 3, 3}, {.stride = 2, .padding = 1, .output_padding = 1}),
        transposed({1, 2, 4, 3}, {2, 2, 3, 2}, {.stride = {1, 3}, .padding = {2, 0}, .dilation = {2, 1}}),
        transposed({2, 4, 3, 3}, {4, 3, 2, 2}, {.stride = 3, .groups = 2}),
        transposed({1, 3, 3, 3}, {3, 2, 3, 3}, {.padding = {0, 1, 2, 0}, .dilation = 2, .groups = 3}),
        transposed({0, 2, 3, 3}, {2, 2, 2, 2}),
        {{{{1, 2, 3, 3}}, {{2, 2, 2, 2}}}, [](Inputs x) { return conv_transpose2d(x[0], x[1]); }}}},
      {"pad",
       {{{{{2, 3}}},
         [](Inputs x) {
           return pad(x[0], {1, 2});
         }},
        {{{{2, 3, 2}}},
         [](Inputs x) {
           return pad(x[0], {0, 1, 2, 0}, 3);
         }},
        {{{{2, 1, 2, 3}}},
         [](Inputs x) {
           return pad(x[0], {1, 1, 0, 2, 3, 1});
         }},
        {{{{0, 2, 2}}},
         [](Inputs x) {
           return pad(x[0], {1, 1});
         }},
        {{{{3}}}, [](Inputs x) { return pad(x[0], {}); }}}},
      {"upsample_nearest",
       {{{{{1, 2, 3}}}, [](Inputs x) { return upsample_nearest(x[0], 3); }},
        {{{{2, 3, 2, 3}}},
         [](Inputs x) {
           return upsample_nearest(x[0], {2, 3});
         }},
        {{{{2, 1, 1, 2}}}, [](Inputs x) { return upsample_nearest(x[0], 1); }},
        {{{{0, 2, 2}}}, [](Inputs x) { return upsample_nearest(x[0], 2); }}}},
      {"max_pool2d",
       {pooled({1, 1, 1, 1}, [](T x) { return max_pool2d(x, 1); }),
        pooled({2, 3, 4, 5}, [](T x) { return max_pool2d(x, 2); }),
        pooled({1, 2, 5, 5}, [](T x) { return max_pool2d(x, 3, {.stride = 2, .padding = 1}); }),
        pooled(
            {1, 2, 6, 5},
            [](T x) {
              return max_pool2d(x, {3, 2}, {.stride = {1, 2}, .padding = {1, 0, 0, 1}, .dilation = {2, 1}});
            }),
        pooled({0, 2, 4, 4}, [](T x) { return max_pool2d(x, 2); })}},
      {"avg_pool2d",
       {pooled({1, 1, 1, 1}, [](T x) { return avg_pool2d(x, 1); }),
        pooled({2, 3, 4, 5}, [](T x) { return avg_pool2d(x, 2); }),
        pooled({1, 2, 5, 5}, [](T x) { return avg_pool2d(x, 3, {.stride = 2, .padding = 1}); }),
        pooled({1, 2, 6, 5},
               [](T x) {
                 return avg_pool2d(x, {3, 2}, {.stride = {1, 2}, .padding = {1, 0, 0, 1}});
               }),
        pooled({1, 2, 5, 5},
               [](T x) { return avg_pool2d(x, 3, {.padding = 1, .count_include_pad = false}); }),
        pooled({0, 2, 4, 4}, [](T x) { return avg_pool2d(x, 2); })}},
      {"adaptive_avg_pool2d",
       {pooled({1, 1, 1, 1},
               [](T x) {
                 return adaptive_avg_pool2d(x, {1, 1});
               }),
        pooled({2, 3, 4, 5},
               [](T x) {
                 return adaptive_avg_pool2d(x, {1, 1});
               }),
        pooled({1, 2, 5, 7},
               [](T x) {
                 return adaptive_avg_pool2d(x, {2, 3});
               }),
        pooled({1, 1, 2, 3},
               [](T x) {
                 return adaptive_avg_pool2d(x, {3, 4});
               }),
        pooled({0, 2, 4, 4},
               [](T x) {
                 return adaptive_avg_pool2d(x, {2, 2});
               })}},
      {"adaptive_max_pool2d",
       {pooled({1, 1, 1, 1},
               [](T x) {
                 return adaptive_max_pool2d(x, {1, 1});
               }),
        pooled({2, 3, 4, 5},
               [](T x) {
                 return adaptive_max_pool2d(x, {1, 1});
               }),
        pooled({1, 2, 5, 7},
               [](T x) {
                 return adaptive_max_pool2d(x, {2, 3});
               }),
        pooled({1, 1, 2, 3},
               [](T x) {
                 return adaptive_max_pool2d(x, {3, 4});
               }),
        pooled({0, 2, 4, 4},
               [](T x) {
                 return adaptive_max_pool2d(x, {2, 2});
               })}},

      {"relu", elementwise([](T x) { return relu(x); })},
      {"leaky_relu", elementwise([](T x) { return leaky_relu(x, 0.2); })},
      {"relu6", elementwise([](T x) { return relu6(4 * x); })},
      {"hardsigmoid", elementwise([](T x) { return hardsigmoid(2 * x); })},
      {"hardswish", elementwise([](T x) { return hardswish(2 * x); })},
      {"elu", elementwise([](T x) { return elu(x, 0.7); })},
      {"sigmoid", elementwise([](T x) { return sigmoid(x); })},
      {"tanh", elementwise([](T x) { return tanh(x); })},
      {"silu", elementwise([](T x) { return silu(x); })},
      {"gelu", elementwise([](T x) { return gelu(x); })},
      {"gelu_tanh", elementwise([](T x) { return gelu(x, GeluFormula::tanh); })},
      {"softmax", along_a_dimension([](T x, int64_t dim) { return softmax(x, dim); })},
      {"log_softmax", along_a_dimension([](T x, int64_t dim) { return log_softmax(x, dim); })},

      {"prelu",
       {sloped({}, 1), sloped({7}, 1), sloped({3, 5}, 1), sloped({3, 5}, 5), sloped({2, 3, 2, 2}, 3),
        sloped({2, 1, 3}, 1), sloped({0, 3}, 3)}},
      {"batch_norm",
       {normalised({3, 2}, true), normalised({2, 3, 4}, true), normalised({2, 3, 2, 3}, true),
        normalised({1, 1, 2, 1}, true), normalised({3, 2}, false), normalised({1, 2, 1, 1}, false),
        normalised({2, 2, 3, 2}, false), normalised({0, 2}, false)}},
      {"layer_norm",
       {layer_normalised({7}, 1),
        layer_normalised({3, 5}, 1),
        layer_normalised({3, 5}, 2),
        layer_normalised({2, 3, 2, 3}, 2),
        layer_normalised({2, 1, 3}, 3),
        layer_normalised({0, 3}, 1),
        layer_normalised({2, 3, 4}, 1, 0.1),
        {{{{3, 5}}}, [](Inputs x) { return layer_norm(x[0], 1); }}}},
      {"group_norm",
       {group_normalised({3, 4}, 1),
        group_normalised({3, 6}, 2),
        group_normalised({2, 4, 2, 3}, 2),
        group_normalised({2, 3, 4}, 3),
        group_normalised({1, 4, 3}, 1),
        group_normalised({0, 4}, 2),
        group_normalised({2, 4, 3}, 2, 0.1),
        {{{{2, 4, 3}}}, [](Inputs x) { return group_norm(x[0], 2); }}}},
      {"dropout", elementwise([](T x) {
         manual_seed(5);  // the same elements each time
         return dropout(x, 0.4);
       })},
  };
}

}  // namespace test
