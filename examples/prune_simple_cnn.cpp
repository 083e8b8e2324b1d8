// The program of the README: a network, its training loop, and magnitude pruning.
//   build/release/examples/prune_simple_cnn [FOLDER WITH MNIST]
#include <cstdio>

#include <tinynn/tinynn.hpp>
using namespace tinynn;

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

int main(int argc, char** argv) try {
  const char* folder = argc > 1 ? argv[1] : "datasets/mnist";
  manual_seed(1);
  data::DataLoader train(data::mnist(folder, data::Split::train), {.batch_size = 64, .shuffle = true});
  data::DataLoader test(data::mnist(folder, data::Split::test), {.batch_size = 500});
  SimpleCNN net;
  optim::Adam adam(net.parameters(), {.lr = 1e-3});

  auto train_one_epoch = [&] {
    for (auto& [images, labels] : train) {  // the loop stays visible
      adam.zero_grad();
      Tensor loss = cross_entropy(net(images), labels);
      loss.backward();
      adam.step();
    }
  };
  train_one_epoch();
  std::printf("dense:       %.2f%% right\n", 100 * train::evaluate(net, test).accuracy);

  prune::prune(prune::weights(net), prune::fraction(0.9));  // the smallest 90% of all weights die
  std::printf("90%% pruned:  %.2f%% right\n", 100 * train::evaluate(net, test).accuracy);

  train_one_epoch();  // Adam goes on; what is dead stays dead
  std::printf("fine-tuned:  %.2f%% right, %.1f%% of the weights are zero\n",
              100 * train::evaluate(net, test).accuracy, 100 * prune::sparsity(prune::weights(net)));

  prune::ln_structured(net.conv1.weight, {.amount = prune::count(2), .n = 1, .dim = 0});
  structured::compact(net, train.example());  // conv1 is now 2 channels wide, conv2 reads 2;
  train_one_epoch();                          // Adam goes on: its moments were cut with the weights
  std::printf("compacted:   %.2f%% right, %d of 26138 parameters are left\n",
              100 * train::evaluate(net, test).accuracy,
              static_cast<int>(graph::count(net, train.example()).parameters));
  io::save(net, "simple_cnn.safetensors");
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
