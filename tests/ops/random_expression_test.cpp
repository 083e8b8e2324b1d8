// Views, broadcasting and sums one after the other, as nobody wrote them down: each random expression is held
// against the same one over plain doubles.
#include <numeric>

#include <doctest/doctest.h>

#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/index.hpp>
#include <tinynn/ops/reduce.hpp>
#include <tinynn/ops/shape.hpp>

#include "tests/ops/twin.hpp"
#include "tests/support/broadcast.hpp"

using namespace tinynn;
using test::Doubles;

namespace {

struct Value {
  Shape shape;
  Doubles numbers;
};

// One step of an expression: from what there is so far and another input, as tinynn does it and as doubles.
struct Step {
  std::function<Tensor(const Tensor& x, const std::vector<Tensor>& inputs)> op;
  std::function<Value(const Value& x, const std::vector<Value>& inputs)> twin;
};

std::vector<int64_t> sizes_of(const Shape& shape) { return {shape.begin(), shape.end()}; }

// The value whose element at each place is x's at `source(place)`, places being indices along the dimensions.
template <class Source>
Value gathered(const Value& x, const Shape& shape, const Source& source) {
  Value y{shape, {}};
  for (int64_t i = 0; i < shape.numel(); ++i) {
    std::vector<int64_t> at;
    for (int64_t d = 0; d < shape.rank(); ++d) at.push_back(i / shape.inner(d) % shape[d]);
    const std::vector<int64_t> from = source(at);
    int64_t place = 0;
    for (int64_t d = 0; d < x.shape.rank(); ++d) place += from[d] * x.shape.inner(d);
    y.numbers.push_back(x.numbers[place]);
  }
  return y;
}

Step permuted(test::Draw& draw, const Shape& shape) {
  std::vector<int64_t> dims(static_cast<size_t>(shape.rank()));
  std::iota(dims.begin(), dims.end(), int64_t{0});
  for (size_t d = dims.size(); d > 1; --d)
    std::swap(dims[d - 1], dims[draw.between(0, std::ssize(dims) - 1) % d]);
  return {[=](const Tensor& x, const auto&) { return permute(x, dims); },
          [=](const Value& x, const auto&) {
            std::vector<int64_t> sizes;
            for (const int64_t d : dims) sizes.push_back(x.shape[d]);
            return gathered(x, Shape(sizes), [&](const std::vector<int64_t>& at) {
              std::vector<int64_t> from(at.size());
              for (size_t d = 0; d < dims.size(); ++d) from[dims[d]] = at[d];
              return from;
            });
          }};
}

Step sliced(test::Draw& draw, const Shape& shape) {
  const int64_t dim = draw.between(0, shape.rank() - 1), size = shape[dim];
  const int64_t begin = draw.between(0, size - 1), end = draw.between(begin + 1, size),
                step = draw.between(1, 2);
  return {
      [=](const Tensor& x, const auto&) { return slice(x, dim - (step - 1) * x.rank(), begin, end, step); },
      [=](const Value& x, const auto&) {
        auto sizes = sizes_of(x.shape);
        sizes[dim] = (end - begin + step - 1) / step;
        return gathered(x, Shape(sizes), [&](std::vector<int64_t> at) {
          at[dim] = begin + at[dim] * step;
          return at;
        });
      }};
}

Step selected(test::Draw& draw, const Shape& shape) {
  const int64_t dim = draw.between(0, shape.rank() - 1);
  std::vector<int64_t> indices;
  for (int64_t i = draw.between(1, 3); i > 0; --i) indices.push_back(draw.between(0, shape[dim] - 1));
  return {[=](const Tensor& x, const auto&) { return index_select(x, dim, indices); },
          [=](const Value& x, const auto&) {
            auto sizes = sizes_of(x.shape);
            sizes[dim] = std::ssize(indices);
            return gathered(x, Shape(sizes), [&](std::vector<int64_t> at) {
              at[dim] = indices[at[dim]];
              return at;
            });
          }};
}

// Two neighbouring dimensions as one, or a new one of size 1.
Step reshaped(test::Draw& draw, const Shape& shape) {
  auto sizes = sizes_of(shape);
  const int64_t dim = draw.between(0, shape.rank() - 1);
  if (shape.rank() > 1 && dim > 0 && draw.coin()) {
    sizes[dim - 1] *= sizes[dim];
    sizes.erase(sizes.begin() + dim);
  } else if (shape.rank() < 5) {
    sizes.insert(sizes.begin() + dim, 1);
  }
  const Shape to(sizes);
  return {[=](const Tensor& x, const auto&) { return reshape(x, to); },
          [=](const Value& x, const auto&) {
            return Value{to, x.numbers};
          }};
}

Step summed(test::Draw& draw, const Shape& shape) {
  const int64_t dim = draw.between(0, shape.rank() - 1);
  const bool keep = draw.coin() || shape.rank() == 1, is_mean = draw.coin();
  return {[=](const Tensor& x, const auto&) { return is_mean ? mean(x, {dim}, keep) : sum(x, {dim}, keep); },
          [=](const Value& x, const auto&) {
            auto sizes = sizes_of(x.shape);
            sizes[dim] = 1;
            Value y{Shape(sizes), Doubles(static_cast<size_t>(Shape(sizes).numel()))};
            const int64_t inner = x.shape.inner(dim), size = x.shape[dim];
            for (int64_t i = 0; i < x.shape.numel(); ++i) {
              const double part = x.numbers[i] / (is_mean ? static_cast<double>(size) : 1.0);
              y.numbers[i / inner / size * inner + i % inner] += part;
            }
            if (!keep) sizes.erase(sizes.begin() + dim);
            y.shape = Shape(sizes);
            return y;
          }};
}

// With an input whose shape broadcasts: some of the sizes are 1, or not there.
Step combined(test::Draw& draw, const Shape& shape, std::vector<Shape>& inputs) {
  std::vector<int64_t> sizes, result = sizes_of(shape);
  for (int64_t d = draw.between(0, shape.rank()); d < shape.rank(); ++d) {
    const bool grows = shape[d] == 1 && draw.coin();
    sizes.push_back(grows ? draw.between(1, 3) : draw.coin() ? 1 : shape[d]);
    result[d] = std::max(result[d], sizes.back());
  }
  inputs.emplace_back(sizes);
  const Shape to(result);
  const size_t k = inputs.size() - 1;
  const int64_t way = draw.between(0, 2);
  return {[=](const Tensor& x, const auto& all) {
            return way == 0 ? add(x, all[k]) : way == 1 ? mul(all[k], x) : sub(all[k], x);
          },
          [=](const Value& x, const auto& all) {
            Value y{to, {}};
            for (int64_t i = 0; i < to.numel(); ++i) {
              const double a = x.numbers[test::source_of(i, to, x.shape)];
              const double b = all[k].numbers[test::source_of(i, to, all[k].shape)];
              y.numbers.push_back(way == 0 ? a + b : way == 1 ? a * b : b - a);
            }
            return y;
          }};
}

}  // namespace

