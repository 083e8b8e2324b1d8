// Training steps of a network that processes share, at many sparsities: what is sent, and how long it takes.
// Run by network.sh under mpirun. tinynn_bench_network MODEL BATCH STEPS [INTERFACE]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <tinynn/distributed/group.hpp>
#include <tinynn/tinynn.hpp>

namespace {

using namespace tinynn;
using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

// The group, with the time that is spent in it.
class Timed : public train::Reduce {
 public:
  explicit Timed(distributed::Group& group) : group_(group) {}
  int64_t rank() const override { return group_.rank(); }
  int64_t ranks() const override { return group_.ranks(); }
  void sum(std::span<float> values) override {
    timed([&] { group_.sum(values); });
  }
  void sum(std::span<double> values) override {
    timed([&] { group_.sum(values); });
  }
  std::string first_of(const std::string& text) override { return group_.first_of(text); }

  double milliseconds = 0;

 private:
  template <class Work>
  void timed(const Work& work) {
    const auto begin = Clock::now();
    work();
    milliseconds += milliseconds_since(begin);
  }
  distributed::Group& group_;
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

// Bytes that the interface has sent, as the kernel counts them.
int64_t wire_bytes(const std::string& interface) {
  int64_t bytes = 0;
  std::ifstream("/sys/class/net/" + interface + "/statistics/tx_bytes") >> bytes;
  return bytes;
}

}  // namespace

int main(int argc, char** argv) try {
  check(argc >= 4, "usage: tinynn_bench_network MODEL BATCH STEPS [INTERFACE]");
  const std::string model = argv[1], interface = argc > 4 ? argv[4] : "";
  const int64_t batch = std::stoll(argv[2]), steps = std::stoll(argv[3]);
  set_num_threads(1);
  distributed::Group group;
  for (const double zeros : {0.0, 0.5, 0.9, 0.95, 0.99}) {
    for (const bool dense : {true, false}) {  // all gradients are sent, or those of live weights
      if (!dense && zeros == 0) continue;
      manual_seed(1);
      const auto net = models::make(model);
      const Shape sample = models::input_shape(model);
      const auto weights = prune::weights(*net);
      if (zeros > 0) prune::prune(weights, prune::fraction(zeros));
      data::DataLoader loader(
          std::make_shared<data::TensorDataset>(randn({batch, sample[0], sample[1], sample[2]}),
                                                Labels(std::vector<int64_t>(static_cast<size_t>(batch), 1))),
          {.batch_size = batch});
      optim::SGD sgd(net->parameters(), {.lr = 1e-3, .momentum = 0.9});
      std::optional<DenseGrad> all;
      if (dense) all.emplace(weights);
      Timed reduce(group);
      train::Run run(*net, sgd, loader, {.epochs = steps + 2, .shards = group.ranks(), .reduce = &reduce});
      std::vector<double> times, waits;
      int64_t sent = 0, on_wire = 0;
      for (int64_t k = 0; k < steps + 2; ++k) {
        if (k == 2) sent = group.bytes_sent(), on_wire = wire_bytes(interface);
        reduce.milliseconds = 0;
        const auto begin = Clock::now();
        run.advance();
        if (k >= 2) times.push_back(milliseconds_since(begin)), waits.push_back(reduce.milliseconds);
      }
      if (group.rank() > 0) continue;
      const auto each = [&](int64_t bytes) {
        return static_cast<double>(bytes) / static_cast<double>(steps);
      };
      std::printf(
          R"({"model": "%s", "batch": %d, "zeros": %g, "sends": "%s", "step_ms": %.3f, "sum_ms": %.3f, )"
          R"("payload_bytes": %.0f, "wire_bytes": %.0f})"
          "\n",
          model.c_str(), static_cast<int>(batch), zeros, dense ? "all" : "live", median(times), median(waits),
          each(group.bytes_sent() - sent), each(wire_bytes(interface) - on_wire));
      std::fflush(stdout);
    }
  }
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
