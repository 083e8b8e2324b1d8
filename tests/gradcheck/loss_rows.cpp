#include <tinynn/ops/loss.hpp>

#include "tests/gradcheck/table.hpp"

using namespace tinynn;

namespace test {
namespace {

const std::vector<Reduction> all_reductions{Reduction::mean, Reduction::sum, Reduction::batch_mean,
                                            Reduction::none};

// Losses of logits or log-probabilities and labels, with and without weights of the classes.
template <class F>
std::vector<Case> of_labels(F call) {
  std::vector<Case> cases;
  for (const Reduction reduction : all_reductions) {
    for (const Tensor& weight : {Tensor(), tensor({0.5F, 2, 1})}) {
      cases.push_back({{{{4, 3}}}, [=](Inputs x) {
                         return call(x[0], Labels({2, 0, 0, 1}), weight, reduction);
                       }});
    }
  }
  cases.push_back({{{{1, 1}}}, [=](Inputs x) { return call(x[0], Labels({0}), Tensor(), Reduction::mean); }});
  cases.push_back({{{{0, 3}}}, [=](Inputs x) { return call(x[0], Labels(), Tensor(), Reduction::none); }});
  return cases;
}

template <class F>
std::vector<Case> of_pairs(F call, double low = -2, double high = 2) {
  std::vector<Case> cases;
  for (const Reduction reduction : all_reductions) {
    for (const Shape& shape : {Shape{1}, Shape{7}, Shape{3, 5}, Shape{2, 1, 3}}) {
      cases.push_back({{{shape}, {shape, low, high}}, [=](Inputs x) { return call(x[0], x[1], reduction); }});
    }
  }
  cases.push_back({{{{0, 2}}, {{0, 2}}}, [=](Inputs x) { return call(x[0], x[1], Reduction::sum); }});
  return cases;
}

}  // namespace

std::vector<Row> loss_rows() {
  using T = const Tensor&;
  auto cross_entropy_cases = of_labels([](T x, const Labels& labels, T weight, Reduction reduction) {
    return cross_entropy(x, labels, {.label_smoothing = 0.1, .weight = weight, .reduction = reduction});
  });
  cross_entropy_cases.push_back({{{{3, 5}}}, [](Inputs x) {
                                   return cross_entropy(x[0], Labels({4, 1, 0}));
                                 }});
  return {
      {"cross_entropy", cross_entropy_cases},
      {"nll_loss", of_labels([](T x, const Labels& labels, T weight, Reduction reduction) {
         return nll_loss(x, labels, {.weight = weight, .reduction = reduction});
       })},
      {"mse_loss", of_pairs([](T a, T b, Reduction r) { return mse_loss(a, b, r); })},
      {"l1_loss", of_pairs([](T a, T b, Reduction r) { return l1_loss(a, b, r); })},
      {"binary_cross_entropy_with_logits",
       of_pairs([](T a, T b, Reduction r) { return binary_cross_entropy_with_logits(a, b, r); }, 0.1, 0.9)},
      {"kl_div", of_pairs([](T a, T b, Reduction r) { return kl_div(a, b, r); }, 0.1, 0.9)},
  };
}

}  // namespace test