TEST_CASE("ops. random expressions of views, broadcasting and sums equal those over doubles") {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    test::Draw draw(seed);
    std::vector<Shape> shapes{draw.shape(4, 4)};
    std::vector<Step> steps;
    // What shape there is after each step, the twin says.
    const auto twin = [&](const std::vector<Value>& inputs) {
      Value x = inputs[0];
      for (const Step& step : steps) x = step.twin(x, inputs);
      return x;
    };
    const auto values = [&](const std::vector<Doubles>& numbers) {
      std::vector<Value> result;
      for (size_t k = 0; k < shapes.size(); ++k) result.push_back({shapes[k], numbers[k]});
      return result;
    };
    std::vector<Tensor> inputs{draw.tensor(shapes[0])};
    for (int64_t i = draw.between(2, 8); i > 0; --i) {
      std::vector<Doubles> so_far;
      for (const Tensor& input : inputs) so_far.push_back(test::doubles(input));
      const Shape shape = twin(values(so_far)).shape;
      if (shape.numel() > 200) break;
      switch (draw.between(0, 6)) {
        case 0: steps.push_back(permuted(draw, shape)); break;
        case 1: steps.push_back(sliced(draw, shape)); break;
        case 2: steps.push_back(selected(draw, shape)); break;
        case 3: steps.push_back(reshaped(draw, shape)); break;
        case 4: steps.push_back(summed(draw, shape)); break;
        default: steps.push_back(combined(draw, shape, shapes)); inputs.push_back(draw.tensor(shapes.back()));
      }
    }
    const auto op = [&](const std::vector<Tensor>& all) {
      Tensor x = all[0];
      for (const Step& step : steps) x = step.op(x, all);
      return x;
    };
    const auto numbers = [&](const std::vector<Doubles>& all) { return twin(values(all)).numbers; };
    std::vector<Doubles> at;
    for (const Tensor& input : inputs) at.push_back(test::doubles(input));
    REQUIRE(op(inputs).shape() == twin(values(at)).shape);
    REQUIRE(test::twin_difference(draw, inputs, op, numbers) == "");
  }
}
