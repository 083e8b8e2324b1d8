// The 34 cases of PyTorch's test/nn/test_pruning.py, ported with their meaning. Where PyTorch keeps the
// unpruned original beside the mask (5, 29), a snapshot gives it back here. What PyTorch's names of hooks and
// buffers are about (12, 14, 15, 23, 24) becomes what a user can see: the parameter stays the same object,
// masks add up, and a parameter tells whether it is pruned. 34 prunes an LSTM, which tinynn does not have:
// not applicable.
#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/io/checkpoint.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/ops/pointwise.hpp>
#include <tinynn/ops/reduce.hpp>
#include <tinynn/optim/sgd.hpp>
#include <tinynn/prune/mask_rules.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace tinynn;
using prune::count;
using prune::fraction;
using Values = std::vector<float>;

namespace {

Values mask_values(const Parameter& p) {
  Values values(static_cast<size_t>(p.numel()), 1);
  for (int64_t i = 0; p.mask().defined() && i < p.numel(); ++i) values[i] = p.mask()[i];
  return values;
}

int64_t zeros_in(const Parameter& p) { return p.numel() - count_nonzero(p); }

// The weight of most of PyTorch's cases.
Parameter eight() { return Parameter(tensor({1, 2, 3, 4, -4, -3, -2, -1}, {2, 4})); }

prune::Rule by_scores(Tensor scores, prune::Granularity granularity = prune::element()) {
  return {.criterion = [scores](const Parameter&) { return abs(scores); }, .granularity = granularity};
}

}  // namespace

TEST_CASE("prune. pytorch 1, 2: an amount out of range is an error, others are not") {
  for (const double f : {1.1, -0.1, 20.0}) CHECK_THROWS_AS(fraction(f), Error);
  CHECK_THROWS_AS(count(-10), Error);
  for (const double f : {0.0, 1.0, 0.34}) CHECK_NOTHROW(fraction(f));
  for (const int64_t n : {0, 1, 1500}) CHECK_NOTHROW(count(n));

  Parameter five(randn({5}));
  CHECK_THROWS_AS(prune::l1_unstructured(five, count(6)), Error);
  CHECK(!five.mask().defined());
  CHECK_NOTHROW(prune::l1_unstructured(five, count(5)));
  CHECK(fraction(1).to_kill(0, 0) == 0);
  CHECK(count(0).to_kill(0, 0) == 0);
}

TEST_CASE("prune. pytorch 3: an amount in elements, halves rounded to even") {
  CHECK(count(0).to_kill(15, 15) == 0);
  CHECK(count(10).to_kill(15, 15) == 10);
  CHECK(count(1).to_kill(15, 15) == 1);
  CHECK(fraction(1).to_kill(15, 15) == 15);
  CHECK(fraction(0.4).to_kill(17, 17) == 7);
  CHECK(fraction(0.5).to_kill(5, 5) == 2);
}

TEST_CASE("prune. pytorch 4, 6: random pruning keeps shapes, and multiplies by the mask") {
  for (const Shape& shape : {Shape{7, 5}, Shape{7}, Shape{4, 3, 3, 2}, Shape{4}}) {
    Parameter p(randn(shape));
    const Values before = p.to_vector();
    prune::random_unstructured(p, fraction(0.1));
    CHECK(p.shape() == shape);
    CHECK(p.mask().shape() == shape);
    CHECK(zeros_in(p) == std::nearbyint(0.1 * static_cast<double>(shape.numel())));
    const Values mask = mask_values(p);
    for (size_t i = 0; i < before.size(); ++i) CHECK(p.values()[i] == before[i] * mask[i]);
  }
}

