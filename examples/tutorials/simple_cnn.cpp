// The SimpleCNN tutorial (source 3) end to end: train a small convolutional network on MNIST, rank the
// channels of its first layer by L1 norm, remove two by hand, train again, evaluate.
// Where the original was wrong:
//  * It builds new layers for the cut network but never copies conv2's bias, so that the network goes on with
//    a random one.
//  * It makes a new optimizer, and Adam's moments, its memory of the gradients so far, are gone.
//  * It evaluates only after training again, which heals both mistakes and the damage of the cut itself.
// Here the original's way runs beside tinynn's, Parameter::slice, which cuts values in place and the moments
// along with them, so that the old optimizer simply goes on. How much accuracy the lost bias costs is chance
// (with some seeds nothing), but the epoch after the cut has the lower loss where nothing was lost.
#include <algorithm>
#include <cstdio>

#include <tinynn/tinynn.hpp>

#include "expect.hpp"
using namespace tinynn;
using tutorial::expect;

namespace {

struct SimpleCNN : nn::Module {
  nn::Conv2d conv1{1, 4, 3, {.padding = 1}}, conv2{4, 8, 3, {.padding = 1}};
  nn::Linear fc1{8 * 7 * 7, 64}, fc2{64, 10};

  void members(nn::Visitor& v) override {
    v("conv1", conv1), v("conv2", conv2), v("fc1", fc1), v("fc2", fc2);
  }
  Tensor forward(const Tensor& x) override {
    Tensor h = max_pool2d(relu(conv1(x)), 2);
    h = max_pool2d(relu(conv2(h)), 2);
    return fc2(relu(fc1(flatten(h))));
  }
};

// Returns the mean loss.
double train_one_epoch(SimpleCNN& net, optim::Optimizer& optimizer, data::DataLoader& loader) {
  double running_loss = 0;
  for (auto& [images, labels] : loader) {
    optimizer.zero_grad();
    const Tensor loss = cross_entropy(net(images), labels);
    loss.backward();
    optimizer.step();
    running_loss += loss.item() * static_cast<double>(labels.size());
  }
  const double epoch_loss = running_loss / static_cast<double>(loader.samples());
  std::printf("Epoch 1, Loss: %.4f\n", epoch_loss);
  return epoch_loss;
}

// tinynn's way: what reads or writes the removed channels is cut, moments included; nothing else changes.
void keep_channels(SimpleCNN& net, const std::vector<int64_t>& keep) {
  net.conv1.weight.slice(0, keep);
  net.conv1.bias.slice(0, keep);
  net.conv2.weight.slice(1, keep);
}

// The original's way, its mistake with conv2's bias included.
void rebuild_layers(SimpleCNN& net, const std::vector<int64_t>& keep) {
  const auto width = static_cast<int64_t>(keep.size());
  nn::Conv2d conv1(1, width, 3, {.padding = 1}), conv2(width, 8, 3, {.padding = 1});
  conv1.weight.assign(index_select(net.conv1.weight, 0, keep));
  conv1.bias.assign(index_select(net.conv1.bias, 0, keep));
  conv2.weight.assign(index_select(net.conv2.weight, 1, keep));
  net.conv1 = conv1;
  net.conv2 = conv2;
}

// What cutting has to equal: the same channels silenced by a mask, and still there.
void mask_channels(SimpleCNN& net, const std::vector<int64_t>& channels) {
  for (Parameter* parameter : {&net.conv1.weight, &net.conv1.bias}) {
    Mask mask(parameter->shape());
    const int64_t each = parameter->numel() / parameter->size(0);
    for (const int64_t channel : channels) {
      for (int64_t i = channel * each; i < (channel + 1) * each; ++i) mask.set(i, false);
    }
    parameter->prune(mask);
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const auto folder = tutorial::mnist_folder(argc, argv);
  manual_seed(1);
  data::DataLoader train(data::mnist(folder, data::Split::train), {.batch_size = 64, .shuffle = true});
  data::DataLoader test(data::mnist(folder, data::Split::test), {.batch_size = 1000});

  SimpleCNN net;
  std::printf("Model before pruning:\n%s\n", graph::summary(net, train.example()).c_str());
  optim::Adam adam(net.parameters(), {.lr = 0.001});
  train_one_epoch(net, adam, train);
  const double dense = train::evaluate(net, test).accuracy;

  const auto order = argsort(sum(abs(net.conv1.weight), {1, 2, 3}));
  const std::vector<int64_t> pruned(order.begin(), order.begin() + 2);
  std::vector<int64_t> keep(order.begin() + 2, order.end());
  std::ranges::sort(keep);  // slice() keeps channels in their order
  std::printf("Channels to prune: %d, %d\n\n", static_cast<int>(pruned[0]), static_cast<int>(pruned[1]));

  SimpleCNN original = clone(net), masked = clone(net);
  rebuild_layers(original, keep);
  mask_channels(masked, pruned);
  keep_channels(net, keep);
  std::printf("Model after pruning:\n%s\n", graph::summary(net, train.example()).c_str());
  const Tensor example = train.example(), silenced = masked(example);
  const double difference = max(abs(net(example) - silenced)).item();
  const double original_difference = max(abs(original(example) - silenced)).item();
  const double cut = train::evaluate(net, test).accuracy;
  const double original_cut = train::evaluate(original, test).accuracy;

  // Both see the same images in the same order.
  const int64_t epoch = train.epoch();
  const double loss = train_one_epoch(net, adam, train);
  optim::Adam new_adam(original.parameters(), {.lr = 0.001});
  train.set_epoch(epoch);
  const double original_loss = train_one_epoch(original, new_adam, train);
  const double retrained = train::evaluate(net, test).accuracy;
  const double original_retrained = train::evaluate(original, test).accuracy;

  std::printf("\nAccuracy: %.2f%% before the cut\n", 100 * dense);
  std::printf("                    right after it   trained again   loss meanwhile\n");
  std::printf("cut with slice()            %.2f%%          %.2f%%           %.4f\n", 100 * cut,
              100 * retrained, loss);
  std::printf("layers made anew            %.2f%%          %.2f%%           %.4f\n\n", 100 * original_cut,
              100 * original_retrained, original_loss);

  expect(dense > tutorial::accuracy(0.95), "one epoch gives more than 95% (Fashion-MNIST: 80%)");
  expect(difference < 1e-4, "cut with slice(), the network computes what it did with the channels silenced");
  expect(original_difference > 0.01, "made anew, with a random bias, it computes something else");
  expect(loss < original_loss, "with bias and moments kept, training goes on at a lower loss");
  expect(std::min(retrained, original_retrained) > tutorial::accuracy(0.96), "training again heals both");
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
