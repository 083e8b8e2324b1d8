// Losses against their definitions in double, under every reduction.
#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/loss.hpp>

#include "tests/ops/twin.hpp"

using namespace tinynn;

namespace {

constexpr Reduction reductions[] = {Reduction::mean, Reduction::sum, Reduction::batch_mean, Reduction::none};

test::Doubles reduced(const test::Doubles& losses, Reduction reduction, double mean_divisor,
                      int64_t samples) {
  if (reduction == Reduction::none) return losses;
  double sum = 0;
  for (double loss : losses) sum += loss;
  return {sum / (reduction == Reduction::mean         ? mean_divisor
                 : reduction == Reduction::batch_mean ? static_cast<double>(samples)
                                                      : 1)};
}

// PyTorch's definition: (1 - smoothing) times the label's loss, plus smoothing / classes times that of all.
test::Doubles naive_nll(const test::Doubles& log_probabilities, const Labels& labels, const Tensor& weight,
                        double smoothing, Reduction reduction) {
  const auto n = static_cast<size_t>(labels.size()), classes = log_probabilities.size() / n;
  const auto weight_of = [&](size_t c) {
    return weight.defined() ? static_cast<double>(weight.values()[c]) : 1.0;
  };
  test::Doubles losses;
  double divisor = 0;
  for (size_t i = 0; i < n; ++i) {
    const auto label = static_cast<size_t>(labels[static_cast<int64_t>(i)]);
    double all = 0;
    for (size_t c = 0; c < classes; ++c) all -= weight_of(c) * log_probabilities[i * classes + c];
    const double nll = -weight_of(label) * log_probabilities[i * classes + label];
    losses.push_back((1 - smoothing) * nll + smoothing / static_cast<double>(classes) * all);
    divisor += weight_of(label);
  }
  return reduced(losses, reduction, divisor, labels.size());
}

test::Doubles naive_log_softmax(const test::Doubles& x, size_t rows) {
  const size_t columns = x.size() / rows;
  test::Doubles y;
  for (size_t r = 0; r < rows; ++r) {
    double sum = 0;
    for (size_t c = 0; c < columns; ++c) sum += std::exp(x[r * columns + c]);
    for (size_t c = 0; c < columns; ++c) y.push_back(x[r * columns + c] - std::log(sum));
  }
  return y;
}

Labels draw_labels(test::Draw& draw, int64_t n, int64_t classes) {
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < n; ++i) labels.push_back(draw.between(0, classes - 1));
  return Labels(labels);
}

Tensor positive(Tensor x) {
  for (int64_t i = 0; i < x.numel(); ++i) x.mutable_data()[i] = std::abs(x.data()[i]) + 0.1F;
  return x;
}

}  // namespace

TEST_CASE("ops. cross_entropy and nll_loss equal their twins, gradients included") {
  test::Draw draw(240);
  for (int i = 0; i < 120; ++i) {
    const int64_t n = draw.between(1, 6), classes = draw.between(1, 6);
    const Labels labels = draw_labels(draw, n, classes);
    const Tensor weight = draw.coin() ? positive(draw.tensor({classes})) : Tensor();
    const double smoothing = draw.coin() ? 0 : draw.fraction();
    const Reduction reduction = reductions[draw.between(0, 3)];
    CAPTURE(n);
    CAPTURE(classes);
    CAPTURE(smoothing);
    CHECK(test::twin_difference(
              draw, {draw.tensor({n, classes})},
              [&](const std::vector<Tensor>& in) {
                return cross_entropy(
                    in[0], labels, {.label_smoothing = smoothing, .weight = weight, .reduction = reduction});
              },
              [&](const std::vector<test::Doubles>& in) {
                return naive_nll(naive_log_softmax(in[0], static_cast<size_t>(n)), labels, weight, smoothing,
                                 reduction);
              }) == "");
    CHECK(test::twin_difference(
              draw, {draw.tensor({n, classes})},
              [&](const std::vector<Tensor>& in) {
                return nll_loss(in[0], labels, {.weight = weight, .reduction = reduction});
              },
              [&](const std::vector<test::Doubles>& in) {
                return naive_nll(in[0], labels, weight, 0, reduction);
              }) == "");
  }
}

TEST_CASE("ops. cross_entropy is nll_loss of log_softmax") {
  test::Draw draw(241);
  const Tensor logits = draw.tensor({5, 4});
  const Labels labels = draw_labels(draw, 5, 4);
  CHECK(cross_entropy(logits, labels).item() ==
        doctest::Approx(nll_loss(log_softmax(logits, 1), labels).item()));
}

TEST_CASE("ops. elementwise losses equal their twins, gradients of both sides included") {
  struct Loss {
    const char* name;
    Tensor (*op)(const Tensor&, const Tensor&, Reduction);
    double (*twin)(double x, double t);
    bool positive_target;
  };
  const Loss losses[] = {
      {"mse", mse_loss, [](double x, double t) { return (x - t) * (x - t); }, false},
      {"l1", l1_loss, [](double x, double t) { return std::abs(x - t); }, false},
      {"bce", binary_cross_entropy_with_logits,
       [](double x, double t) {
         const double p = 1 / (1 + std::exp(-x));
         return -t * std::log(p) - (1 - t) * std::log(1 - p);
       },
       true},
      {"kl_div", kl_div, [](double x, double t) { return t * (std::log(t) - x); }, true},
  };
  test::Draw draw(242);
  for (const Loss& loss : losses) {
    CAPTURE(loss.name);
    for (int i = 0; i < 60; ++i) {
      const Shape shape = draw.shape(3, 5);
      const Reduction reduction = reductions[i % 4];
      const Tensor target = draw.tensor(shape);
      CHECK(test::twin_difference(
                draw, {draw.tensor(shape), loss.positive_target ? positive(target) : target},
                [&](const std::vector<Tensor>& in) { return loss.op(in[0], in[1], reduction); },
                [&](const std::vector<test::Doubles>& in) {
                  test::Doubles single;
                  for (size_t k = 0; k < in[0].size(); ++k) single.push_back(loss.twin(in[0][k], in[1][k]));
                  return reduced(single, reduction, static_cast<double>(single.size()), shape[0]);
                }) == "");
    }
  }
}

