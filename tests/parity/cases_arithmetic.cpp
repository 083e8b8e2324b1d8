#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/compare.hpp>
#include <tinynn/ops/pointwise.hpp>

#include "tests/parity/draws.hpp"

using namespace tinynn;

namespace test::parity {
namespace {

template <class F>
Case binary(const char* name, F call, double low = -3, double high = 3) {
  return {name, broadcast_pair(low, high), [call](const Trial& trial) {
            return with_gradients(trial, [&](const Trial& t) { return call(t.input("a"), t.input("b")); });
          }};
}

template <class F>
Case unary(const char* name, F call, double low = -3, double high = 3) {
  return {name, any_shape(low, high), [call](const Trial& trial) {
            return with_gradients(trial, [&](const Trial& t) { return call(t.input("x")); });
          }};
}

template <class F>
Case with_number(const char* name, F call, double low = -3, double high = 3) {
  return {name,
          with_option(any_shape(low, high), "number",
                      [](Draw& draw, const Trial&) { return draw.coin() ? 2.0 : 0.5 + 2 * draw.fraction(); }),
          [call](const Trial& trial) {
            return with_gradients(trial,
                                  [&](const Trial& t) { return call(t.input("x"), t.number("number")); });
          }};
}

// Few different values, so that some are equal.
template <class F>
Case comparison(const char* name, F call) {
  return {name,
          [](Draw& draw) {
            Trial trial = broadcast_pair(-2, 2)(draw);
            for (auto& [input, x] : trial.inputs) {
              for (int64_t i = 0; i < x.numel(); ++i) x.mutable_data()[i] = std::round(x.data()[i]);
            }
            return trial;
          },
          [call](const Trial& trial) {
            return Results{call(trial.input("a"), trial.input("b")), call(trial.input("a"), 1.0)};
          }};
}

}  // namespace

std::vector<Case> arithmetic_cases() {
  using T = const Tensor&;
  return {
      binary("add", [](T a, T b) { return a + b; }),
      binary("sub", [](T a, T b) { return a - b; }),
      binary("mul", [](T a, T b) { return a * b; }),
      binary(
          "div", [](T a, T b) { return a / b; }, 0.3, 3),
      binary("maximum", [](T a, T b) { return maximum(a, b); }),
      binary("minimum", [](T a, T b) { return minimum(a, b); }),
      with_number("add_scalar", [](T x, double c) { return x + c; }),
      with_number("mul_scalar", [](T x, double c) { return x * c; }),
      with_number("div_scalar", [](T x, double c) { return x / c; }),
      with_number("scalar_sub", [](T x, double c) { return c - x; }),
      with_number(
          "scalar_div", [](T x, double c) { return c / x; }, 0.3, 3),
      unary("neg", [](T x) { return -x; }),
      unary("exp", [](T x) { return exp(x); }),
      unary(
          "log", [](T x) { return log(x); }, 0.05, 3),
      unary(
          "sqrt", [](T x) { return sqrt(x); }, 0.05, 3),
      unary("abs", [](T x) { return abs(x); }),
      with_number(
          "pow", [](T x, double c) { return pow(x, c); }, 0.1, 3),
      with_number("clamp", [](T x, double c) { return clamp(x, -c / 2, c); }),
      comparison("gt", [](T a, const auto& b) { return a > b; }),
      comparison("lt", [](T a, const auto& b) { return a < b; }),
      comparison("ge", [](T a, const auto& b) { return a >= b; }),
      comparison("le", [](T a, const auto& b) { return a <= b; }),
      comparison("eq", [](T a, const auto& b) { return a == b; }),
      comparison("ne", [](T a, const auto& b) { return a != b; }),
  };
}

}  // namespace test::parity
