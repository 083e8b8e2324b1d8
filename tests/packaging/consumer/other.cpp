#include <tinynn/tinynn.hpp>

// Trains LeNet-300-100 for an epoch, on MNIST if there is a folder with it, else on noise.
double half_of_the_weights(const char* folder) {
  using namespace tinynn;
  const auto noise = [] {
    return std::make_shared<data::TensorDataset>(randn({64, 784}), Labels(std::vector<int64_t>(64, 7)), 10);
  };
  data::DataLoader loader(folder ? data::mnist(folder, data::Split::train) : noise(),
                          {.batch_size = 32, .shuffle = true});
  models::LeNet300100 net;
  optim::SGD sgd(net.parameters(), {.lr = 0.1});
  train::fit(net, sgd, loader);
  prune::prune(prune::weights(net), prune::fraction(0.5));
  return prune::sparsity(prune::weights(net));
}
