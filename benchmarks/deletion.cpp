// What deleting channels is worth: every model whole, and with channels deleted until a half, a quarter and
// an eighth of its multiply-adds are left, in one Markdown table. Bytes are those of the file; times are
// medians of forward passes, whole and small ones taking turns. Weights are random: time does not depend on
// them.
//   build/release/benchmarks/tinynn_bench_deletion [REPETITIONS [THREADS]]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <tinynn/tinynn.hpp>
using namespace tinynn;

namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_of(nn::Module& net, const Tensor& images) {
  const auto start = Clock::now();
  net(images);
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// Medians over repetitions that take turns, so that a busy machine slows all alike.
std::vector<double> medians(const std::vector<nn::Module*>& nets, const Tensor& images, int repetitions) {
  const NoGrad no_grad;
  std::vector<std::vector<double>> times(nets.size());
  for (int i = -3; i < repetitions; ++i) {
    for (size_t k = 0; k < nets.size(); ++k) {
      const double time = milliseconds_of(*nets[k], images);
      if (i >= 0) times[k].push_back(time);
    }
  }
  std::vector<double> result;
  for (auto& of_one : times) {
    std::ranges::nth_element(of_one, of_one.begin() + static_cast<int64_t>(of_one.size() / 2));
    result.push_back(of_one[of_one.size() / 2]);
  }
  return result;
}

void print_rows(const char* name, int repetitions) {
  const Shape image = models::input_shape(name);
  std::vector<std::unique_ptr<nn::Module>> nets;
  std::vector<graph::Counts> counts;
  const Tensor one = randn({1, image[0], image[1], image[2]}),
               many = randn({64, image[0], image[1], image[2]});
  for (const double budget : {1.0, 0.5, 0.25, 0.125}) {
    manual_seed(1);
    auto& net = nets.emplace_back(models::make(name));
    structured::prune_channels(*net, one, {.amount = prune::to_macs(budget)});
    structured::compact(*net, one);
    net->eval();
    counts.push_back(graph::count(*net, one));
  }
  std::vector<nn::Module*> all;
  for (const auto& net : nets) all.push_back(net.get());
  const auto single = medians(all, one, 10 * repetitions), batch = medians(all, many, repetitions);
  for (size_t k = 0; k < nets.size(); ++k) {
    const double fewer = static_cast<double>(counts[0].macs) / static_cast<double>(counts[k].macs);
    std::printf("| %s | %.2f | %lld | %lld | %lld | %.3f | %.2f | %.2f | %.2f |\n", k == 0 ? name : "", fewer,
                static_cast<long long>(counts[k].parameters), static_cast<long long>(counts[k].macs),
                static_cast<long long>(io::safetensors_bytes(io::to_file(*nets[k]))), single[k], batch[k],
                single[0] / single[k] / fewer, batch[0] / batch[k] / fewer);
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const int repetitions = argc > 1 ? std::atoi(argv[1]) : 21;
  if (argc > 2) set_num_threads(std::atoi(argv[2]));
  std::printf(
      "| network | fewer MACs, times | parameters | MACs | bytes | ms, batch 1 | ms, batch 64 | speed-up / "
      "MAC "
      "reduction, batch 1 | batch 64 |\n|---|---|---|---|---|---|---|---|---|\n");
  for (const char* name : {"lenet-5", "vgg-small", "resnet-20", "densenet-small"})
    print_rows(name, repetitions);
}
