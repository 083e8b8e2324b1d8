// A network that only this program knows, for a test that sends it through the command and back:
// own_network save FILE writes it, untrained, with its graph; own_network back FILE reads what became of it,
// and trains it for a step in ignorance of its parts.
#include <cstdio>
#include <string_view>

#include <tinynn/tinynn.hpp>

using namespace tinynn;

namespace {

// Two branches of a stem that are joined as channels, one of them grouped, and one weight that is used twice.
struct Branches : nn::Module {
  nn::Conv2d stem{1, 8, 3, {.padding = 1}}, left{8, 6, 3, {.stride = 2, .padding = 1}},
      right{8, 8, 3, {.stride = 2, .padding = 1, .groups = 2}};
  nn::BatchNorm2d norm{14};
  nn::Linear twice{14, 14}, out{14, 10};

  void members(nn::Visitor& v) override {
    v("stem", stem);
    v("left", left);
    v("right", right);
    v("norm", norm);
    v("twice", twice);
    v("out", out);
  }
  Tensor forward(const Tensor& x) override {
    const Tensor h = max_pool2d(relu(stem(x)), 2);
    const Tensor joined = relu(norm(concat({left(h), right(h)}, 1)));
    const Tensor features = flatten(adaptive_avg_pool2d(joined, {1, 1}));
    return out(relu(twice(relu(twice(features)))));
  }
};

}  // namespace

int main(int argc, char** argv) try {
  check(argc == 3, "own_network: expected save FILE or back FILE");
  manual_seed(3);
  const Tensor images = randn({4, 1, 28, 28});
  if (std::string_view(argv[1]) == "save") {
    Branches net;
    io::save(net, argv[2], {.graph = images});
    return 0;
  }
  graph::Network net = io::load_network(argv[2]);
  optim::SGD sgd(net.parameters(), {.lr = 0.01});
  const Labels labels({1, 2, 3, 4});
  double before = 0, after = 0;
  for (double* loss : {&before, &after}) {
    sgd.zero_grad();
    const Tensor now = cross_entropy(net(images), labels);
    *loss = now.item();
    now.backward();
    sgd.step();
  }
  check(after < before, "the loss went from ", before, " to ", after);
  std::printf("%lld channels of the stem\n", static_cast<long long>(net.parameters()[0].size(0)));
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
