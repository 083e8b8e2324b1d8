#include "tests/parity/torch/twins.hpp"

namespace test::parity {
namespace {

using T = const at::Tensor&;

template <class F>
auto binary(F call) {
  return torch_gradients([call](const TorchInputs& x, const Trial&) { return call(x("a"), x("b")); });
}

template <class F>
auto unary(F call) {
  return torch_gradients([call](const TorchInputs& x, const Trial&) { return call(x("x")); });
}

template <class F>
auto with_number(F call) {
  return torch_gradients(
      [call](const TorchInputs& x, const Trial& t) { return call(x("x"), t.number("number")); });
}

template <class F>
std::function<Results(const Trial&)> comparison(F call) {
  return [call](const Trial& t) {
    const at::Tensor a = to_torch(t.input("a")), b = to_torch(t.input("b"));
    return Results{to_tinynn(call(a, b)), to_tinynn(call(a, torch::ones({})))};
  };
}

}  // namespace

Twins arithmetic_twins() {
  return {
      {"add", binary([](T a, T b) { return a + b; })},
      {"sub", binary([](T a, T b) { return a - b; })},
      {"mul", binary([](T a, T b) { return a * b; })},
      {"div", binary([](T a, T b) { return a / b; })},
      {"maximum", binary([](T a, T b) { return torch::maximum(a, b); })},
      {"minimum", binary([](T a, T b) { return torch::minimum(a, b); })},
      {"add_scalar", with_number([](T x, double c) { return x + c; })},
      {"mul_scalar", with_number([](T x, double c) { return x * c; })},
      {"div_scalar", with_number([](T x, double c) { return x / c; })},
      {"scalar_sub", with_number([](T x, double c) { return c - x; })},
      {"scalar_div", with_number([](T x, double c) { return c / x; })},
      {"neg", unary([](T x) { return -x; })},
      {"exp", unary([](T x) { return torch::exp(x); })},
      {"log", unary([](T x) { return torch::log(x); })},
      {"sqrt", unary([](T x) { return torch::sqrt(x); })},
      {"abs", unary([](T x) { return torch::abs(x); })},
      {"pow", with_number([](T x, double c) { return torch::pow(x, c); })},
      {"clamp", with_number([](T x, double c) { return torch::clamp(x, -c / 2, c); })},
      {"gt", comparison([](T a, T b) { return a > b; })},
      {"lt", comparison([](T a, T b) { return a < b; })},
      {"ge", comparison([](T a, T b) { return a >= b; })},
      {"le", comparison([](T a, T b) { return a <= b; })},
      {"eq", comparison([](T a, T b) { return a == b; })},
      {"ne", comparison([](T a, T b) { return a != b; })},
  };
}

}  // namespace test::parity
