// Sparse regularisation: section 2.1 of "solutions for model pruning" (source 1).
// Where the original was wrong: it announces L1 and L0, which make weights zero, and then sets the
// optimizer's weight_decay, which is L2. L2 pulls a weight the less the smaller it is, so it never makes a
// zero, however strong; at the original's 1e-5 it hardly does anything. Nor does the original train its
// network. Here are all three, trained:
//  * L2 as in the original, and a hundred times stronger.
//  * L1 as a proximal step after each step of SGD: it pulls all weights alike, and those that would cross
//    zero stop there. (With |w| added to the loss they would jump over it.) The next batch may push a weight
//    out again, by very little, so this ends with a threshold just above zero.
//  * L0: each weight gets a gate that opens by chance; how likely it opens is learned, and every gate that
//    could be open costs the same, be its weight large or small. SGD at this rate would move the gates too
//    slowly, so this is Adam.
#include <cstdio>

#include <tinynn/tinynn.hpp>

#include "expect.hpp"
using namespace tinynn;
using tutorial::expect;

namespace {

struct SparseRegularizationModel : nn::Module {
  nn::Linear fc1{784, 300}, fc2{300, 100}, fc3{100, 10};

  void members(nn::Visitor& v) override { v("fc1", fc1), v("fc2", fc2), v("fc3", fc3); }
  Tensor forward(const Tensor& x) override {
    Tensor h = reshape(x, {-1, 784});
    h = relu(fc1(h));
    h = relu(fc2(h));
    return fc3(h);
  }
};

struct Result {
  double accuracy, zeros;
};

Result show(const char* name, nn::Module& net, data::DataLoader& test) {
  const Result result{train::evaluate(net, test).accuracy, prune::sparsity(prune::weights(net))};
  std::printf("%-24s%6.2f%%  %5.1f%%\n", name, 100 * result.accuracy, 100 * result.zeros);
  return result;
}

}  // namespace

int main(int argc, char** argv) try {
  const auto folder = tutorial::mnist_folder(argc, argv);
  const auto images = data::random_split(data::mnist(folder, data::Split::train), 20000, 1).first;
  data::DataLoader test(data::mnist(folder, data::Split::test), {.batch_size = 1000, .seed = 1});

  std::printf("%-24saccuracy  zeros\n", "");
  // SGD with the original's learning rate, on the same images in the same order from the same weights.
  const auto train_with_sgd = [&](double l2, double l1) {
    manual_seed(1);
    SparseRegularizationModel model;
    data::DataLoader loader(images, {.batch_size = 16, .shuffle = true});
    optim::SGD optimizer(model.parameters(), {.lr = 0.01, .weight_decay = l2, .l1 = l1});
    train::fit(model, optimizer, loader, {.epochs = 3});
    return model;
  };
  SparseRegularizationModel original = train_with_sgd(1e-5, 0), l2 = train_with_sgd(1e-3, 0),
                            l1 = train_with_sgd(0, 1e-3);
  const Result result_original = show("L2 1e-5", original, test);
  const Result result_l2 = show("L2 1e-3", l2, test);
  prune::by_threshold(prune::weights(l2), 1e-3);
  const Result cut_l2 = show("L2 1e-3, |w| > 0.001", l2, test);
  const Result result_l1 = show("L1 1e-3", l1, test);
  prune::by_threshold(prune::weights(l1), 1e-3);
  const Result cut_l1 = show("L1 1e-3, |w| > 0.001", l1, test);

  manual_seed(1);
  SparseRegularizationModel model;
  data::DataLoader loader(images, {.batch_size = 128, .shuffle = true});
  sparsify::L0Gates gates(prune::weights(model), {.strength = 1e-5});
  optim::Adam optimizer({{model.parameters(), {.lr = 2e-3}}, {gates.parameters(), {.lr = 0.1}}});
  train::fit(model, optimizer, loader, {.epochs = 2, .penalty = [&] { return gates.penalty(); }});
  gates.harden();  // gates become part of the weights, and closed ones their mask
  const Result result_l0 = show("L0 1e-5", model, test);
  std::printf("\n");

  expect(result_original.accuracy > tutorial::accuracy(0.92), "the network learns");
  expect(result_original.zeros == 0 && result_l2.zeros == 0, "L2 makes no zeros, weak or strong");
  expect(cut_l2.zeros < 0.05, "nor does it bring many weights near zero");
  expect(result_l1.zeros > 0.2, "L1 makes zeros: at the same strength more than a fifth of the weights");
  expect(cut_l1.zeros > 0.75 && cut_l1.accuracy > result_l1.accuracy - 0.005,
         "what it left below 0.001 can go for nothing: more than three quarters are zero then");
  expect(result_l0.zeros > 0.8 && result_l0.accuracy > tutorial::accuracy(0.92),
         "L0 closes most of the gates while it learns");
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
