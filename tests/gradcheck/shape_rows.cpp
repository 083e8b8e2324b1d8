// Operations that move, choose, join and reduce, and the matrix product.
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/index.hpp>
#include <tinynn/ops/matmul.hpp>
#include <tinynn/ops/reduce.hpp>
#include <tinynn/ops/shape.hpp>

#include "tests/gradcheck/table.hpp"

using namespace tinynn;

namespace test {
namespace {

std::vector<Case> products() {
  const std::vector<std::pair<Shape, Shape>> shapes = {{{1, 1}, {1, 1}},
                                                       {{3, 5}, {5, 2}},
                                                       {{4}, {4}},
                                                       {{4}, {4, 3}},
                                                       {{3, 4}, {4}},
                                                       {{2, 3, 4}, {4, 5}},
                                                       {{2, 3, 4}, {4}},
                                                       {{3, 4}, {2, 4, 5}},
                                                       {{4}, {2, 4, 3}},
                                                       {{2, 3, 4}, {2, 4, 3}},
                                                       {{2, 3, 4}, {1, 4, 3}},
                                                       {{1, 3, 4}, {3, 4, 2}},
                                                       {{2, 1, 2, 3}, {3, 3, 2}},
                                                       {{2, 1, 2, 3}, {1, 3, 3, 1}},
                                                       {{0, 3}, {3, 2}},
                                                       {{3, 0}, {0, 2}},
                                                       {{0, 2, 3}, {3, 2}},
                                                       {{0, 2, 3}, {1, 3, 2}}};
  std::vector<Case> cases;
  for (const auto& [a, b] : shapes) {
    cases.push_back({{{a}, {b}}, [](Inputs x) { return matmul(x[0], x[1]); }});
  }
  cases.push_back({{{{3, 3}}}, [](Inputs x) { return matmul(x[0], x[0]); }});
  return cases;
}

// All dimensions, one, several, kept or not.
template <class F>
std::vector<Case> reductions(F call) {
  struct Way {
    Shape shape;
    std::vector<int64_t> dims;
    bool keepdim = false;
  };
  std::vector<Case> cases;
  for (const Way& way :
       {Way{{}, {}}, Way{{1}, {0}}, Way{{7}, {}}, Way{{3, 5}, {}, true}, Way{{3, 5}, {0}}, Way{{3, 5}, {-1}},
        Way{{3, 5}, {1}, true}, Way{{2, 3, 4}, {1}}, Way{{2, 3, 4}, {0, 2}}, Way{{2, 3, 4}, {2, 0}, true},
        Way{{2, 1, 3}, {1}}, Way{{0, 3}, {1}}}) {
    cases.push_back({{{way.shape}}, [call, way](Inputs x) { return call(x[0], way.dims, way.keepdim); }});
  }
  return cases;
}

}  // namespace

std::vector<Row> shape_rows() {
  using T = const Tensor&;
  using Dims = const std::vector<int64_t>&;
  return {
      {"reshape",
       {{{{{2, 6}}},
         [](Inputs x) {
           return reshape(x[0], {3, -1});
         }},
        {{{{1}}}, [](Inputs x) { return reshape(x[0], Shape{}); }},
        {{{{0, 3}}},
         [](Inputs x) {
           return reshape(x[0], {3, 0});
         }}}},
      {"flatten",
       {{{{{2, 3, 2}}}, [](Inputs x) { return flatten(x[0]); }},
        {{{{2, 3, 2}}}, [](Inputs x) { return flatten(x[0], 0); }}}},
      {"squeeze", {{{{{2, 1, 3}}}, [](Inputs x) { return squeeze(x[0], -2); }}}},
      {"unsqueeze", {{{{{2, 3}}}, [](Inputs x) { return unsqueeze(x[0], -1); }}}},
      {"permute",
       {{{{{2, 3, 4}}},
         [](Inputs x) {
           return permute(x[0], {2, 0, 1});
         }},
        {{{{2, 3, 2, 3}}},
         [](Inputs x) {
           return permute(x[0], {0, 2, 3, 1});
         }},
        {{{{2, 1, 3, 2}}},
         [](Inputs x) {
           return permute(x[0], {-1, 1, 0, -2});
         }},
        {{{Shape{}}}, [](Inputs x) { return permute(x[0], {}); }},
        {{{{0, 3}}},
         [](Inputs x) {
           return permute(x[0], {1, 0});
         }}}},
      {"transpose",
       {{{{{3, 5}}}, [](Inputs x) { return transpose(x[0], 0, 1); }},
        {{{{1, 4}}}, [](Inputs x) { return transpose(x[0], 0, 1); }},
        {{{{2, 3, 4}}}, [](Inputs x) { return transpose(x[0], 0, -1); }},
        {{{{2, 3, 4}}}, [](Inputs x) { return transpose(x[0], 1, 1); }}}},
      {"slice",
       {{{{{7}}}, [](Inputs x) { return slice(x[0], 0, 1, 7, 2); }},
        {{{{3, 5}}}, [](Inputs x) { return slice(x[0], 1, -3, -1); }},
        {{{{4, 2, 2}}}, [](Inputs x) { return slice(x[0], 0, 1, 100); }},
        {{{{2, 5, 2}}}, [](Inputs x) { return slice(x[0], -2, 0, 5, 3); }},
        {{{{3, 2}}}, [](Inputs x) { return slice(x[0], 0, 2, 1); }}}},
      {"chunk",
       {{{{{6}}}, [](Inputs x) { return chunk(x[0], 3, 0)[1]; }},
        {{{{2, 4, 3}}},
         [](Inputs x) {
           const auto halves = chunk(x[0], 2, 1);
           return halves[0] * halves[1];
         }},
        {{{{3, 2}}}, [](Inputs x) { return chunk(x[0], 1, -1)[0]; }}}},
      {"index_select",
       {{{{{5}}},
         [](Inputs x) {
           return index_select(x[0], 0, {4, 0, 4, 4});
         }},
        {{{{3, 5}}},
         [](Inputs x) {
           return index_select(x[0], 1, {2, 1});
         }},
        {{{{2, 3, 4}}},
         [](Inputs x) {
           return index_select(x[0], -2, {1, 1, 0});
         }},
        {{{{2, 3}}}, [](Inputs x) { return index_select(x[0], 0, {}); }}}},
      {"concat",
       {{{{{3}}, {{1}}},
         [](Inputs x) {
           return concat({x[0], x[1]}, 0);
         }},
        {{{{2, 3}}, {{2, 1}}, {{2, 4}}}, [](Inputs x) { return concat(x, 1); }},
        {{{{2, 3, 2}}, {{2, 0, 2}}, {{2, 1, 2}}}, [](Inputs x) { return concat(x, -2); }},
        {{{{2, 3}}},
         [](Inputs x) {
           return concat({x[0], x[0]}, 0);
         }}}},
      {"sum", reductions([](T x, Dims dims, bool keepdim) { return sum(x, dims, keepdim); })},
      {"mean", reductions([](T x, Dims dims, bool keepdim) { return mean(x, dims, keepdim); })},
      {"amax",
       {{{{{7}}}, [](Inputs x) { return max(x[0]); }},
        {{{{3, 5}}}, [](Inputs x) { return amax(x[0], {0}); }},
        {{{{2, 3, 4}}},
         [](Inputs x) {
           return amax(x[0], {0, 2}, true);
         }},
        {{{{0, 3}}}, [](Inputs x) { return amax(x[0], {1}); }}}},
      {"max",
       {{{{{1}}}, [](Inputs x) { return max(x[0], 0); }},
        {{{{3, 5}}}, [](Inputs x) { return max(x[0], 1); }},
        {{{{2, 3, 4}}}, [](Inputs x) { return max(x[0], -2, true); }},
        {{{{0, 3}}}, [](Inputs x) { return max(x[0], 1); }}}},
      {"matmul", products()},
  };
}

}  // namespace test
