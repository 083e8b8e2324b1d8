// Moving, choosing and summing elements; products of matrices.
#include <algorithm>
#include <numeric>

#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/index.hpp>
#include <tinynn/ops/matmul.hpp>
#include <tinynn/ops/reduce.hpp>
#include <tinynn/ops/shape.hpp>

#include "tests/parity/draws.hpp"

using namespace tinynn;

namespace test::parity {
namespace {

std::function<Results(const Trial&)> differentiated(std::function<Tensor(const Trial&)> call) {
  return [call = std::move(call)](const Trial& trial) { return with_gradients(trial, call); };
}

std::vector<double> doubles(const std::vector<int64_t>& values) { return {values.begin(), values.end()}; }

Trial draw_order(Draw& draw) {
  Trial trial = any_shape(-1, 1)(draw);
  std::vector<int64_t> order(static_cast<size_t>(trial.input("x").rank()));
  std::iota(order.begin(), order.end(), 0);
  for (size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[draw.between(0, static_cast<int64_t>(i) - 1)]);
  }
  trial.options["dims"] = doubles(order);
  return trial;
}

Trial draw_two_dims(Draw& draw) {
  Trial trial = with_dim(-1, 1)(draw);
  const int64_t rank = trial.input("x").rank();
  trial.options["other"] = {static_cast<double>(draw.between(-rank, rank - 1))};
  return trial;
}

Trial draw_slice(Draw& draw) {
  Trial trial = with_dim(-1, 1)(draw);
  const int64_t size = trial.input("x").size(trial.integer("dim"));
  const int64_t begin = draw.between(0, size);
  trial.options["range"] = doubles({begin, draw.between(begin, size), draw.between(1, 3)});
  return trial;
}

Trial draw_indices(Draw& draw) {
  Trial trial = with_dim(-1, 1)(draw);
  const int64_t size = trial.input("x").size(trial.integer("dim"));
  for (int64_t i = draw.between(1, 7); i > 0; --i) {
    trial.options["indices"].push_back(static_cast<double>(draw.between(0, size - 1)));
  }
  return trial;
}

Trial draw_parts(Draw& draw) {
  Trial trial = with_dim(-1, 1)(draw);
  const int64_t dim = trial.integer("dim");
  for (const char* name : {"y", "z"}) {
    if (draw.chance(0.7))
      trial.inputs.emplace_back(name, draw.tensor(trial.input("x").shape().with(dim, draw.between(1, 4))));
  }
  return trial;
}

std::vector<Tensor> parts(const Trial& trial) {
  std::vector<Tensor> all;
  for (const auto& [name, value] : trial.inputs) all.push_back(value);
  return all;
}

Trial draw_pieces(Draw& draw) {
  const Shape shape = draw.shape(4, 5);
  const int64_t dim = draw.between(0, shape.rank() - 1), count = draw.between(1, 4);
  Trial trial{
      .options = {}, .inputs = {{"x", draw.tensor(shape.with(dim, shape[dim] * count))}}, .labels = {}};
  trial.options["dim"] = {static_cast<double>(dim)};
  trial.options["count"] = {static_cast<double>(count)};
  return trial;
}

Trial draw_reduction(Draw& draw) {
  Trial trial{.options = {}, .inputs = {{"x", draw.tensor(draw.shape(4, 6))}}, .labels = {}};
  std::vector<int64_t> dims = draw.subset(trial.input("x").rank());
  if (dims.empty()) dims = {-1};
  trial.options["dims"] = doubles(dims);
  trial.options["keepdim"] = {draw.coin() ? 1.0 : 0.0};
  return trial;
}

Trial draw_product(Draw& draw) {
  const int64_t m = draw.between(1, 9), k = draw.between(1, 9), n = draw.between(1, 9);
  const int64_t batch = draw.between(0, 3);  // 0: none; b may be shared by the batch
  const Shape a = batch > 0 ? Shape{batch, m, k} : Shape{m, k};
  const Shape b = batch > 0 && draw.coin() ? Shape{batch, k, n} : Shape{k, n};
  return {.options = {}, .inputs = {{"a", draw.tensor(a)}, {"b", draw.tensor(b)}}, .labels = {}};
}

}  // namespace

std::vector<Case> shape_cases() {
  return {
      {"reshape", any_shape(-1, 1), differentiated([](const Trial& t) {
         return reshape(t.input("x"), {-1, 1});
       })},
      {"flatten", with_dim(-1, 1),
       differentiated([](const Trial& t) { return flatten(t.input("x"), t.integer("dim")); })},
      {"squeeze", with_dim(-1, 1), differentiated([](const Trial& t) {
         return squeeze(unsqueeze(t.input("x"), t.integer("dim")), t.integer("dim"));
       })},
      {"unsqueeze", with_dim(-1, 1),
       differentiated([](const Trial& t) { return unsqueeze(t.input("x"), t.integer("dim")); })},
      {"permute", draw_order,
       differentiated([](const Trial& t) { return permute(t.input("x"), t.integers("dims")); })},
      {"transpose", draw_two_dims, differentiated([](const Trial& t) {
         return transpose(t.input("x"), t.integer("dim"), t.integer("other"));
       })},
      {"slice", draw_slice, differentiated([](const Trial& t) {
         const auto range = t.integers("range");
         return slice(t.input("x"), t.integer("dim"), range[0], range[1], range[2]);
       })},
      {"chunk", draw_pieces, differentiated([](const Trial& t) {
         const auto pieces = chunk(t.input("x"), t.integer("count"), t.integer("dim"));
         return pieces.front() * pieces.back();
       })},
      {"index_select", draw_indices, differentiated([](const Trial& t) {
         return index_select(t.input("x"), t.integer("dim"), t.integers("indices"));
       })},
      {"concat", draw_parts,
       differentiated([](const Trial& t) { return concat(parts(t), t.integer("dim")); })},
      {"argsort", with_dim(-1, 1),
       [](const Trial& t) {
         const Tensor row = flatten(t.input("x"), 0);
         const auto order = argsort(row);
         return Results{tensor(std::vector<float>(order.begin(), order.end()), row.shape())};
       }},
      {"argmax", with_dim(-1, 1),
       [](const Trial& t) {
         const Labels where = argmax(t.input("x"), t.integer("dim"));
         return Results{tensor(std::vector<float>(where.begin(), where.end()), {where.size()})};
       }},
      {"sum", draw_reduction, differentiated([](const Trial& t) {
         return sum(t.input("x"), t.integers("dims"), t.flag("keepdim"));
       })},
      {"mean", draw_reduction, differentiated([](const Trial& t) {
         return mean(t.input("x"), t.integers("dims"), t.flag("keepdim"));
       })},
      {"amax", draw_reduction, differentiated([](const Trial& t) {
         return amax(t.input("x"), t.integers("dims"), t.flag("keepdim"));
       })},
      {"max", with_dim(-1, 1),
       differentiated([](const Trial& t) { return max(t.input("x"), t.integer("dim")); })},
      {"matmul", draw_product,
       differentiated([](const Trial& t) { return matmul(t.input("a"), t.input("b")); })},
  };
}

}  // namespace test::parity