TEST_CASE("prune. pytorch 7, 8: a mask of ones changes neither output nor gradients") {
  nn::Linear plain(5, 7), masked = clone(plain);
  prune::custom_from_mask(masked.weight, ones({7, 5}));
  prune::random_unstructured(masked.weight, fraction(0));
  const Tensor x = ones({1, 5});
  CHECK(test::bit_difference(masked(x).values(), plain(x).values()) == "");
  CHECK(test::bit_difference(masked(x).values(), plain(x).values()) == "");
  sum(plain(x)).backward();
  sum(masked(x)).backward();
  CHECK(masked.weight.grad().to_vector() == plain.weight.grad().to_vector());
  CHECK(masked.bias.grad().to_vector() == plain.bias.grad().to_vector());
}

TEST_CASE("prune. pytorch 9: gradients are masked, and a step leaves what is dead where it is") {
  nn::Linear layer(5, 7);
  Tensor mask = ones({7, 5});
  mask.mutable_data()[0] = mask.mutable_data()[3] = 0;
  prune::custom_from_mask(layer.weight, mask);
  sum(layer(ones({1, 5}))).backward();
  CHECK(layer.weight.grad().to_vector() == mask.to_vector());
  CHECK(layer.bias.grad().to_vector() == Values(7, 1));
  optim::SGD sgd(layer.parameters(), {.lr = 1});
  sgd.step();
  CHECK(layer.weight.values()[0] == 0);
  CHECK(layer.weight.values()[3] == 0);
  CHECK(layer.weight.values()[1] != 0);
}

TEST_CASE("prune. pytorch 10, 11: the output is that of the surviving weights") {
  nn::Linear layer(5, 2);
  Tensor mask = zeros({2, 5});
  mask.mutable_data()[0] = mask.mutable_data()[9] = 1;
  const float first = layer.weight.values()[0], last = layer.weight.values()[9];
  prune::custom_from_mask(layer.weight, mask);
  const Tensor y = layer(ones({1, 5}));
  CHECK(y.values()[0] == doctest::Approx(first + layer.bias.values()[0]));
  CHECK(y.values()[1] == doctest::Approx(last + layer.bias.values()[1]));
  // "Permanent": the mask goes, the zeros stay.
  layer.weight.set_mask({});
  CHECK(layer(ones({1, 5})).to_vector() == y.to_vector());
}

TEST_CASE("prune. pytorch 12: pruning leaves the parameter the object that optimizers hold") {
  nn::Linear layer(5, 2);
  const auto before = layer.weight.handle();
  prune::random_unstructured(layer.weight, fraction(0.3));
  CHECK(layer.weight.handle() == before);
  layer.weight.set_mask({});
  CHECK(layer.weight.handle() == before);
}

TEST_CASE("prune. pytorch 13, 29, 30: a pruned network survives its file") {
  const test::TemporaryFolder folder;
  nn::Sequential net{nn::Linear(10, 10), nn::Linear(10, 1)};
  const auto parameters = prune::weights(net);
  prune::prune(parameters, fraction(0.5));
  io::save(net, folder / "net.safetensors");
  nn::Sequential loaded{nn::Linear(10, 10), nn::Linear(10, 1)};
  io::load(loaded, folder / "net.safetensors");
  for (size_t k = 0; k < parameters.size(); ++k) {
    CHECK(prune::weights(loaded)[k].to_vector() == parameters[k].to_vector());
    CHECK(mask_values(prune::weights(loaded)[k]) == mask_values(parameters[k]));
  }
}

TEST_CASE("prune. pytorch 14, 15: several prunings add up, those of other parameters stay apart") {
  nn::Conv2d layer(3, 4, 2);
  prune::l1_unstructured(layer.weight, fraction(0.3));
  const Values first = mask_values(layer.weight);
  prune::ln_structured(layer.weight, {.amount = fraction(0.5), .n = 2, .dim = 0});
  prune::ln_structured(layer.weight,
                       {.amount = count(1), .n = std::numeric_limits<double>::infinity(), .dim = 1});
  const Values last = mask_values(layer.weight);
  for (size_t i = 0; i < first.size(); ++i) CHECK(last[i] <= first[i]);
  CHECK(!layer.bias.mask().defined());
}

