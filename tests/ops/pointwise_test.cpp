#include <algorithm>
#include <cmath>
#include <string>

#include <doctest/doctest.h>

#include <tinynn/ops/pointwise.hpp>

#include "tests/ops/twin.hpp"

using namespace tinynn;
using test::Doubles;

using Values = std::vector<float>;

namespace {

// The value and the gradient of f at one point.
std::pair<float, float> at(float place, const std::function<Tensor(const Tensor&)>& f) {
  Tensor x = tensor({place});
  x.set_requires_grad();
  const Tensor y = f(x);
  y.backward();
  return {y.item(), x.grad().item()};
}

using Point = std::pair<float, float>;

}  // namespace

TEST_CASE("ops. functions of single elements over random shapes equal their naive twins") {
  struct Function {
    const char* name;
    std::function<Tensor(const Tensor&)> op;
    std::function<double(double)> twin;
    float low, high;
  };
  const Function functions[] = {
      {"x^2", [](const Tensor& x) { return pow(x, 2); }, [](double x) { return x * x; }, -2, 2},
      {"x^3", [](const Tensor& x) { return pow(x, 3); }, [](double x) { return x * x * x; }, -2, 2},
      {"x^-1.5", [](const Tensor& x) { return pow(x, -1.5); }, [](double x) { return std::pow(x, -1.5); },
       0.5, 3},
      {"exp", [](const Tensor& x) { return exp(x); }, [](double x) { return std::exp(x); }, -3, 2},
      {"log", [](const Tensor& x) { return log(x); }, [](double x) { return std::log(x); }, 0.1F, 4},
      {"sqrt", [](const Tensor& x) { return sqrt(x); }, [](double x) { return std::sqrt(x); }, 0.1F, 4},
      {"abs", [](const Tensor& x) { return abs(x); }, [](double x) { return std::abs(x); }, -2, 2},
      {"clamp", [](const Tensor& x) { return clamp(x, -0.3, 0.7); },
       [](double x) { return std::clamp(x, -0.3, 0.7); }, -2, 2},
  };
  test::Draw draw(72);
  for (const auto& [name, op, twin, low, high] : functions) {
    const std::string operation = name;  // clang 14 captures no structured bindings
    CAPTURE(operation);
    for (int i = 0; i < 50; ++i) {
      Tensor x = draw.tensor(draw.shape(3, 5));
      for (int64_t j = 0; j < x.numel(); ++j) {
        x.mutable_data()[j] = low + (high - low) * (x.data()[j] + 1) / 2;
      }
      const auto loop = [&, twin = twin](const std::vector<Doubles>& in) {
        Doubles y;
        for (const double value : in[0]) y.push_back(twin(value));
        return y;
      };
      REQUIRE(test::twin_difference(
                  draw, {x}, [op = op](const auto& in) { return op(in[0]); }, loop) == "");
    }
  }
}

TEST_CASE("ops. derivatives that are conventions are PyTorch's") {
  using test::infinity;
  CHECK(at(0, [](const Tensor& x) { return abs(x); }) == Point{0, 0});
  CHECK(at(0, [](const Tensor& x) { return sqrt(x); }) == Point{0, infinity});
  CHECK(at(0, [](const Tensor& x) { return pow(x, 0); }) == Point{1, 0});
  CHECK(at(0, [](const Tensor& x) { return pow(x, 1); }) == Point{0, 1});
  CHECK(at(0, [](const Tensor& x) { return pow(x, 2); }) == Point{0, 0});
  CHECK(at(0, [](const Tensor& x) { return pow(x, 0.5); }) == Point{0, infinity});
  CHECK(at(0, [](const Tensor& x) { return log(x); }) == Point{-infinity, infinity});
  CHECK(at(-1, [](const Tensor& x) { return clamp(x, -1, 2); }) == Point{-1, 1});
  CHECK(at(2, [](const Tensor& x) { return clamp(x, -1, 2); }) == Point{2, 1});
  CHECK(at(2.5, [](const Tensor& x) { return clamp(x, -1, 2); }) == Point{2, 0});
  CHECK(at(5, [](const Tensor& x) { return clamp(x, 3); }) == Point{5, 1});
  CHECK(at(0, [](const Tensor& x) { return clamp(x, 3, 1); }) == Point{1, 0});  // the upper bound wins
}

TEST_CASE("ops. what is not a number stays so") {
  const float bad = test::not_a_number;
  CHECK(std::isnan(at(bad, [](const Tensor& x) { return abs(x); }).first));
  CHECK(std::isnan(at(bad, [](const Tensor& x) { return exp(x); }).first));
  CHECK(std::isnan(at(bad, [](const Tensor& x) { return clamp(x, 0, 1); }).first));
  CHECK(std::isnan(at(-1, [](const Tensor& x) { return log(x); }).first));
  CHECK(std::isnan(at(-1, [](const Tensor& x) { return sqrt(x); }).first));
  CHECK(std::isnan(at(-1, [](const Tensor& x) { return pow(x, 0.5); }).first));
}
