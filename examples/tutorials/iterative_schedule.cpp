// The schedule that section 6 of "pruning techniques and code" (source 2) describes: begin with 10% pruned,
// go on in steps of 5% to 50%, and train after each. Where the original was wrong: its code does something
// else. It takes 20% of what is left three times, with a comment where the training should be (see
// pruning_techniques.cpp), on a layer that belongs to no network, so there is nothing to train and no
// accuracy to watch.
#include <cmath>
#include <cstdio>

#include <tinynn/tinynn.hpp>

#include "expect.hpp"
using namespace tinynn;
using tutorial::expect;

int main(int argc, char** argv) try {
  const auto folder = tutorial::mnist_folder(argc, argv);
  manual_seed(1);
  const auto images = data::mnist(folder, data::Split::train);
  data::DataLoader train(images, {.batch_size = 64, .shuffle = true});
  data::DataLoader some(data::random_split(images, 10000, 1).first, {.batch_size = 64, .shuffle = true});
  data::DataLoader test(data::mnist(folder, data::Split::test), {.batch_size = 1000});
  const prune::SparsitySchedule schedule{0.10, 0.15, 0.20, 0.25, 0.30, 0.35, 0.40, 0.45, 0.50};

  models::LeNet300100 net;
  optim::Adam adam(net.parameters(), {.lr = 0.001});
  train::fit(net, adam, train, {.epochs = 1});
  models::LeNet300100 dense = clone(net);
  const double before = train::evaluate(net, test).accuracy;
  std::printf("pruned   accuracy   after training\n 0.0%%     %.2f%%\n", 100 * before);

  double accuracy = 0;
  bool on_schedule = true;
  const auto show_pruned = [&](int64_t) {
    std::printf("%4.1f%%     %.2f%%", 100 * prune::sparsity(prune::weights(net)),
                100 * train::evaluate(net, test).accuracy);
  };
  const auto train_a_little = [&](int64_t step) {
    train::fit(net, adam, some, {.epochs = 1});
    accuracy = train::evaluate(net, test).accuracy;
    std::printf("     %.2f%%\n", 100 * accuracy);
    const double missed = prune::sparsity(prune::weights(net)) - schedule[step];
    on_schedule = on_schedule && std::abs(missed) < 1e-5;  // to the nearest whole weight
  };
  prune::iterate(net, {.schedule = schedule, .before_finetune = show_pruned, .finetune = train_a_little});

  // What all the training without the pruning would have given.
  optim::Adam another(dense.parameters(), {.lr = 0.001});
  train::fit(dense, another, some, {.epochs = static_cast<int64_t>(schedule.size())});
  const double control = train::evaluate(dense, test).accuracy;
  std::printf("never pruned, trained as long: %.2f%%\n\n", 100 * control);

  expect(before > tutorial::accuracy(0.94),
         "the network is more than 94% right to begin with (Fashion-MNIST: 79%)");
  expect(on_schedule, "after every step, training included, the sparsity is that of the schedule");
  expect(accuracy > before, "with half of its weights it is better than it was with all");
  expect(accuracy > control - 0.005, "and about as good as one that was trained as long and never pruned");
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