TEST_CASE("prune. pytorch 16: rules respect what is dead already") {
  const Tensor values = tensor({1, 2, 3, 4, 5, 6, 7, 8}, {2, 4}),
               dead = tensor({1, 1, 1, 0, 1, 1, 0, 1}, {2, 4});
  const auto pruned = [&](auto rule) {
    Parameter p(values);
    prune::custom_from_mask(p, dead);
    rule(p);
    return mask_values(p);
  };
  CHECK(pruned([](Parameter& p) { prune::l1_unstructured(p, count(2)); }) == Values{0, 0, 1, 0, 1, 1, 0, 1});
  CHECK(pruned([](Parameter& p) { prune::ln_structured(p, {.amount = count(1), .n = 2, .dim = 0}); }) ==
        Values{0, 0, 0, 0, 1, 1, 0, 1});
  CHECK(pruned([](Parameter& p) { prune::ln_structured(p, {.amount = count(1), .n = 2, .dim = 1}); }) ==
        Values{1, 1, 0, 0, 1, 1, 0, 1});
}

TEST_CASE("prune. pytorch 17: the smallest die, and again those after them") {
  Parameter p = eight();
  prune::l1_unstructured(p, count(2));
  CHECK(p.to_vector() == Values{0, 2, 3, 4, -4, -3, -2, 0});
  prune::l1_unstructured(p, count(2));
  CHECK(p.to_vector() == Values{0, 0, 3, 4, -4, -3, 0, 0});
}

TEST_CASE("prune. pytorch 18, 32: given scores rank, and their size counts") {
  Parameter p = eight();
  prune::prune({p}, count(2), by_scores(tensor({4, -2, 1, -3, 3, 1, 2, 4}, {2, 4})));
  CHECK(p.to_vector() == Values{1, 2, 0, 4, -4, 0, -2, -1});
  prune::prune({p}, count(2), by_scores(tensor({4, -2, 1, -3, 3, 1, 2, 4}, {2, 4})));
  CHECK(p.to_vector() == Values{1, 0, 0, 4, -4, 0, 0, -1});
}

TEST_CASE("prune. pytorch 19: ties are broken by count, never by a threshold") {
  Values values(70);
  const RandomStream random(7, 0);
  for (size_t i = 0; i < values.size(); ++i) values[i] = 2 * static_cast<float>(random.below(i, 3)) - 2;
  Parameter p(tensor(values, Shape{10, 7}));
  prune::l1_unstructured(p, fraction(0.2));
  CHECK(p.mask().count_alive() == 70 - 14);
}

TEST_CASE("prune. pytorch 20: random slices die whole") {
  Parameter p(rand({5, 4, 2}, 1, 2));
  prune::random_structured(p, fraction(0.6), 2);
  CHECK(zeros_in(p) == 20);
  for (int64_t i = 2; i < p.numel(); ++i) CHECK(p.mask()[i] == p.mask()[i % 2]);
}

TEST_CASE("prune. pytorch 21: slices die by their norm, along any dimension") {
  Parameter p(tensor({1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3}, {1, 3, 2, 2}));
  prune::ln_structured(p, {.amount = count(1), .n = 2, .dim = 1});
  CHECK(p.to_vector() == Values{0, 0, 0, 0, 2, 2, 2, 2, 3, 3, 3, 3});
  p.update([](std::span<float> w) { w[4] = w[6] = 1; });
  prune::ln_structured(p, {.amount = count(1), .n = 1, .dim = -1});
  CHECK(p.to_vector() == Values{0, 0, 0, 0, 0, 2, 0, 2, 0, 3, 0, 3});
}

