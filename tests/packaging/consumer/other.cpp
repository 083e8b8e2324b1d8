#include <tinynn/tinynn.hpp>

double half_of_the_weights() {
  using namespace tinynn;
  nn::Sequential net{nn::Linear(8, 4), nn::ReLU(), nn::Linear(4, 2)};
  optim::SGD sgd(net.parameters(), {.lr = 0.1});
  Tensor loss = cross_entropy(net(randn({3, 8})), Labels({0, 1, 0}));
  loss.backward();
  sgd.step();
  prune::prune(prune::prunable(net), prune::fraction(0.5));
  return prune::sparsity(prune::prunable(net));
}
