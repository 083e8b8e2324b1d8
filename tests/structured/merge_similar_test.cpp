#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/norm.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/index.hpp>
#include <tinynn/ops/reduce.hpp>
#include <tinynn/optim/sgd.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/structured/compact.hpp>
#include <tinynn/structured/merge_similar.hpp>
#include <tinynn/structured/readers.hpp>
#include <tinynn/structured/relative_change.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/random_network.hpp"

using namespace tinynn;

namespace {

constexpr double duplicates = 1 - 1e-6;  // the cosine of rows that are multiples, but for rounding

double naive_cosine(const Tensor& rows, int64_t a, int64_t b) {
  double ab = 0, aa = 0, bb = 0;
  for (int64_t i = 0; i < rows.shape().inner(0); ++i) {
    const auto x = static_cast<double>(rows.data()[a * rows.shape().inner(0) + i]);
    const auto y = static_cast<double>(rows.data()[b * rows.shape().inner(0) + i]);
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / std::sqrt(aa * bb);
}

using Pairs = std::vector<std::pair<int64_t, int64_t>>;

// The pairs by comparing all with all.
Pairs brute_force(const Tensor& rows, double cosine) {
  Pairs pairs;
  for (int64_t row = 0; row < rows.size(0); ++row) {
    for (int64_t earlier = 0; earlier < row; ++earlier) {
      if (naive_cosine(rows, row, earlier) >= cosine) pairs.emplace_back(row, earlier);
    }
  }
  return pairs;
}

Pairs hashed(const Tensor& rows, const structured::SimilarOptions& options) {
  Pairs pairs;
  for (const auto& pair : structured::similar_rows(rows, options)) pairs.emplace_back(pair.row, pair.earlier);
  return pairs;
}

// Makes element `to` of dimension 0 `scale` times element `from`.
void plant(Tensor target, int64_t to, int64_t from, double scale) {
  const auto write = [&](std::span<float> values) {
    const int64_t size = target.shape().inner(0);
    for (int64_t i = 0; i < size; ++i) {
      const auto source = static_cast<double>(values[from * size + i]);
      values[to * size + i] = static_cast<float>(scale * source);
    }
  };
  if (Parameter parameter = Parameter::of(target); parameter.defined()) {
    parameter.update(write);
  } else {
    write({target.mutable_data(), static_cast<size_t>(target.numel())});
  }
}

template <class Layer>
void plant_row(Layer& layer, int64_t to, int64_t from, double scale) {
  plant(layer.weight, to, from, scale);
  plant(layer.bias, to, from, scale);
}

// Who was merged into whom in one layer.
Pairs merged(const structured::MergeReport& report, const std::string& weight) {
  Pairs pairs;
  for (const auto& merge : report.merges) {
    if (merge.weight == weight) pairs.emplace_back(merge.channel, merge.survivor);
  }
  return pairs;
}

Tensor outputs_of(nn::Module& net, const Tensor& x) { return graph::run(net, x)[0]; }

struct TwoLayers : nn::Module {
  nn::Linear fc1{6, 8}, fc2{8, 3};
  std::function<Tensor(const Tensor&)> between = [](const Tensor& x) { return relu(x); };

  void members(nn::Visitor& v) override {
    v("fc1", fc1);
    v("fc2", fc2);
  }
  Tensor forward(const Tensor& x) override { return fc2(between(fc1(x))); }
};

}  // namespace

TEST_CASE("structured. hashing finds the similar rows that comparing all with all finds") {
  manual_seed(1);
  test::Draw draw(1);
  int64_t found = 0;
  for (int trial = 0; trial < 30; ++trial) {
    CAPTURE(trial);
    const int64_t size = draw.between(2, 40);
    Tensor rows = draw.tensor({draw.between(1, 60), size});
    for (int64_t planted = 0; planted < 15; ++planted) {
      const int64_t to = draw.between(0, rows.size(0) - 1), from = draw.between(0, rows.size(0) - 1);
      plant(rows, to, from, draw.chance(0.8) ? 0.1 + 3 * draw.fraction() : -1);
      rows.mutable_data()[to * size] += 0.3F * draw.number();
    }
    const auto pairs = brute_force(rows, 0.95);
    CHECK(hashed(rows, {.cosine = 0.95, .tables = 200, .bits = 10}) == pairs);
    found += static_cast<int64_t>(pairs.size());
  }
  CHECK(found > 100);
}

TEST_CASE("structured. hashing finds as many pairs as its formula says") {
  manual_seed(2);
  test::Draw draw(2);
  constexpr int64_t pairs = 1500, size = 20;
  for (const double angle : {0.1, 0.3, 0.6}) {
    Tensor rows = randn({2 * pairs, size});
    for (int64_t p = 0; p < pairs; ++p) {  // row 2p + 1 becomes row 2p turned by the angle
      float *a = rows.mutable_data() + 2 * p * size, *b = a + size;
      double aa = 0, ab = 0, rest = 0;
      for (int64_t i = 0; i < size; ++i) aa += static_cast<double>(a[i]) * static_cast<double>(a[i]);
      for (int64_t i = 0; i < size; ++i) ab += static_cast<double>(a[i]) * static_cast<double>(b[i]);
      for (int64_t i = 0; i < size; ++i) b[i] -= static_cast<float>(ab / aa) * a[i];
      for (int64_t i = 0; i < size; ++i) rest += static_cast<double>(b[i]) * static_cast<double>(b[i]);
      const double sine = std::sin(angle) * std::sqrt(aa / rest);
      for (int64_t i = 0; i < size; ++i) {
        b[i] = static_cast<float>(std::cos(angle)) * a[i] + static_cast<float>(sine) * b[i];
      }
    }
    for (const int64_t tables : {1, 4, 16}) {
      int64_t found = 0;
      for (const auto& pair : structured::similar_rows(rows, {.cosine = 0.8, .tables = tables, .bits = 12})) {
        found += pair.row == pair.earlier + 1 && pair.earlier % 2 == 0 ? 1 : 0;
      }
      const double missed = 1 - std::pow(1 - angle / std::numbers::pi, 12);
      const double recall = static_cast<double>(found) / pairs;
      MESSAGE("angle ", angle, ", ", tables, " tables of 12 bits: recall ", recall);
      CHECK(std::abs(recall - (1 - std::pow(missed, static_cast<double>(tables)))) < 0.05);
    }
  }
}

TEST_CASE("structured. similar rows: zeros are similar to none, options have ranges, seeds repeat") {
  const Tensor rows = tensor({0, 0, 1, 1, 0, 0, 2, 2, -1, -1}, {5, 2});
  CHECK(hashed(rows, {}) == Pairs{{3, 1}});
  CHECK_THROWS_WITH_AS(structured::similar_rows(rows, {.cosine = 1.5}),
                       "similar_rows: the cosine 1.5 is not between -1 and 1", Error);
  CHECK_THROWS_AS(structured::similar_rows(rows, {.cosine = test::not_a_number}), Error);
  CHECK_THROWS_WITH_AS(structured::similar_rows(rows, {.tables = 0}),
                       "similar_rows: 0 tables, expected at least 1", Error);
  CHECK_THROWS_WITH_AS(structured::similar_rows(rows, {.bits = 64}),
                       "similar_rows: 64 bits, expected 1 to 63", Error);
  CHECK_THROWS_AS(structured::similar_rows(full({}, 1)), Error);
  const Tensor many = randn({80, 4});
  const structured::SimilarOptions coarse{.cosine = 0.5, .tables = 1, .bits = 6};
  manual_seed(3);
  const auto first = hashed(many, coarse), second = hashed(many, coarse);
  CHECK(first != second);
  manual_seed(3);
  CHECK(hashed(many, coarse) == first);
}

TEST_CASE("structured. lsh takes the rows that repeat earlier ones first") {
  manual_seed(4);
  Parameter weight(randn({10, 30}));
  plant(weight, 7, 2, 1.5);
  plant(weight, 9, 0, 0.5);
  const Tensor scores = structured::lsh({.cosine = 0, .tables = 100, .bits = 4})({weight})[0];
  for (int64_t row = 0; row < 10; ++row) {
    double largest = 0;
    for (int64_t earlier = 0; earlier < row; ++earlier) {
      largest = std::max(largest, naive_cosine(weight, row, earlier));
    }
    CAPTURE(row);
    CHECK(std::abs(static_cast<double>(scores.data()[row * 30]) - (1 - largest)) < 1e-6);
    CHECK(scores.data()[row * 30] == scores.data()[row * 30 + 29]);
  }
  prune::prune({weight}, prune::count(2), {.criterion = structured::lsh(), .granularity = prune::slice(0)});
  for (int64_t row = 0; row < 10; ++row) CHECK(weight.mask()[row * 30] == (row != 7 && row != 9));
  CHECK_THROWS_WITH_AS(structured::lsh()({Parameter(ones({3}))}), "lsh: a weight of shape (3) has no rows",
                       Error);
  CHECK_THROWS_AS(structured::lsh({.tables = 0}), Error);
}

TEST_CASE("structured. merging neurons that are multiples of others leaves the outputs alone") {
  manual_seed(5);
  TwoLayers net;
  plant_row(net.fc1, 4, 1, 2);
  plant_row(net.fc1, 6, 1, 0.25);
  plant_row(net.fc1, 7, 3, 1);
  plant_row(net.fc1, 5, 0, -1);  // the same line, the other way
  const Tensor x = randn({20, 6}), expected = outputs_of(net, x);
  const auto report = structured::merge_similar(net, x, {.cosine = duplicates});
  CHECK(merged(report, "fc1.weight") == Pairs{{4, 1}, {6, 1}, {7, 3}});
  CHECK(report.merges[0].scale == doctest::Approx(2));
  CHECK(report.merges[1].scale == doctest::Approx(0.25));
  CHECK(report.merges[0].cosine == doctest::Approx(1));
  CHECK(report.output_change < 1e-6);
  CHECK(report.left_alone == std::vector<std::string>{"fc2.weight: the model's output"});
  CHECK(test::difference(outputs_of(net, x).values(), expected.values()) == "");

  const auto compacted = structured::compact(net, x);
  CHECK(compacted.channels == 3);
  CHECK(compacted.output_change_by_bias == 0);
  CHECK(net.fc1.weight.shape() == Shape{5, 6});
  const Tensor others = randn({20, 6});
  CHECK(outputs_of(net, others).shape() == Shape{20, 3});
  CHECK(test::difference(outputs_of(net, x).values(), expected.values()) == "");
}

TEST_CASE("structured. merging filters goes through pools, padding and flatten") {
  manual_seed(6);
  nn::Sequential net{nn::Conv2d(2, 6, 3, {.padding = 1}),
                     nn::ReLU(),
                     nn::MaxPool2d(2),
                     nn::Conv2d(6, 5, 3, {.padding = 1}),
                     nn::LeakyReLU(0.2),
                     nn::AvgPool2d(2),
                     nn::Flatten(),
                     nn::Linear(5 * 4, 7),
                     nn::ReLU(),
                     nn::Linear(7, 3)};
  auto& conv1 = dynamic_cast<nn::Conv2d&>(net[0]);
  auto& conv2 = dynamic_cast<nn::Conv2d&>(net[3]);
  plant_row(conv1, 3, 0, 3);
  plant_row(conv1, 5, 2, 0.5);
  plant_row(conv2, 4, 1, 1.5);
  plant_row(dynamic_cast<nn::Linear&>(net[7]), 6, 5, 4);
  const Tensor x = randn({3, 2, 8, 8}), expected = outputs_of(net, x);
  const auto report = structured::merge_similar(net, x, {.cosine = duplicates});
  CHECK(merged(report, "0.weight") == Pairs{{3, 0}, {5, 2}});
  CHECK(merged(report, "3.weight") == Pairs{{4, 1}});
  CHECK(merged(report, "7.weight") == Pairs{{6, 5}});
  CHECK(test::difference(outputs_of(net, x).values(), expected.values()) == "");
  CHECK(structured::compact(net, x).channels == 4);
  CHECK(conv2.weight.shape() == Shape{4, 4, 3, 3});
  CHECK(test::difference(outputs_of(net, x).values(), expected.values()) == "");
}

TEST_CASE("structured. a normalisation right after a layer is part of its rows") {
  manual_seed(7);
  nn::Sequential net{nn::Conv2d(2, 4, 3, {.bias = false}), nn::BatchNorm2d(4), nn::ReLU(),
                     nn::Conv2d(4, 3, 1)};
  auto& conv = dynamic_cast<nn::Conv2d&>(net[0]);
  auto& bn = dynamic_cast<nn::BatchNorm2d&>(net[1]);
  // Filter 3 is -2 times filter 1, but normalised to 1.5 times it.
  plant(conv.weight, 3, 1, -2);
  plant(conv.weight, 2, 0, 2);  // and this one is another after normalisation
  bn.weight.assign(tensor({1, 0.8F, 1, -1.2F}, {4}));
  bn.bias.assign(tensor({0.1F, 0.2F, 0.5F, 0.3F}, {4}));
  std::copy_n(std::begin({0.3F, 0.4F, 0.1F, -0.8F}), 4, bn.running_mean.mutable_data());
  std::copy_n(std::begin({1.0F, 2.0F, 1.0F, 8.0F}), 4, bn.running_var.mutable_data());
  bn.eps = 0;
  const Tensor x = randn({3, 2, 6, 6}), expected = outputs_of(net, x);
  const auto report = structured::merge_similar(net, x, {.cosine = duplicates});
  REQUIRE(merged(report, "0.weight") == Pairs{{3, 1}});
  CHECK(report.merges[0].scale == doctest::Approx(1.5));
  CHECK(test::difference(outputs_of(net, x).values(), expected.values()) == "");
  CHECK(structured::compact(net, x).channels == 1);
  CHECK(bn.running_mean.to_vector() == std::vector<float>{0.3F, 0.4F, 0.1F});
  CHECK(test::difference(outputs_of(net, x).values(), expected.values()) == "");
}

TEST_CASE("structured. equal rows that are normalised by other means or variances are not merged") {
  for (const bool by_mean : {true, false}) {
    CAPTURE(by_mean);
    manual_seed(7);
    nn::Sequential net{nn::Conv2d(2, 4, 3), nn::BatchNorm2d(4), nn::ReLU(), nn::Conv2d(4, 3, 1)};
    plant_row(dynamic_cast<nn::Conv2d&>(net[0]), 3, 1, 1);
    auto& bn = dynamic_cast<nn::BatchNorm2d&>(net[1]);
    bn.bias.assign(tensor({0.1F, 0.2F, 0.3F, 0.2F}, {4}));
    (by_mean ? bn.running_mean : bn.running_var).mutable_data()[3] = 0.5F;
    CHECK(structured::merge_similar(net, randn({3, 2, 6, 6}), {.cosine = duplicates}).merges.empty());
  }
}

TEST_CASE("structured. a layer that is read before its normalisation, too, is left alone") {
  struct ReadTwice : nn::Module {
    nn::Linear fc1{6, 8}, fc2{8, 3}, fc3{8, 3};
    nn::BatchNorm1d bn{8, {.eps = 0}};
    void members(nn::Visitor& v) override { v("fc1", fc1), v("bn", bn), v("fc2", fc2), v("fc3", fc3); }
    Tensor forward(const Tensor& x) override {
      const Tensor h = fc1(x);
      return fc2(relu(bn(h))) + fc3(relu(h));
    }
  } net;
  plant_row(net.fc1, 3, 1, 2);
  net.bn.running_var.mutable_data()[3] = 4;  // normalised, both rows are the same
  const Tensor x = randn({20, 6}), expected = outputs_of(net, x);
  CHECK(merged(structured::merge_similar(net, x, {.cosine = duplicates}), "fc1.weight").empty());
  CHECK(outputs_of(net, x).to_vector() == expected.to_vector());
}

TEST_CASE("structured. outputs that become NaN have changed without bounds") {
  const auto change = [](float to) {
    return structured::relative_change({tensor({1, 2})}, {tensor({1, to})});
  };
  CHECK(change(3) == 0.5);
  CHECK(std::isinf(change(test::not_a_number)));
}

TEST_CASE("structured. after an activation that is not homogeneous only equal rows are merged") {
  manual_seed(8);
  TwoLayers net;
  net.between = [](const Tensor& x) { return sigmoid(x); };
  plant_row(net.fc1, 4, 1, 2);
  plant_row(net.fc1, 7, 3, 1);
  const Tensor x = randn({20, 6}), expected = outputs_of(net, x);
  CHECK(merged(structured::merge_similar(net, x), "fc1.weight") == Pairs{{7, 3}});
  CHECK(test::difference(outputs_of(net, x).values(), expected.values()) == "");
  CHECK(structured::compact(net, x).channels == 1);
  CHECK(test::difference(outputs_of(net, x).values(), expected.values()) == "");
}

TEST_CASE("structured. channels that meet others on their way are left alone, with the reason") {
  manual_seed(9);
  struct Row {
    std::string reason;
    std::function<Tensor(const Tensor&)> between;
  };
  const Row rows[] = {
      {"add comes before what reads the channels", [](const Tensor& h) { return relu(h) + h; }},
      {"mul comes before what reads the channels", [](const Tensor& h) { return h * sigmoid(h); }},
      {"softmax needs this dimension as it is", [](const Tensor& h) { return softmax(h, 1); }},
      {"concat comes before what reads the channels", [](const Tensor& h) { return concat({relu(h)}, 1); }},
  };
  for (const Row& row : rows) {
    CAPTURE(row.reason);
    TwoLayers net;
    plant_row(net.fc1, 4, 1, 1);
    net.between = row.between;
    const auto before = net.fc2.weight.to_vector();
    const auto report = structured::merge_similar(net, randn({3, 6}));
    CHECK(report.merges.empty());
    CHECK(report.output_change == 0);
    REQUIRE(report.left_alone.size() == 2);
    CHECK(report.left_alone[0] == "fc1.weight: " + row.reason);
    CHECK(net.fc2.weight.to_vector() == before);
    CHECK(!net.fc1.weight.mask().defined());
  }
}

TEST_CASE(
    "structured. layers that are grouped, used twice, outputs or normalised by the batch are left alone") {
  manual_seed(10);
  nn::Sequential grouped{nn::Conv2d(4, 8, 3, {.groups = 2}), nn::ReLU(), nn::Conv2d(8, 2, 1)};
  const Tensor images = randn({2, 4, 5, 5});
  auto report = structured::merge_similar(grouped, images, {.cosine = -1});
  CHECK(report.merges.empty());
  CHECK(report.left_alone == std::vector<std::string>{"0.weight: its channels are tied to each other",
                                                      "2.weight: the model's output"});

  nn::Sequential by_batch{nn::Conv2d(4, 8, 3), nn::BatchNorm2d(8, {.track_running_stats = false}),
                          nn::Conv2d(8, 2, 1)};
  report = structured::merge_similar(by_batch, images, {.cosine = -1});
  CHECK(report.left_alone[0] == "0.weight: batch_norm comes before what reads the channels");

  struct Twice : nn::Module {
    nn::Linear in{6, 6}, out{6, 2};
    void members(nn::Visitor& v) override {
      v("in", in);
      v("out", out);
    }
    Tensor forward(const Tensor& x) override { return out(relu(in(relu(in(x))))); }
  } twice;
  report = structured::merge_similar(twice, randn({2, 6}), {.cosine = -1});
  CHECK(report.merges.empty());
  CHECK(report.left_alone[0] == "in.weight: it is used twice");
}

TEST_CASE("structured. what is read by several layers is merged in all of them") {
  manual_seed(11);
  struct Fork : nn::Module {
    nn::Linear trunk{5, 6}, left{6, 3}, right{6, 3};
    void members(nn::Visitor& v) override {
      v("trunk", trunk);
      v("left", left);
      v("right", right);
    }
    Tensor forward(const Tensor& x) override {
      const Tensor h = relu(trunk(x));
      return left(h) * right(h);
    }
  } net;
  plant_row(net.trunk, 5, 0, 2);
  const Tensor x = randn({8, 5}), expected = outputs_of(net, x);
  CHECK(merged(structured::merge_similar(net, x, {.cosine = duplicates}), "trunk.weight") == Pairs{{5, 0}});
  CHECK(structured::compact(net, x).channels == 1);
  CHECK(test::difference(outputs_of(net, x).values(), expected.values()) == "");
}

TEST_CASE("structured. of rows that are alike without being equal the most similar survivor takes over") {
  manual_seed(12);
  TwoLayers net;
  net.fc1.bias.assign(zeros({8}));
  plant(net.fc1.weight, 4, 1, 2);
  plant(net.fc1.weight, 6, 1, 1);
  net.fc1.weight.update([](std::span<float> w) {
    w[4 * 6] *= 1.1F;   // row 4 is near row 1 and stays, for it is not near enough
    w[6 * 6] *= 1.09F;  // row 6 is nearer to row 4
  });
  const double far = naive_cosine(net.fc1.weight, 4, 1), near = naive_cosine(net.fc1.weight, 6, 4);
  REQUIRE(near > naive_cosine(net.fc1.weight, 6, 1));
  REQUIRE(naive_cosine(net.fc1.weight, 6, 1) > far);
  const double cosine = (far + naive_cosine(net.fc1.weight, 6, 1)) / 2;
  const Tensor x = randn({20, 6});
  const auto report = structured::merge_similar(net, x, {.cosine = cosine, .tables = 200, .bits = 4});
  REQUIRE(merged(report, "fc1.weight") == Pairs{{6, 4}});
  CHECK(report.merges[0].cosine == doctest::Approx(near));
  CHECK(report.output_change > 0);
  CHECK(report.output_change < 0.01);
}

TEST_CASE("structured. no row is merged into one that is merged away itself") {
  manual_seed(13);
  TwoLayers net;
  // Three rows in one plane, each 0.02 from the next, and 0.04 the first from the last.
  const int64_t inputs = net.fc1.weight.size(1);
  net.fc1.bias.assign(zeros({8}));
  net.fc1.weight.update([&](std::span<float> w) {
    for (const int64_t row : {1, 4, 6}) {
      std::fill_n(w.begin() + row * inputs, inputs, 0.0F);
      const double angle = row == 1 ? 0 : row == 4 ? 0.02 : 0.04;
      w[row * inputs] = static_cast<float>(std::cos(angle));
      w[row * inputs + 1] = static_cast<float>(std::sin(angle));
    }
  });
  const structured::SimilarOptions near{.cosine = std::cos(0.03), .tables = 50, .bits = 4};
  CHECK(merged(structured::merge_similar(net, randn({20, 6}), near), "fc1.weight") == Pairs{{4, 1}});
}

TEST_CASE("structured. merging keeps masks true, and a survivor's reader lives where either did") {
  manual_seed(13);
  TwoLayers net;
  optim::SGD sgd(net.parameters(), {.lr = 0.1, .momentum = 0.9});
  const Tensor x = randn({20, 6});
  sum(net(x)).backward();
  sgd.step();
  plant_row(net.fc1, 4, 1, 2);
  Mask mask(Shape{3, 8});
  mask.set(1, false);          // fc2.weight[0][1], a reader of the survivor
  mask.set(8 + 4, false);      // fc2.weight[1][4], a reader of the merged
  mask.set(2 * 8 + 1, false);  // fc2.weight[2][1]
  mask.set(2 * 8 + 4, false);  // fc2.weight[2][4]
  net.fc2.weight.prune(mask);
  const Tensor expected = outputs_of(net, x);
  REQUIRE(structured::merge_similar(net, x, {.cosine = duplicates}).merges.size() == 1);
  CHECK(test::difference(outputs_of(net, x).values(), expected.values()) == "");
  const Mask& readers = net.fc2.weight.mask();
  CHECK(readers[1]);
  CHECK(readers[8 + 1]);
  CHECK(!readers[2 * 8 + 1]);
  for (int64_t row = 0; row < 3; ++row) CHECK(!readers[row * 8 + 4]);
  sum(net(x)).backward();
  sgd.step();  // nothing that is dead moves
  for (int64_t i = 0; i < 6; ++i) CHECK(net.fc1.weight.data()[4 * 6 + i] == 0);
  CHECK(net.fc1.bias.data()[4] == 0);
  CHECK(net.fc2.weight.data()[4] == 0);
}

TEST_CASE("structured. a merge that fails leaves the network as it was") {
  manual_seed(14);
  TwoLayers net;
  plant_row(net.fc1, 4, 1, 2);
  const auto rows = net.fc1.weight.to_vector(), readers = net.fc2.weight.to_vector();
  int calls = 0;
  const graph::Example failing({randn({4, 6})}, [&](const std::vector<Tensor>& inputs) {
    if (++calls == 4) fail("no memory");  // two to trace, one before merging
    return std::vector{net(inputs[0])};
  });
  CHECK_THROWS_WITH_AS(structured::merge_similar(net, failing), "no memory", Error);
  CHECK(net.fc1.weight.to_vector() == rows);
  CHECK(net.fc2.weight.to_vector() == readers);
  CHECK(!net.fc1.weight.mask().defined());
  CHECK_THROWS_AS(structured::merge_similar(net, randn({4, 6}), {.bits = 0}), Error);
  CHECK(net.fc1.weight.to_vector() == rows);
}

TEST_CASE("structured. merging planted duplicates leaves the outputs of 200 random networks alone") {
  int64_t merges = 0, deleted = 0, networks = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    manual_seed(seed);
    test::RandomNetwork net(seed);
    test::Draw draw(seed + 2'000'000);
    const Tensor images = draw.tensor({4, 2, test::RandomNetwork::size, test::RandomNetwork::size});
    const graph::ChannelMap map(graph::trace(net, images));
    const auto live = [&](int value) { return map.graph().values[value].tensor; };
    for (const auto& path : structured::channel_paths(map)) {
      const auto channels = static_cast<int64_t>(path.channels.size());
      if (path.channels[0].maker.dim != 0 || channels < 2) continue;
      const int64_t to = draw.between(1, channels - 1), from = draw.between(0, to - 1);
      const double scale = path.norm == nullptr && draw.coin() ? 0.5 + draw.fraction() : 1;
      plant(live(path.weight), to, from, scale);
      if (path.bias >= 0) plant(live(path.bias), to, from, scale);
      if (path.norm == nullptr) continue;
      for (const int input : std::span(path.norm->inputs).subspan(1)) {
        if (input >= 0) plant(live(input), to, from, 1);
      }
    }
    const Tensor expected = outputs_of(net, images);
    const auto report = structured::merge_similar(net, images, {.cosine = 1 - 1e-9, .tables = 50, .bits = 4});
    // A row that stands for two is scaled, summed and normalised in another order.
    CHECK(report.output_change <= 5e-5);
    const auto compacted = structured::compact(net, images);
    CHECK(compacted.output_change_by_bias == 0);
    const Tensor outputs = outputs_of(net, images);
    CHECK(structured::relative_change({expected}, {outputs}) <= 5e-5);
    merges += static_cast<int64_t>(report.merges.size());
    deleted += compacted.channels;
    networks += report.merges.empty() ? 0 : 1;
  }
  MESSAGE(networks, " networks with merges, ", merges, " merges, ", deleted, " channels deleted");
  CHECK(networks > 100);  // else the test would show little
  CHECK(deleted == merges);
}
