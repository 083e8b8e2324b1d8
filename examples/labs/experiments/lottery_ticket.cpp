// Lottery tickets: Frankle & Carbin, "The lottery ticket hypothesis", ICLR 2019, section 2, on LeNet-300-100.
// A network is trained, each of its layers loses the smallest fifth of its weights, and what is left starts
// again from the weights it had in the beginning; and so on. The hypothesis: what is left is a winning
// ticket, a small network that learns as well as the large one because it began with these very weights. So
// the same masks on fresh random weights have to do worse. In the paper's curves they do from the first
// rounds on, while tickets at first even get better than the whole network, and then slowly worse.
//
// One training is an epoch of MNIST with Adam (1000 steps of 60 images; the paper's rate, a tenth of its
// steps). The ticket and its opponent see the same images in the same order.
//   build/release/examples/labs/experiments/experiment_lottery_ticket [SEEDS [IMAGES]]
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include <tinynn/tinynn.hpp>

#include "../../tutorials/expect.hpp"
using namespace tinynn;
using tutorial::expect;

namespace {

struct Accuracy {
  double ticket = 0, reinit = 0;
};
using Curve = std::map<double, Accuracy>;  // by sparsity

// The sparsity at which they are compared, and in how many rounds, of a fifth of what is left each, the
// ticket gets there.
constexpr prune::ScheduleOptions stretches[] = {{.from = 0, .to = 0.5, .steps = 3},
                                                {.from = 0.5, .to = 0.8, .steps = 4},
                                                {.from = 0.8, .to = 0.95, .steps = 6}};

Curve play(uint64_t seed, const data::DatasetPtr& images, data::DataLoader& test) {
  const auto train = [&](nn::Module& net) {
    data::DataLoader loader(images, {.batch_size = 60, .shuffle = true, .seed = seed});
    optim::Adam adam(net.parameters(), {.lr = 1.2e-3});
    train::fit(net, adam, loader);
    return train::evaluate(net, test).accuracy;
  };
  manual_seed(seed);
  models::LeNet300100 net, other;
  const Snapshot start = snapshot(net), other_start = snapshot(other);
  Curve curve;
  curve[0] = {.ticket = train(net), .reinit = train(other)};

  for (const auto& stretch : stretches) {
    double ticket = 0;
    const auto train_ticket = [&](int64_t) {
      prune::rewind(net, start);
      ticket = train(net);
    };
    prune::iterate(
        net,
        {.scope = prune::Scope::local, .schedule = prune::exponential(stretch), .finetune = train_ticket});
    models::LeNet300100 opponent = clone(net);
    prune::rewind(opponent, other_start);
    curve[stretch.to] = {.ticket = ticket, .reinit = train(opponent)};
  }
  return curve;
}

void print(const char* name, const Curve& curve) {
  for (const auto& [sparsity, accuracy] : curve)
    std::printf("%-6s  %7.0f%%  %9.2f%%  %12.2f%%\n", name, 100 * sparsity, 100 * accuracy.ticket,
                100 * accuracy.reinit);
}

}  // namespace

int main(int argc, char** argv) try {
  const auto folder = tutorial::mnist_folder(1, argv);
  const int seeds = argc > 1 ? std::atoi(argv[1]) : 3;
  check(seeds >= 1, "lottery_ticket: \"", argv[1], "\" seeds, expected 1 or more");
  data::DatasetPtr images = data::mnist(folder, data::Split::train);
  if (argc > 2) images = data::random_split(images, std::atoi(argv[2]), 1).first;
  data::DataLoader test(data::mnist(folder, data::Split::test), {.batch_size = 1000});

  std::printf("seed    sparsity     ticket  random again\n");
  Curve mean;
  bool beaten_at_80 = true, beaten_at_95 = true;
  for (int seed = 1; seed <= seeds; ++seed) {
    const Curve curve = play(static_cast<uint64_t>(seed), images, test);
    print(std::to_string(seed).c_str(), curve);
    for (const auto& [sparsity, accuracy] : curve) {
      mean[sparsity].ticket += accuracy.ticket / seeds;
      mean[sparsity].reinit += accuracy.reinit / seeds;
    }
    beaten_at_80 = beaten_at_80 && curve.at(0.8).ticket > curve.at(0.8).reinit;
    beaten_at_95 = beaten_at_95 && curve.at(0.95).ticket > curve.at(0.95).reinit;
  }
  print("mean", mean);
  std::printf("\n");

  expect(beaten_at_80 && beaten_at_95,
         "at 80% and 95%, tickets beat their masks on fresh weights, each seed");
  expect(mean[0.5].ticket > mean[0].ticket, "half of the weights, well begun, beats all of them");
  // On a sixth of the images a fifth of the weights does about as well as all.
  if (argc <= 2) expect(mean[0.8].ticket > mean[0].ticket, "and so does a fifth");
  expect(mean[0.95].reinit < mean[0].reinit, "on fresh weights, a twentieth is worse than all");
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
