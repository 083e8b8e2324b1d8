// Weight pruning by an absolute threshold of 0.1 on a Sequential network: section 2.3 of "solutions for model
// pruning" (source 1).
// Where the original was wrong:
//  * It prunes a network that was never trained. PyTorch starts a layer's weights within 1/sqrt(inputs) of
//    zero, which is 0.1 at most here, so the threshold removes every single one.
//  * It writes zeros over the weights and keeps no mask. The first training step brings them all back.
//  * It shows no accuracy.
#include <cstdio>

#include <tinynn/tinynn.hpp>

#include "expect.hpp"
using namespace tinynn;
using tutorial::expect;

namespace {

nn::Sequential make_network() {
  return nn::Sequential(nn::Flatten(), nn::Linear(784, 300), nn::ReLU(), nn::Linear(300, 100), nn::ReLU(),
                        nn::Linear(100, 10));
}

double sparsity(nn::Module& net) { return prune::sparsity(prune::weights(net)); }

// As the original does it: zeros, but nothing that remembers them.
void zero_small_weights(nn::Module& net, double threshold) {
  for (auto& [name, parameter] : net.named_parameters()) {
    if (name.find("weight") == std::string::npos) continue;
    const Tensor mask = abs(parameter) > threshold;
    parameter.assign(parameter * mask);
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const auto folder = tutorial::mnist_folder(argc, argv);
  manual_seed(1);
  const auto images = data::mnist(folder, data::Split::train);
  data::DataLoader train(images, {.batch_size = 64, .shuffle = true});
  data::DataLoader some(data::random_split(images, 20000, 1).first, {.batch_size = 64, .shuffle = true});
  data::DataLoader test(data::mnist(folder, data::Split::test), {.batch_size = 1000});

  nn::Sequential untrained = make_network();
  prune::by_threshold(prune::weights(untrained), 0.1);
  std::printf("untrained:  the threshold removes %.1f%% of the weights\n", 100 * sparsity(untrained));

  nn::Sequential net = make_network();
  optim::Adam adam(net.parameters(), {.lr = 0.001});
  train::fit(net, adam, train, {.epochs = 2});
  const double dense = train::evaluate(net, test).accuracy;
  std::printf("trained:    %.2f%% right\n", 100 * dense);

  nn::Sequential forgetful = clone(net);
  prune::by_threshold(prune::weights(net), 0.1);
  const double pruned = train::evaluate(net, test).accuracy, zeros = sparsity(net);
  std::printf("pruned:     %.2f%% right, %.1f%% of the weights are zero\n", 100 * pruned, 100 * zeros);
  for (const auto& [name, parameter] : net.named_parameters()) {
    if (parameter.rank() > 1)
      std::printf("            %s: %.1f%%\n", name.c_str(), 100 * prune::sparsity({parameter}));
  }

  train::fit(net, adam, some, {.epochs = 1});
  const double tuned = train::evaluate(net, test).accuracy;
  std::printf("fine-tuned: %.2f%% right, %.1f%% of the weights are zero\n", 100 * tuned, 100 * sparsity(net));

  zero_small_weights(forgetful, 0.1);
  optim::Adam another(forgetful.parameters(), {.lr = 0.001});
  train::fit(forgetful, another, some, {.epochs = 1});
  std::printf("without a mask: %.2f%% right, %.1f%% of the weights are zero\n\n",
              100 * train::evaluate(forgetful, test).accuracy, 100 * sparsity(forgetful));

  expect(sparsity(untrained) == 1, "of an untrained network nothing is left");
  expect(dense > tutorial::accuracy(0.96), "trained, it is more than 96% right (Fashion-MNIST: 81%)");
  expect(zeros > 0.9, "a threshold of 0.1 is above nine tenths of the trained weights");
  expect(tuned > pruned && tuned > tutorial::accuracy(0.95),
         "a third of an epoch of fine-tuning makes it good again");
  expect(sparsity(net) == zeros, "what is dead stays dead meanwhile");
  expect(sparsity(forgetful) < 0.5, "zeros that no mask remembers do not last");
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
