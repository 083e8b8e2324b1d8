// How the cost of training grows: microseconds a sample and peak memory of one epoch of a perceptron, by the
// number of samples, the batch size, the width and the depth, and the time for a million multiply-accumulates
// (three for each weight and sample: forward, gradient of the input, gradient of the weight). What grows with
// the work alone keeps the last column even.
//   build/release/benchmarks/tinynn_bench_growth [REPETITIONS [THREADS]]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <tinynn/tinynn.hpp>

using namespace tinynn;

namespace {

struct Case {
  std::string name;
  int64_t samples = 20000, batch = 64, width = 300, depth = 2;  // of hidden layers
};

nn::Sequential perceptron(const Case& c) {
  nn::Sequential net{nn::Flatten()};
  int64_t in = 784;
  for (int64_t layer = 0; layer < c.depth; ++layer, in = c.width) {
    net.add(nn::Linear(in, c.width));
    net.add(nn::ReLU());
  }
  net.add(nn::Linear(in, 10));
  return net;
}

struct Cost {
  double seconds;
  int64_t peak_bytes;
};

// One epoch, loading included.
Cost train_once(const Case& c, const data::DatasetPtr& images) {
  manual_seed(1);
  auto net = perceptron(c);
  optim::SGD sgd(net.parameters(), {.lr = 0.01, .momentum = 0.9});
  data::DataLoader loader(images, {.batch_size = c.batch, .shuffle = true});
  release_cached_memory();
  reset_peak_memory();
  const int64_t before = memory_stats().bytes_in_use;
  const auto start = std::chrono::steady_clock::now();
  train::fit(net, sgd, loader, {.epochs = 1});
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return {seconds, memory_stats().peak_bytes - before};
}

void print(const Case& c, int repetitions) {
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < c.samples; ++i) labels.push_back(i % 10);
  const auto images =
      std::make_shared<data::TensorDataset>(randn({c.samples, 1, 28, 28}), Labels(std::move(labels)), 10);
  std::vector<double> seconds;
  int64_t peak = 0;
  for (int i = 0; i <= repetitions; ++i) {
    const Cost cost = train_once(c, images);
    if (i > 0) seconds.push_back(cost.seconds);  // the first warms up
    peak = cost.peak_bytes;
  }
  std::ranges::sort(seconds);
  const double median = seconds[seconds.size() / 2];
  const auto samples = static_cast<double>(c.samples);
  const auto weights = static_cast<double>(784 * c.width + (c.depth - 1) * c.width * c.width + c.width * 10);
  std::printf("| %s | %.2f | %.1f | %.1f |\n", c.name.c_str(), 1e6 * median / samples,
              static_cast<double>(peak) / 1e6, 1e6 * median / (3e-6 * weights * samples));
}

}  // namespace

int main(int argc, char** argv) {
  const int repetitions = argc > 1 ? std::atoi(argv[1]) : 5;
  if (argc > 2) set_num_threads(std::atoi(argv[2]));
  std::printf(
      "| epoch of a perceptron 784-300-300-10 | us a sample | peak MB | us a million MACs "
      "|\n|---|---|---|---|\n");
  for (const int64_t samples : {1000, 5000, 20000, 60000})
    print({.name = std::to_string(samples) + " samples", .samples = samples}, repetitions);
  for (const int64_t batch : {1, 4, 16, 64, 256, 1024})
    print({.name = "batch " + std::to_string(batch), .samples = batch == 1 ? 5000 : 20000, .batch = batch},
          repetitions);
  for (const int64_t width : {150, 300, 600, 1200})
    print({.name = "width " + std::to_string(width), .width = width}, repetitions);
  for (const int64_t depth : {1, 2, 4, 8})
    print({.name = std::to_string(depth) + " hidden layers", .depth = depth}, repetitions);
}