TEST_CASE("prune. pytorch 22: slices die by given scores") {
  Parameter p(tensor({1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3}, {1, 3, 2, 2}));
  const Tensor scores = tensor({9, 9, 9, 9, 9, 1, 9, 1, 1, 1, 1, 1}, {1, 3, 2, 2});
  prune::prune({p}, count(1), by_scores(scores, prune::slice(1)));
  CHECK(p.to_vector() == Values{1, 1, 1, 1, 2, 2, 2, 2, 0, 0, 0, 0});
  prune::prune({p}, count(1), by_scores(scores, prune::slice(-1)));
  CHECK(p.to_vector() == Values{1, 0, 1, 0, 2, 0, 2, 0, 0, 0, 0, 0});
}

TEST_CASE("prune. pytorch 23, 24: a parameter tells whether it is pruned, and gives its mask up") {
  Parameter p(randn({5, 5}));
  CHECK(!p.mask().defined());
  prune::l1_unstructured(p, count(5));
  CHECK(p.mask().defined());
  const Values values = p.to_vector();
  p.set_mask({});
  CHECK(!p.mask().defined());
  CHECK(p.to_vector() == values);
}

TEST_CASE("prune. pytorch 25: all parameters are ranked together") {
  Parameter a = eight(), b(tensor({0, 0.1F, -2}, {1, 3}));
  prune::prune({a, b}, count(4));
  CHECK(a.to_vector() == Values{0, 2, 3, 4, -4, -3, -2, 0});
  CHECK(b.to_vector() == Values{0, 0, -2});
}

TEST_CASE("prune. pytorch 26: all parameters are ranked together by given scores") {
  Parameter a = eight(), b(tensor({0, 0.1F, -2}, {1, 3}));
  const Tensor of_a = tensor({4, 2, 1, 3, 4, 3, 2, 1}, {2, 4}), of_b = tensor({1, 5, 0}, {1, 3});
  prune::prune({a, b}, count(4), {.criterion = [&](const Parameter& p) {
                 return p.rank() == 2 && p.size(0) == 2 ? of_a : of_b;
               }});
  CHECK(a.to_vector() == Values{1, 2, 0, 4, -4, -3, -2, 0});
  CHECK(mask_values(b) == Values{0, 1, 0});
}

TEST_CASE("prune. pytorch 27: a mask given by hand adds to the one that is there") {
  Parameter p(ones({2, 2}));
  prune::custom_from_mask(p, tensor({1, 0, 1, 1}, {2, 2}));
  prune::custom_from_mask(p, tensor({0, 1, 1, 1}, {2, 2}));
  CHECK(p.to_vector() == Values{0, 0, 1, 1});
  CHECK_THROWS_AS(prune::custom_from_mask(p, ones({4})), Error);
}

TEST_CASE("prune. pytorch 28: a criterion that throws half-way leaves everything as it was") {
  Parameter a(randn({3, 3})), b(randn({2, 2}));
  const Values before_a = a.to_vector(), before_b = b.to_vector();
  for (const auto scope : {prune::Scope::local, prune::Scope::global}) {
    int calls = 0;
    const auto broken = [&](const Parameter& weight) -> Tensor {
      if (++calls == 2) fail("my criterion: no gradient");
      return weight.clone();
    };
    CHECK_THROWS_WITH_AS(prune::prune({a, b}, fraction(0.5), {.criterion = broken}, scope),
                         "my criterion: no gradient", Error);
  }
  CHECK(a.to_vector() == before_a);
  CHECK(b.to_vector() == before_b);
  CHECK((!a.mask().defined() && !b.mask().defined()));
}

TEST_CASE("prune. pytorch 31, 33: pruning by the weights themselves is the default") {
  Parameter a = eight(), b = eight();
  prune::custom_from_mask(a, tensor({1, 1, 0, 1, 1, 1, 1, 1}, {2, 4}));
  prune::custom_from_mask(b, tensor({1, 1, 0, 1, 1, 1, 1, 1}, {2, 4}));
  prune::l1_unstructured(a, count(2));
  prune::prune({b}, count(2), by_scores(b.clone()));
  CHECK(a.to_vector() == Values{0, 2, 0, 4, -4, -3, -2, 0});
  CHECK(b.to_vector() == a.to_vector());
}
