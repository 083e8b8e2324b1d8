// Incremental learning on a pruned network: the last paragraph of the SimpleCNN tutorial (source 3) advises
// it in half a sentence, without code. A network learns the digits 0 to 7 and loses 99% of its weights. Then
// more data arrive: first further samples of the same digits, then 8 and 9, which it has never seen. What the
// sentence leaves out:
//  * Whoever prunes by writing zeros, as the sources do, has a dense network again after the
//    first new sample. Masks stay here, through all that is learned later.
//  * Trained on new classes alone, a network forgets the old ones; some old samples have to come along.
//  * The mask was made for the old classes. Most inputs of the outputs for 8 and 9 died, as those always said
//    no. Regrowth (here RigL) moves the few connections to where the new gradients are largest: every ten
//    steps the smallest die and as many others come alive, so the network stays as small as it was.
#include <algorithm>
#include <cstdio>
#include <optional>

#include <tinynn/tinynn.hpp>

#include "expect.hpp"
using namespace tinynn;
using tutorial::expect;

namespace {

using Indices = std::vector<int64_t>;

// Where the images of the digits `low` to `high` are.
Indices find_digits(const data::DatasetPtr& dataset, int64_t low, int64_t high) {
  Indices found;
  int64_t i = 0;
  for (auto& [images, labels] : data::DataLoader(dataset, {.batch_size = 1000})) {
    for (const int64_t label : labels) {
      if (low <= label && label <= high) found.push_back(i);
      ++i;
    }
  }
  return found;
}

data::DataLoader loader_of(const data::DatasetPtr& dataset, const Indices& indices) {
  return data::DataLoader(std::make_shared<data::Subset>(dataset, indices),
                          {.batch_size = 64, .shuffle = true});
}

void train_with_regrowth(nn::Module& net, optim::Optimizer& optimizer, data::DataLoader& loader,
                         int64_t epochs) {
  const auto weights = prune::weights(net);
  const int64_t end = epochs * loader.size() * 3 / 4;  // afterwards the mask is left in peace
  int64_t step = 0;
  for (int64_t epoch = 0; epoch < epochs; ++epoch) {
    for (auto& [images, labels] : loader) {
      const bool regrow = step % 10 == 0 && step < end;
      std::optional<DenseGrad> dense;  // lets dead weights have gradients
      if (regrow) dense.emplace(weights);
      optimizer.zero_grad();
      cross_entropy(net(images), labels).backward();
      if (regrow) {
        sparsify::rigl(weights, sparsify::cosine_decay(0.3, step, end));
      } else {
        optimizer.step();
      }
      ++step;
    }
  }
}

struct Accuracy {
  double old, fresh, all;
};

}  // namespace

int main(int argc, char** argv) try {
  const auto folder = tutorial::mnist_folder(argc, argv);
  manual_seed(1);
  const auto images = data::mnist(folder, data::Split::train);
  const auto test_images = data::mnist(folder, data::Split::test);
  const Indices old = find_digits(images, 0, 7), fresh = find_digits(images, 8, 9);
  auto first = loader_of(images, Indices(old.begin(), old.begin() + 10000));
  auto more = loader_of(images, Indices(old.begin() + 10000, old.begin() + 30000));
  const Indices new_digits(fresh.begin(), fresh.begin() + 5000);
  Indices new_and_old(new_digits);
  new_and_old.insert(new_and_old.end(), old.begin() + 30000, old.begin() + 35000);
  auto alone = loader_of(images, new_digits), mixed = loader_of(images, new_and_old);

  auto test_old = loader_of(test_images, find_digits(test_images, 0, 7));
  auto test_fresh = loader_of(test_images, find_digits(test_images, 8, 9));
  auto test = data::DataLoader(test_images, {.batch_size = 1000});
  std::printf("%-33s 0 to 7   8 and 9   all      zeros  inputs of 8, 9\n", "");
  const auto show = [&](const char* name, models::LeNet300100& net) {
    const Accuracy result{train::evaluate(net, test_old).accuracy, train::evaluate(net, test_fresh).accuracy,
                          train::evaluate(net, test).accuracy};
    const int64_t inputs = count_nonzero(slice(net.fc3.weight, 0, 8, 10));
    std::printf("%-33s %5.2f%%   %5.2f%%   %5.2f%%   %4.1f%%  %d of 200\n", name, 100 * result.old,
                100 * result.fresh, 100 * result.all, 100 * prune::sparsity(prune::weights(net)),
                static_cast<int>(inputs));
    return result;
  };

  models::LeNet300100 net;
  optim::Adam adam(net.parameters(), {.lr = 0.001});
  train::fit(net, adam, first, {.epochs = 2});
  show("10,000 images of 0 to 7", net);
  prune::iterate(net, {.schedule = prune::cubic({.to = 0.99, .steps = 4}),
                       .finetune = [&](int64_t) { train::fit(net, adam, first, {.epochs = 1}); }});
  const Accuracy pruned = show("pruned", net);
  const Mask mask = net.fc1.weight.mask();

  train::fit(net, adam, more, {.epochs = 1});
  const Accuracy learned = show("20,000 further images", net);
  const bool kept = net.fc1.weight.mask() == mask;

  models::LeNet300100 forgetful = clone(net), fixed = clone(net), regrown = clone(net);
  optim::Adam adam_forgetful(forgetful.parameters()), adam_fixed(fixed.parameters()),
      adam_regrown(regrown.parameters());
  train::fit(forgetful, adam_forgetful, alone, {.epochs = 3});
  train::fit(fixed, adam_fixed, mixed, {.epochs = 3});
  mixed.set_epoch(0);  // the same batches again
  train_with_regrowth(regrown, adam_regrown, mixed, 3);
  const Accuracy without_old = show("8 and 9 alone, mask kept", forgetful);
  const Accuracy with_old = show("8 and 9 with old ones, mask kept", fixed);
  const Accuracy with_regrowth = show("8 and 9 with old ones, regrowth", regrown);
  std::printf("\n");

  expect(kept, "learning goes on under the same mask");
  expect(learned.old > pruned.old && learned.old > tutorial::accuracy(0.95),
         "further samples make the pruned network better");
  expect(fixed.fc1.weight.mask() == mask, "new classes are learned under it, too");
  expect(without_old.old < learned.old - 0.1, "without old samples the old digits are forgotten");
  expect(std::min(with_old.old, with_old.fresh) > tutorial::accuracy(0.85),
         "with some of them old and new ones are known");
  expect(with_regrowth.fresh > with_old.fresh, "regrowth finds better connections for the new digits");
  expect(with_regrowth.all > with_old.all, "and is better over all");
  expect(prune::sparsity(prune::weights(regrown)) >= prune::sparsity(prune::weights(fixed)),
         "with no more weights than before");
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
