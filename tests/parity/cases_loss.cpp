#include <tinynn/ops/loss.hpp>
#include <tinynn/ops/shape.hpp>

#include "tests/parity/draws.hpp"

using namespace tinynn;

namespace test::parity {
namespace {

// Reductions by number, as trials carry them: 0 none, 1 mean, 2 sum (PyTorch's at::Reduction), 3 batchmean.
Reduction reduction(const Trial& trial) {
  constexpr Reduction all[] = {Reduction::none, Reduction::mean, Reduction::sum, Reduction::batch_mean};
  return all[trial.integer("reduction")];
}

Trial draw_classification(Draw& draw) {
  const int64_t n = draw.between(1, 8), classes = draw.between(1, 9);
  Trial trial{.options = {{"reduction", {double(draw.between(0, 2))}},
                          {"label_smoothing", {draw.coin() ? 0 : 0.4 * draw.fraction()}}},
              .inputs = {{"x", between(draw, {n, classes}, -5, 5)}},
              .labels = {}};
  for (int64_t i = 0; i < n; ++i) trial.labels.push_back(draw.between(0, classes - 1));
  if (draw.coin()) trial.options["weight"] = doubles(between(draw, {classes}, 0.1, 2));
  return trial;
}

// Inputs "x" and "target" of one shape, the latter in [low, high) with some at exactly `low`.
std::function<Trial(Draw&)> draw_pair(double low, double high, int64_t last_reduction = 2) {
  return [=](Draw& draw) {
    const Shape shape = draw.shape(3, 6);
    Tensor target = between(draw, shape, low, high);
    for (int64_t i = 0; i < target.numel(); i += 5) target.mutable_data()[i] = static_cast<float>(low);
    return Trial{.options = {{"reduction", {double(draw.between(0, last_reduction))}}},
                 .inputs = {{"x", between(draw, shape, -4, 4)}, {"target", target}},
                 .labels = {}};
  };
}

template <class F>
Case pair(const char* name, std::function<Trial(Draw&)> draw, F loss) {
  return {name, std::move(draw), [loss](const Trial& trial) {
            return with_gradients(
                trial, [&](const Trial& t) { return loss(t.input("x"), t.input("target"), reduction(t)); });
          }};
}

Trial draw_distillation(Draw& draw) {
  const Shape shape{draw.between(1, 8), draw.between(1, 9)};
  return {.options = {{"temperature", {0.5 + 8 * draw.fraction()}},
                      {"teacher", doubles(between(draw, {shape.numel()}, -5, 5))}},
          .inputs = {{"x", between(draw, shape, -5, 5)}},
          .labels = {}};
}

}  // namespace

std::vector<Case> loss_cases() {
  const auto differentiated = [](std::function<Tensor(const Trial&)> call) {
    return [call](const Trial& trial) { return with_gradients(trial, call); };
  };
  using T = const Tensor&;
  return {
      {"cross_entropy", draw_classification, differentiated([](const Trial& t) {
         return cross_entropy(t.input("x"), Labels(t.labels),
                              {.label_smoothing = t.number("label_smoothing"),
                               .weight = vector_option(t, "weight"),
                               .reduction = reduction(t)});
       })},
      {"nll_loss", draw_classification, differentiated([](const Trial& t) {
         return nll_loss(t.input("x"), Labels(t.labels),
                         {.weight = vector_option(t, "weight"), .reduction = reduction(t)});
       })},
      pair("mse_loss", draw_pair(-2, 2), [](T x, T target, Reduction r) { return mse_loss(x, target, r); }),
      pair("l1_loss", draw_pair(-2, 2), [](T x, T target, Reduction r) { return l1_loss(x, target, r); }),
      pair("binary_cross_entropy_with_logits", draw_pair(0, 1),
           [](T x, T target, Reduction r) { return binary_cross_entropy_with_logits(x, target, r); }),
      // Not at 0, where the gradient of the target is infinite and PyTorch's is NaN.
      pair("kl_div", draw_pair(0.01, 1, 3), [](T x, T target, Reduction r) { return kl_div(x, target, r); }),
      {"distillation_loss", draw_distillation, differentiated([](const Trial& t) {
         const Tensor teacher = reshape(vector_option(t, "teacher"), t.input("x").shape());
         return distillation_loss(t.input("x"), teacher, t.number("temperature"));
       })},
  };
}

}  // namespace test::parity
