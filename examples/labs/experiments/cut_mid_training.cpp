// What a cut does to training. SimpleCNN learns MNIST with Adam; half-way through an epoch two of conv1's
// four channels go, by L1 norm, and training goes on in three ways, all with the same images in the same
// order:
//  * the channels are masked, and everything else is as it was: what a cut should be like;
//  * compact() deletes them, weights, gradients and Adam's moments together;
//  * compact(), and a new Adam without memory, as the tutorials for PyTorch do it.
// The second must follow the first. The third has lost what Adam knew of the gradients: its loss is higher.
//   build/release/examples/labs/experiments/experiment_cut_mid_training [SEEDS]
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include <tinynn/tinynn.hpp>

#include "../../tutorials/expect.hpp"
using namespace tinynn;
using tutorial::expect;

namespace {

enum class Way { masked, compacted, new_optimizer };

constexpr int64_t cut_after = 469, steps_after = 200;  // an epoch has 938 steps

// The losses of the steps after the cut.
std::vector<double> losses(uint64_t seed, const data::DatasetPtr& images, Way way) {
  manual_seed(seed);
  data::DataLoader loader(images, {.batch_size = 64, .shuffle = true, .seed = seed});
  models::SimpleCNN net;
  auto adam = std::make_unique<optim::Adam>(net.parameters(), optim::AdamOptions{.lr = 1e-3});
  std::vector<double> result;
  int64_t step = 0;
  for (const auto& [x, labels] : loader) {
    if (step == cut_after) {
      prune::ln_structured(net.conv1.weight, {.amount = prune::count(2), .n = 1, .dim = 0});
      structured::complete_masks(net, x);  // the dead channels' biases, too
      if (way != Way::masked) structured::compact(net, x);
      if (way == Way::new_optimizer)
        adam = std::make_unique<optim::Adam>(net.parameters(), optim::AdamOptions{.lr = 1e-3});
    }
    adam->zero_grad();
    const Tensor loss = cross_entropy(net(x), labels);
    loss.backward();
    adam->step();
    if (step >= cut_after) result.push_back(loss.item());
    if (++step == cut_after + steps_after) break;
  }
  return result;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

}  // namespace

int main(int argc, char** argv) try {
  const int seeds = argc > 1 ? std::atoi(argv[1]) : 3;
  const auto images = data::mnist(tutorial::mnist_folder(1, argv), data::Split::train);
  std::printf("mean loss of the %d steps after two of four channels went\n\n", static_cast<int>(steps_after));
  std::printf(
      "| seed | masked | compact() | compact(), new Adam | largest difference of the first two, in 10 steps "
      "|\n");
  std::printf("|---|---|---|---|---|\n");
  bool follows = true, beats = true;
  for (int seed = 1; seed <= seeds; ++seed) {
    const auto number = static_cast<uint64_t>(seed);
    const auto masked = losses(number, images, Way::masked), small = losses(number, images, Way::compacted);
    const auto anew = losses(number, images, Way::new_optimizer);
    double difference = 0;
    for (size_t i = 0; i < 10; ++i) difference = std::max(difference, std::fabs(masked[i] - small[i]));
    std::printf("| %d | %.4f | %.4f | %.4f | %.1e |\n", seed, mean(masked), mean(small), mean(anew),
                difference);
    follows = follows && difference < 1e-4;
    beats = beats && mean(small) < mean(anew);
  }
  std::printf("\n");
  expect(follows, "deleted or masked, the loss is the same");
  // On Fashion-MNIST the two come out about the same.
  if (!tutorial::fashion)
    expect(beats, "with Adam's moments kept, training goes on at a lower loss than with a new Adam");
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
