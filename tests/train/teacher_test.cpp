#include <doctest/doctest.h>

#include <tinynn/core/random.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/norm.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/nn/snapshot.hpp>
#include <tinynn/optim/sgd.hpp>
#include <tinynn/train/run.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/error_of.hpp"

using namespace tinynn;

namespace {

nn::Sequential pupil() { return nn::Sequential{nn::Linear(5, 16), nn::ReLU(), nn::Linear(16, 3)}; }

// The pupil's weights after some steps with labels that are 0, or random, whatever the inputs are.
std::vector<float> taught(train::Teacher teacher, bool random_labels, int64_t shards = 1) {
  manual_seed(4);
  const Tensor x = randn({64, 5});
  std::vector<int64_t> labels(64);
  for (size_t i = 0; i < labels.size() && random_labels; ++i) labels[i] = static_cast<int64_t>(i * 5 % 3);
  data::DataLoader loader(std::make_shared<data::TensorDataset>(x, Labels(labels), 3), {.batch_size = 16});
  auto net = pupil();
  optim::SGD sgd(net.parameters(), {.lr = 0.2, .momentum = 0.9});
  train::fit(net, sgd, loader, {.epochs = 60, .teacher = teacher, .shards = shards});
  std::vector<float> values = net(x).to_vector();
  for (const auto& parameter : net.parameters())
    values.insert(values.end(), parameter.values().begin(), parameter.values().end());
  return values;
}

// With statistics of batches and numbers drawn, which evaluation mode has none of.
nn::Sequential master() {
  return nn::Sequential{nn::Linear(5, 8), nn::BatchNorm1d(8), nn::ReLU(), nn::Dropout(0.5), nn::Linear(8, 3)};
}

}  // namespace

TEST_CASE("train. a teacher alone is imitated, whatever the labels are, and stays as it is") {
  manual_seed(9);
  auto teacher = master();
  teacher.train();
  teacher(randn({20, 5}));  // moves the running statistics once
  const auto buffers = [&] {
    std::vector<float> all;
    for (const auto& [name, buffer] : teacher.named_buffers())
      all.insert(all.end(), buffer.values().begin(), buffer.values().end());
    return all;
  };
  const auto statistics = buffers();
  const auto once = taught({&teacher, 2, 1}, false);
  CHECK(taught({&teacher, 2, 1}, true) == once);
  CHECK(test::difference(taught({&teacher, 2, 1}, true, 3), once, 1e-3) == "");  // in shards, too
  CHECK(buffers() == statistics);
  CHECK(teacher.is_training());
  for (const auto& parameter : teacher.parameters()) CHECK(!parameter.has_grad());

  manual_seed(4);
  const Tensor x = randn({64, 5});
  teacher.eval();
  const auto wanted = softmax(teacher(x), 1).to_vector();
  const auto got = softmax(tensor(std::span(once).first(192), {64, 3}), 1).to_vector();
  CHECK(test::difference(got, wanted, 0.05) == "");
}

TEST_CASE("train. a teacher with no share of the loss changes nothing") {
  manual_seed(9);
  auto teacher = master();
  CHECK(taught({&teacher, 4, 0}, true) == taught({}, true));
  CHECK(test::difference(taught({&teacher, 4, 0.5}, true), taught({}, true), 1e-2) != "");
}

TEST_CASE("train. a network is not its own teacher") {
  auto net = pupil();
  data::DataLoader loader(std::make_shared<data::TensorDataset>(randn({4, 5}), Labels({0, 1, 2, 0})),
                          {.batch_size = 4});
  optim::SGD sgd(net.parameters(), {.lr = 0.2});
  CHECK(test::error_of([&] { train::fit(net, sgd, loader, {.teacher = {&net}}); }) ==
        "fit: the network is its own teacher, expected a clone");
}