TEST_CASE("ops. losses of extreme values") {
  Tensor logits = tensor({1000, -1000, 1000, -1000});
  logits.set_requires_grad();
  const Tensor loss = binary_cross_entropy_with_logits(logits, tensor({1, 0, 0, 1}), Reduction::none);
  loss.backward(ones({4}));
  CHECK(loss.to_vector() == std::vector<float>{0, 0, 1000, 1000});
  CHECK(logits.grad().to_vector() == std::vector<float>{0, 0, 1, -1});
  CHECK(cross_entropy(tensor({1e6F, -1e6F}, {1, 2}), Labels({1})).item() == 2e6F);
  // An impossible class that nobody is labelled with costs nothing; 0 log 0 is 0.
  CHECK(cross_entropy(tensor({0, -test::infinity}, {1, 2}), Labels({0})).item() == 0);
  const Tensor target = tensor({1, 0}).set_requires_grad();
  const Tensor divergence = kl_div(tensor({0, -2}), target, Reduction::sum);
  CHECK(divergence.item() == 0);
  divergence.backward();
  CHECK(target.grad().to_vector() == std::vector<float>{1, 0});
  const Tensor equal = tensor({1, 2}).set_requires_grad();
  l1_loss(equal, tensor({1, 2})).backward();
  CHECK(equal.grad().to_vector() == std::vector<float>{0, 0});
}

TEST_CASE("ops. losses name what does not fit") {
  const Tensor logits = ones({2, 3});
  const auto text = [&](const Labels& labels, const CrossEntropyOptions& options = {}) {
    return test::error_of([&] { cross_entropy(logits, labels, options); });
  };
  CHECK(text(Labels({0})) == "cross_entropy: 1 labels for logits (2, 3)");
  CHECK(text(Labels({0, 3})) == "cross_entropy: label 3 of sample 1 is outside the 3 classes");
  CHECK(text(Labels({-100, 0})) == "cross_entropy: label -100 of sample 0 is outside the 3 classes");
  CHECK(text(Labels({0, 1}), {.label_smoothing = 1.5}) ==
        "cross_entropy: label smoothing 1.5 is not between 0 and 1");
  CHECK(text(Labels({0, 1}), {.weight = ones({2})}) ==
        "cross_entropy: class weights (2) do not fit logits (2, 3): expected (3)");
  CHECK(test::error_of([&] {
          nll_loss(logits, Labels({0, 3}));
        }) == "nll_loss: label 3 of sample 1 is outside the 3 classes");
  CHECK(test::error_of([&] { nll_loss(ones({3}), Labels({0})); }) ==
        "nll_loss: logits (3) are not (n, classes)");
  CHECK(test::error_of([&] {
          mse_loss(logits, ones({3, 2}));
        }) == "mse_loss: input (2, 3) and target (3, 2) differ in shape");
  CHECK(test::error_of([&] { kl_div(logits, ones({3})); }) ==
        "kl_div: input (2, 3) and target (3) differ in shape");
  CHECK(test::error_of([&] {
          distillation_loss(logits, ones({2, 2}), 1);
        }) == "kl_div: input (2, 3) and target (2, 2) differ in shape");
  CHECK(test::error_of([&] { distillation_loss(logits, logits, 0); }) ==
        "distillation_loss: temperature 0, expected above 0");
}

TEST_CASE("ops. distillation asks the logits alone to move, to where the teacher's are") {
  const Tensor logits = tensor({3, 1, 0, 2}, {2, 2}).set_requires_grad();
  const Tensor teacher = tensor({1, 0, 2, 4}, {2, 2}).set_requires_grad();
  const Tensor loss = distillation_loss(logits, teacher, 2);
  loss.backward();
  CHECK(!teacher.grad().defined());
  // Of two classes, softmax(x / 2) is sigmoid of half the difference: 1 against 0.5, and -1 against -1.
  const auto p = [](double x) { return 1 / (1 + std::exp(-x)); };
  const double divergence = p(0.5) * std::log(p(0.5) / p(1)) + p(-0.5) * std::log(p(-0.5) / p(-1));
  CHECK(loss.item() == doctest::Approx(4 * divergence / 2).epsilon(1e-6));
  const double slope = 2 * (p(1) - p(0.5)) / 2;
  CHECK(test::difference(logits.grad().values(), std::vector<double>{slope, -slope, 0, 0}, 1e-6) == "");
}

TEST_CASE("ops. an empty batch has no mean, but a sum") {
  const Tensor nothing = zeros({0, 3});
  CHECK(test::error_of([&] { cross_entropy(nothing, Labels()); }) ==
        "cross_entropy: the batch is empty, so its mean is undefined");
  CHECK(test::error_of([&] { l1_loss(nothing, nothing, Reduction::batch_mean); }) ==
        "l1_loss: the batch is empty, so its mean is undefined");
  CHECK(cross_entropy(nothing, Labels(), {.reduction = Reduction::sum}).item() == 0);
  CHECK(mse_loss(nothing, nothing, Reduction::none).shape() == Shape{0, 3});
}
