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

// The group, with the time that is spent in it: where sums go on beside the backward pass, what that waits
// for.
class Timed : public train::Reduce {
 public:
  Timed(distributed::Group& group, bool overlaps) : group_(group), overlaps_(overlaps) {}
  int64_t rank() const override { return group_.rank(); }
  int64_t ranks() const override { return group_.ranks(); }
  void sum(std::span<float> values) override {
    timed([&] { group_.sum(values); });
  }
  void sum(std::span<double> values) override {
    timed([&] { group_.sum(values); });
  }
  std::unique_ptr<Sum> begin_sum(std::span<float> values) override {
    if (!overlaps_) return Reduce::begin_sum(values);
    std::unique_ptr<Sum> sum;
    timed([&] { sum = group_.begin_sum(values); });
    return std::make_unique<TimedSum>(*this, std::move(sum));
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
  struct TimedSum : Sum {
    TimedSum(Timed& timed, std::unique_ptr<Sum> sum) : of(timed), inner(std::move(sum)) {}
    void go_on() override {
      of.timed([&] { inner->go_on(); });
    }
    void finish() override {
      of.timed([&] { inner->finish(); });
    }
    Timed& of;
    std::unique_ptr<Sum> inner;
  };
  distributed::Group& group_;
  bool overlaps_;
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

// Prints a line about a run in which so many weights are zero.
void measure(distributed::Group& group, const std::string& model, int64_t batch, int64_t steps,
             const std::string& interface, double zeros, const char* sends, bool all, bool overlaps) {
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
  std::optional<DenseGrad> dense;
  if (all) dense.emplace(weights);
  Timed reduce(group, overlaps);
  constexpr int64_t warm_up = 2;
  train::Run run(*net, sgd, loader, {.epochs = steps + warm_up, .shards = group.ranks(), .reduce = &reduce});
  std::vector<double> times, waits;
  int64_t sent = 0, on_wire = 0;
  for (int64_t k = 0; k < steps + warm_up; ++k) {
    if (k == warm_up) {
      sent = group.bytes_sent();
      on_wire = wire_bytes(interface);
    }
    reduce.milliseconds = 0;
    const auto begin = Clock::now();
    run.advance();
    if (k < warm_up) continue;
    times.push_back(milliseconds_since(begin));
    waits.push_back(reduce.milliseconds);
  }
  if (group.rank() > 0) return;
  const auto each = [&](int64_t bytes) { return static_cast<double>(bytes) / static_cast<double>(steps); };
  std::printf(
      R"({"model": "%s", "batch": %d, "zeros": %g, "sends": "%s", "step_ms": %.3f, "waits_ms": %.3f, )"
      R"("payload_bytes": %.0f, "wire_bytes": %.0f})"
      "\n",
      model.c_str(), static_cast<int>(batch), zeros, sends, median(times), median(waits),
      each(group.bytes_sent() - sent), each(wire_bytes(interface) - on_wire));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) try {
  check(argc >= 4, "usage: tinynn_bench_network MODEL BATCH STEPS [INTERFACE]");
  const std::string model = argv[1], interface = argc > 4 ? argv[4] : "";
  const int64_t batch = std::stoll(argv[2]), steps = std::stoll(argv[3]);
  set_num_threads(1);
  distributed::Group group;
  // All gradients are sent, or those of live weights; after the backward pass, or beside it.
  struct Way {
    const char* sends;
    bool all, overlaps;
  };
  for (const double zeros : {0.0, 0.5, 0.9, 0.95, 0.99}) {
    for (const Way& way :
         {Way{"all", true, false}, Way{"live, in the end", false, false}, Way{"live", false, true}})
      if (zeros > 0 || !way.all)
        measure(group, model, batch, steps, interface, zeros, way.sends, way.all, way.overlaps);
  }
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
