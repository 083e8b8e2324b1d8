#include "tests/parity/torch/twins.hpp"

namespace test::parity {

Twins shape_twins() {
  using X = const TorchInputs&;
  using T = const Trial&;
  return {
      {"reshape", torch_gradients([](X x, T) {
         return x("x").reshape({-1, 1});
       })},
      {"flatten", torch_gradients([](X x, T t) { return x("x").flatten(t.integer("dim")); })},
      {"squeeze", torch_gradients(
                      [](X x, T t) { return x("x").unsqueeze(t.integer("dim")).squeeze(t.integer("dim")); })},
      {"unsqueeze", torch_gradients([](X x, T t) { return x("x").unsqueeze(t.integer("dim")); })},
      {"permute", torch_gradients([](X x, T t) { return x("x").permute(t.integers("dims")); })},
      {"transpose",
       torch_gradients([](X x, T t) { return x("x").transpose(t.integer("dim"), t.integer("other")); })},
      {"slice", torch_gradients([](X x, T t) {
         const auto range = t.integers("range");
         return x("x").slice(t.integer("dim"), range[0], range[1], range[2]);
       })},
      {"chunk", torch_gradients([](X x, T t) {
         const auto pieces = x("x").chunk(t.integer("count"), t.integer("dim"));
         return pieces.front() * pieces.back();
       })},
      {"index_select", torch_gradients([](X x, T t) {
         return x("x").index_select(t.integer("dim"), torch::tensor(t.integers("indices"), torch::kLong));
       })},
      {"concat", torch_gradients([](X x, T t) {
         std::vector<at::Tensor> parts;
         for (const auto& [name, value] : t.inputs) parts.push_back(x(name));
         return torch::cat(parts, t.integer("dim"));
       })},
      {"argsort", [](T t) { return Results{to_tinynn(to_torch(t.input("x")).flatten().argsort())}; }},
      {"argmax",
       [](T t) { return Results{to_tinynn(to_torch(t.input("x")).argmax(t.integer("dim")).flatten())}; }},
      {"sum", torch_gradients([](X x, T t) { return x("x").sum(t.integers("dims"), t.flag("keepdim")); })},
      {"mean", torch_gradients([](X x, T t) { return x("x").mean(t.integers("dims"), t.flag("keepdim")); })},
      {"amax", torch_gradients([](X x, T t) { return x("x").amax(t.integers("dims"), t.flag("keepdim")); })},
      {"max", torch_gradients([](X x, T t) { return std::get<0>(x("x").max(t.integer("dim"))); })},
      {"matmul", torch_gradients([](X x, T) { return torch::matmul(x("a"), x("b")); })},
  };
}

}  // namespace test::parity
