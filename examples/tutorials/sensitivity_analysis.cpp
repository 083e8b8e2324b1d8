// Sensitivity analysis, and pruning by |w| > 0.1 sensitivity: section 2.2 of "solutions for model pruning"
// (source 1).
// Where the original was wrong:
//  * It adds up the loss of all batches before one backward, and so keeps the recorded computation of every
//    batch in memory. Gradients add up by themselves: one backward for each batch gives the same sum, which
//    is how it is done here.
//  * It does all of that again for each parameter, without setting gradients to zero in between: the second
//    parameter gets twice the gradient, the sixth six times.
//  * What it takes is |sum of gradients|. That grows with the number of batches, where it ought to be an
//    average, and a weight that batches pull both ways looks insensitive. prune::sensitivity is the mean of
//    |gradient| over the batches.
//  * Above all the rule is upside down: the more sensitive a weight, the sooner it falls below its threshold.
//    What it removes costs far more accuracy than as many weights chosen at random.
// What share the rule prunes depends on when it is applied, because gradients shrink as training converges: a
// fifth of the untrained network (which is what the original prunes), a hundredth after twelve epochs.
#include <cstdio>

#include <tinynn/tinynn.hpp>

#include "expect.hpp"
using namespace tinynn;
using tutorial::expect;

namespace {

constexpr double threshold = 0.1;

// |sum of gradients over all batches| of every parameter.
std::vector<Tensor> summed_sensitivity(nn::Module& net, data::DataLoader& loader) {
  const auto parameters = net.parameters();
  for (Parameter parameter : parameters) parameter.zero_grad();
  for (auto& [images, labels] : loader) cross_entropy(net(images), labels).backward();
  std::vector<Tensor> sensitivity;
  for (Parameter parameter : parameters) {
    sensitivity.push_back(abs(parameter.grad()));
    parameter.zero_grad();
  }
  return sensitivity;
}

struct Result {
  double pruned, accuracy;
};

// What each way of pruning makes of the same network.
struct Stage {
  Result as_run, rule, mean, by_chance, by_effect;
};

Stage prune_copies(models::LeNet300100& net, data::DataLoader& loader, data::DataLoader& test) {
  // Runs f on a copy, biases and all: the original prunes every parameter.
  const auto pruned = [&](const char* name, auto f) {
    models::LeNet300100 copy = clone(net);
    f(copy);
    const Result result{prune::sparsity(copy.parameters()), train::evaluate(copy, test).accuracy};
    std::printf("  %-36s%5.2f%%     %5.2f%%\n", name, 100 * result.pruned, 100 * result.accuracy);
    return result;
  };
  const auto sensitivity = summed_sensitivity(net, loader);
  const auto by_rule = [&](nn::Module& copy, bool piled_up) {
    auto parameters = copy.parameters();
    for (size_t k = 0; k < parameters.size(); ++k) {
      const double times = piled_up ? static_cast<double>(k + 1) : 1;
      prune::custom_from_mask(parameters[k], abs(parameters[k]) > threshold * times * sensitivity[k]);
    }
  };

  Stage stage;
  stage.as_run = pruned("the original as it runs", [&](auto& copy) { by_rule(copy, true); });
  stage.rule = pruned("its rule, |w| > 0.1 |sum of g|", [&](auto& copy) { by_rule(copy, false); });
  stage.mean = pruned("with the mean: |w| > 0.1 mean of |g|", [&](auto& copy) {
    prune::by_threshold(copy.parameters(), threshold, prune::magnitude_over_sensitivity({copy, loader}));
  });
  const prune::Amount as_many = prune::fraction(stage.rule.pruned);
  stage.by_chance = pruned("as many as the rule, at random", [&](auto& copy) {
    prune::prune(copy.parameters(), as_many, {.criterion = prune::random()});
  });
  stage.by_effect = pruned("as many, the least |w * sum of g|", [&](auto& copy) {
    prune::prune(copy.parameters(), as_many, {.criterion = prune::snip({copy, loader})});
  });
  return stage;
}

}  // namespace

int main(int argc, char** argv) try {
  const auto folder = tutorial::mnist_folder(argc, argv);
  manual_seed(1);
  const auto images = data::random_split(data::mnist(folder, data::Split::train), 10000, 1).first;
  data::DataLoader loader(images, {.batch_size = 64, .shuffle = true});
  data::DataLoader test(data::mnist(folder, data::Split::test), {.batch_size = 1000});
  models::LeNet300100 net;
  optim::Adam adam(net.parameters(), {.lr = 0.001});

  std::vector<Stage> stages;
  std::vector<double> dense;
  int64_t epochs = 0;
  for (const int64_t until : {0, 1, 4, 12}) {
    train::fit(net, adam, loader, {.epochs = until - epochs});
    epochs = until;
    dense.push_back(train::evaluate(net, test).accuracy);
    std::printf("after %2d epochs                        pruned   accuracy\n  %-36s 0.00%%     %5.2f%%\n",
                static_cast<int>(epochs), "everything", 100 * dense.back());
    stages.push_back(prune_copies(net, loader, test));
  }
  std::printf("\n");

  const Stage& early = stages[1];
  expect(dense.back() > tutorial::accuracy(0.94),
         "trained on a sixth of the images, the network is more than 94% right (Fashion-MNIST: 79%)");
  expect(early.rule.accuracy < early.by_chance.accuracy - 0.02,
         "after one epoch the rule costs far more accuracy than as many weights at random");
  expect(early.as_run.accuracy < early.by_chance.accuracy - 0.02, "so does the original as it runs");
  expect(early.by_effect.accuracy > dense[1] - 0.005, "the least |w * g| cost nothing");
  expect(early.mean.pruned < 0.01, "with the mean, 0.1 is so low a threshold that hardly a weight is below");
  const double less = tutorial::fashion ? 1 : 2;  // on Fashion-MNIST gradients shrink more slowly
  expect(stages[1].rule.pruned > less * stages[2].rule.pruned &&
             stages[2].rule.pruned > less * stages[3].rule.pruned,
         "the longer the network is trained, the less the rule prunes");
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
