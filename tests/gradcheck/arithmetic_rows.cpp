#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/compare.hpp>
#include <tinynn/ops/pointwise.hpp>

#include "tests/gradcheck/table.hpp"

using namespace tinynn;

namespace test {
namespace {

// The shapes of two operands: the same, a scalar, a row, a channel, both repeated, nothing at all.
template <class F>
std::vector<Case> pairs(F call, double low = -2, double high = 2) {
  const std::vector<std::pair<Shape, Shape>> shapes = {{{}, {}},
                                                       {{1}, {1}},
                                                       {{7}, {7}},
                                                       {{3, 5}, {3, 5}},
                                                       {{3, 5}, {}},
                                                       {{}, {2, 3}},
                                                       {{1}, {4}},
                                                       {{3, 5}, {5}},
                                                       {{3, 5}, {3, 1}},
                                                       {{3, 1}, {1, 5}},
                                                       {{5, 1, 3}, {7, 1}},
                                                       {{2, 3, 2, 2}, {3, 1, 1}},
                                                       {{2, 1, 3, 1}, {1, 2, 1, 2}},
                                                       {{0, 3}, {3}},
                                                       {{3}, {2, 0, 1}}};
  std::vector<Case> cases;
  for (const auto& [a, b] : shapes) {
    cases.push_back({{{a}, {b, low, high}}, [call](Inputs x) { return call(x[0], x[1]); }});
  }
  // One tensor on both sides: its gradient comes in two parts.
  cases.push_back({{{{2, 3}, low, high}}, [call](Inputs x) { return call(x[0], x[0]); }});
  return cases;
}

template <class F>
std::vector<Case> singles(F call, double low = -2, double high = 2) {
  std::vector<Case> cases;
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{7}, Shape{3, 5}, Shape{2, 1, 3}, Shape{0, 3}}) {
    cases.push_back({{{shape, low, high}}, [call](Inputs x) { return call(x[0]); }});
  }
  return cases;
}

std::vector<Case> together(std::vector<Case> a, const std::vector<Case>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// Ties are kinks: no tensor is compared with itself here.
std::vector<Case> without_ties(std::vector<Case> cases) {
  cases.pop_back();
  return cases;
}

}  // namespace

std::vector<Row> arithmetic_rows() {
  using T = const Tensor&;
  return {
      {"add", pairs([](T a, T b) { return a + b; })},
      {"add_scalar",
       together(singles([](T a) { return a + 0.7; }),
                together(singles([](T a) { return 0.7 + a; }), singles([](T a) { return a - 2; })))},
      {"sub", pairs([](T a, T b) { return a - b; })},
      {"scalar_sub", singles([](T a) { return 1 - a; })},
      {"mul", pairs([](T a, T b) { return a * b; })},
      {"mul_scalar",
       together(singles([](T a) { return a * 0.7; }),
                together(singles([](T a) { return -3 * a; }), singles([](T a) { return -a; })))},
      {"div", pairs([](T a, T b) { return a / b; }, 0.5, 3)},
      {"div_scalar", singles([](T a) { return a / -0.7; })},
      {"scalar_div", singles([](T a) { return 2 / a; }, -3, -0.5)},
      {"maximum", without_ties(pairs([](T a, T b) { return maximum(a, b); }))},
      {"minimum", without_ties(pairs([](T a, T b) { return minimum(a, b); }))},

      {"pow",
       together(
           together(singles([](T a) { return pow(a, 2); }), singles([](T a) { return pow(a, 3); })),
           together(together(singles([](T a) { return pow(a, 0); }), singles([](T a) { return pow(a, 1); })),
                    together(singles([](T a) { return pow(a, 0.5); }, 0.2, 3),
                             singles([](T a) { return pow(a, -1.7); }, 0.5, 3))))},
      {"exp", singles([](T a) { return exp(a); })},
      {"log", singles([](T a) { return log(a); }, 0.2, 4)},
      {"sqrt", singles([](T a) { return sqrt(a); }, 0.2, 4)},
      {"abs", singles([](T a) { return abs(a); })},
      {"clamp",
       together(singles([](T a) { return clamp(a, -1, 0.5); }), singles([](T a) { return clamp(a, 0); }))},

      {"gt", together(pairs([](T a, T b) { return a > b; }), singles([](T a) { return a > 0.5; })), false},
      {"lt", together(pairs([](T a, T b) { return a < b; }), singles([](T a) { return a < 0.5; })), false},
      {"ge", together(pairs([](T a, T b) { return a >= b; }), singles([](T a) { return a >= 0.5; })), false},
      {"le", together(pairs([](T a, T b) { return a <= b; }), singles([](T a) { return a <= 0.5; })), false},
      {"eq", together(pairs([](T a, T b) { return a == b; }), singles([](T a) { return a == 0.5; })), false},
      {"ne", together(pairs([](T a, T b) { return a != b; }), singles([](T a) { return a != 0.5; })), false},
  };
}

}  // namespace test
