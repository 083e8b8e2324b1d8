// Five ways to prune one layer: sections 2 to 6 of the course text "pruning techniques and code" (source 2).
// Where the text was wrong:
//  * Its 25% of ten filters are two and a half; a half is rounded to the even number, so two filters die.
//  * A pruned filter's bias stays, and with it an output that is the same everywhere; nothing gets faster.
//  * It describes random pruning as one throw of the dice for each weight, but its code, and PyTorch's
//    function, prune exactly 30%. Both are here.
//  * Three rounds of 20% are said to prune 60%. Each round takes 20% of what is still alive, so 0.8^3 = 51.2%
//    stay and 48.8% go, 49 of 100 whole weights. To arrive at 60%, say so: fraction_of_total.
// What training there is between the rounds of section 6 is in iterative_schedule.cpp.
#include <cmath>
#include <cstdio>
#include <string>

#include <tinynn/tinynn.hpp>

#include "expect.hpp"
using namespace tinynn;
using tutorial::expect;

namespace {

// A row of a matrix in hundredths, so that two matrices fit side by side; what is dead is a dot.
std::string row(const Tensor& matrix, int64_t i, const Mask& mask) {
  std::string text;
  for (int64_t j = i * matrix.size(1); j < (i + 1) * matrix.size(1); ++j) {
    char number[16];
    std::snprintf(number, sizeof number, "%4.0f",
                  std::round(100 * static_cast<double>(matrix.data()[j])) + 0.0);
    text += mask.defined() && !mask[j] ? "   ." : number;
  }
  return text;
}

void print(const char* title, const Tensor& before, const Parameter& after) {
  std::printf("\n%s\n%-40s     after, %.0f%% pruned\n", title, "before, in hundredths",
              100 * prune::sparsity({after}));
  for (int64_t i = 0; i < after.size(0); ++i) {
    std::printf("%s  | %s\n", row(before, i, {}).c_str(), row(after, i, after.mask()).c_str());
  }
}

int64_t dead(const Parameter& weight) { return weight.numel() - weight.mask().count_alive(); }

// Rows, or filters, in which nothing is left.
int64_t dead_slices(const Parameter& weight) {
  return weight.size(0) - count_nonzero(sum(abs(flatten(weight)), {1}));
}

void unstructured_pruning() {
  nn::Linear fc(10, 10);
  const Tensor before = fc.weight.clone();
  prune::l1_unstructured(fc.weight, prune::fraction(0.5));
  print("2. unstructured: the smallest 50% of all weights", before, fc.weight);

  const Tensor lost = before - fc.weight;                 // the pruned weights as they were, zero elsewhere
  const Tensor kept = abs(fc.weight) + (fc.weight == 0);  // as they are, one where pruned
  expect(dead(fc.weight) == 50, "50 of 100 weights are dead");
  expect(max(abs(lost)).item() <= -max(-kept).item(), "none of them was larger than one that lives");
}

void structured_pruning() {
  nn::Conv2d conv(3, 10, 3);
  const Tensor before = sqrt(sum(pow(flatten(conv.weight), 2), {1}));
  prune::ln_structured(conv.weight, {.amount = prune::fraction(0.25), .n = 2, .dim = 0});
  const Tensor after = sqrt(sum(pow(flatten(conv.weight), 2), {1}));

  std::printf(
      "\n3. structured: the 25%% of filters with the smallest L2 norm\nfilter   before    after     bias\n");
  for (int64_t i = 0; i < 10; ++i) {
    std::printf("%6d %8.4f %8.4f %8.4f\n", static_cast<int>(i), static_cast<double>(before.data()[i]),
                static_cast<double>(after.data()[i]), static_cast<double>(conv.bias.data()[i]));
  }
  const auto worst = argsort(before);
  const std::vector<int64_t> pruned(worst.begin(), worst.begin() + 2);
  expect(dead_slices(conv.weight) == 2, "25% of ten filters, 2.5, are two");
  expect(max(index_select(after, 0, pruned)).item() == 0, "they are the two with the smallest norm");
  const Tensor outputs = reshape(index_select(conv(randn({1, 3, 8, 8})), 1, pruned), {2, 36});
  const Tensor biases = unsqueeze(index_select(conv.bias, 0, pruned), 1);
  expect(max(abs(outputs - biases)).item() == 0, "what they put out is still there: their bias, everywhere");
}

void at_random() {
  nn::Linear fc(10, 10), diced(10, 10);
  const Tensor before = fc.weight.clone(), before_dice = diced.weight.clone();
  prune::random_unstructured(fc.weight, prune::fraction(0.3));
  print("4. random: 30% of the weights, drawn from a hat", before, fc.weight);
  prune::bernoulli({diced.weight}, 0.3);
  print("4. random: each weight dies with a probability of 30%", before_dice, diced.weight);

  expect(dead(fc.weight) == 30, "the hat gives exactly 30 of 100");
  expect(std::abs(dead(diced.weight) - 30) < 15, "dice give about as many");
}

void norm() {
  nn::Linear fc(10, 10);
  const Tensor before = fc.weight.clone();
  prune::ln_structured(fc.weight, {.amount = prune::fraction(0.2), .n = 1, .dim = 0});
  print("5. by norm: the 20% of rows (neurons) with the smallest L1 norm", before, fc.weight);
  expect(dead_slices(fc.weight) == 2 && dead(fc.weight) == 20, "two of ten rows are dead, all of each");
}

void iterative() {
  nn::Linear fc(10, 10);
  Parameter honest(fc.weight.clone());
  const Tensor before = fc.weight.clone();
  std::printf("\n6. iterative: three rounds of 20%%\n");
  for (int round = 1; round <= 3; ++round) {
    prune::l1_unstructured(fc.weight, prune::fraction(0.2));
    prune::prune({honest}, prune::fraction_of_total(0.2 * round));
    std::printf("round %d: 20%% of the living: %.0f%% pruned;   %d%% of all: %.0f%% pruned\n", round,
                100 * prune::sparsity({fc.weight}), 20 * round, 100 * prune::sparsity({honest}));
  }
  print("6. iterative: after three rounds of 20% of the living", before, fc.weight);
  expect(dead(fc.weight) == 49, "three rounds of 20% prune 49 of 100 weights (20, then 16, then 13), not 60");
  expect(dead(honest) == 60, "20%, 40% and 60% of all weights prune 60");
}

}  // namespace

int main() try {
  manual_seed(1);
  unstructured_pruning();
  structured_pruning();
  at_random();
  norm();
  iterative();
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
