// The whole promise on one screen: train, mask, fine-tune, delete, save, load, compile.
#include <doctest/doctest.h>

#include <tinynn/tinynn.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace tinynn;

TEST_CASE("tiny. a network is trained, masked, fine-tuned, cut, saved, loaded and compiled") {
  manual_seed(1);
  const Tensor x = rand({600, 2}, -1, 1);  // whose class is the quadrant
  std::vector<int64_t> quadrants;
  for (int64_t i = 0; i < 600; ++i)
    quadrants.push_back((x.data()[2 * i] > 0) * 2 + (x.data()[2 * i + 1] > 0));
  data::DataLoader loader(std::make_shared<data::TensorDataset>(x, Labels(quadrants)),
                          {.batch_size = 32, .shuffle = true});
  const auto make = [] { return nn::Sequential{nn::Linear(2, 40), nn::ReLU(), nn::Linear(40, 4)}; };
  auto net = make();
  optim::Adam adam(net.parameters(), {.lr = 1e-2});
  train::fit(net, adam, loader, {.epochs = 8});
  CHECK(train::evaluate(net, loader).accuracy > 0.95);

  Parameter first = net.parameters()[0];
  prune::ln_structured(first, {.amount = prune::count(30)});  // 30 of 40 neurons die
  train::fit(net, adam, loader, {.epochs = 4});
  CHECK(prune::sparsity({first}) == 0.75);
  CHECK(train::evaluate(net, loader).accuracy > 0.95);

  const auto deleted = structured::compact(net, x);
  CHECK(deleted.channels == 30);
  CHECK(deleted.output_difference < 1e-5);
  CHECK(first.shape() == Shape{10, 2});
  train::fit(net, adam, loader);  // its moments were cut with the weights
  CHECK(train::evaluate(net, loader).accuracy > 0.95);

  const test::TemporaryFolder folder;
  io::save(net, folder / "tiny.safetensors");
  nn::Sequential loaded{nn::Linear(2, 10), nn::ReLU(), nn::Linear(10, 4)};
  io::load(loaded, io::read_safetensors(folder / "tiny.safetensors"));
  CHECK(test::bit_difference(loaded(x).values(), net(x).values()) == "");

  const deploy::Program program = deploy::compile(loaded, x);
  CHECK(test::difference(program(x).values(), net(x).values(), 1e-5) == "");
}
