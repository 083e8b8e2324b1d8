// The optimizers' loops, which tests/optim holds to their formulas: here what the loops promise beside.
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/draw.hpp"
#include "tests/support/isas.hpp"

using namespace tinynn;

namespace {

using Floats = std::vector<float>;

// Parameters and up to three moments, and one step on elements [begin, begin + count).
struct Elements {
  Floats w, a, b, c;
};
using Step = std::function<void(int64_t begin, int64_t count, const Floats& grad, Elements& e)>;

struct Named {
  std::string name;
  Step step;
};

std::vector<Named> steps() {
  using namespace kernels::simd;
  const AdamStep adam{1e-3F, 0.9F, 0.1F, 0.999F, 0.001F, 0.5F, 1e-8F, 0.01F, 0.99F};
  const RmspropStep rms{1e-2F, 0.9F, 0.1F, 1e-8F, 0.9F, 0.01F};
  std::vector<Named> result;
  for (const bool nesterov : {false, true}) {
    const SgdStep sgd{0.1F, 0.9F, 0.01F, nesterov};
    result.push_back({"sgd", [=](int64_t i, int64_t n, const Floats& g, Elements& e) {
                        table().sgd_step(n, sgd, g.data() + i, e.w.data() + i, e.a.data() + i);
                      }});
  }
  result.push_back({"adam", [=](int64_t i, int64_t n, const Floats& g, Elements& e) {
                      table().adam_step(n, adam, g.data() + i, e.w.data() + i, e.a.data() + i,
                                        e.b.data() + i);
                    }});
  result.push_back({"rmsprop", [=](int64_t i, int64_t n, const Floats& g, Elements& e) {
                      table().rmsprop_step(n, rms, g.data() + i, e.w.data() + i, e.a.data() + i,
                                           e.b.data() + i, e.c.data() + i);
                    }});
  return result;
}

}  // namespace

TEST_CASE("kernels. what an optimizer's step makes of an element does not depend on its place") {
  test::Draw draw(41);
  for (const auto& isa : kernels::isas()) {
    const test::Isa forced(isa);
    CAPTURE(isa);
    for (const auto& row : steps()) {
      const auto& [name, step] = row;
      CAPTURE(row.name);
      const int64_t count = draw.between(1, 300);
      Elements all{draw.numbers(count), draw.numbers(count), draw.numbers(count), draw.numbers(count)};
      // RMSprop takes roots of the first less the square of the second, Adam of the second.
      for (float& v : all.a) v = 1 + std::abs(v);
      for (float& v : all.b) v = std::abs(v) / 2;
      const Floats grad = draw.numbers(count);
      Elements one_by_one = all;
      step(0, count, grad, all);
      for (int64_t i = 0; i < count; ++i) step(i, 1, grad, one_by_one);
      CHECK(all.w == one_by_one.w);
      CHECK(all.a == one_by_one.a);
      CHECK(all.b == one_by_one.b);
      CHECK(all.c == one_by_one.c);
    }
  }
}

TEST_CASE("kernels. moments that no gradient feeds any more become zero, not denormal numbers") {
  for (const auto& isa : kernels::isas()) {
    const test::Isa forced(isa);
    CAPTURE(isa);
    for (const auto& row : steps()) {
      const auto& [name, step] = row;
      CAPTURE(row.name);
      for (const float mean : {1.2e-38F, -1.2e-38F}) {  // just above the denormal numbers, or below
        CAPTURE(mean);
        Elements e{{0}, {mean}, {1.2e-38F}, {1.2e-38F}};
        if (name == "rmsprop") e = {{0}, {1.2e-38F}, {mean}, {mean}};  // the first is of squares
        for (int i = 0; i < 100; ++i) {
          step(0, 1, {0}, e);
          for (const Floats* moment : {&e.a, &e.b, &e.c})
            CHECK(std::fpclassify(moment->front()) != FP_SUBNORMAL);
          e.w[0] = 0;
        }
      }
    }
  }
}
