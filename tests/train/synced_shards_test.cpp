#include <doctest/doctest.h>

#include <tinynn/core/random.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/norm.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/nn/snapshot.hpp>
#include <tinynn/ops/loss.hpp>
#include <tinynn/optim/sgd.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/train/lockstep.hpp>
#include <tinynn/train/run.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/ranks.hpp"
#include "tests/support/sanitized.hpp"

using namespace tinynn;

namespace {

// Channels whose means are far from 0, and differ from sample to sample, so that a shard's moments are others
// than the batch's.
data::DatasetPtr shifted_noise(int64_t count, int64_t classes) {
  Tensor x = randn({count, 2, 6, 6});
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < count; ++i) {
    labels.push_back(i * 7 % classes);
    for (int64_t k = 0; k < 72; ++k) x.mutable_data()[i * 72 + k] += static_cast<float>(i % 5) + 10;
  }
  return std::make_shared<data::TensorDataset>(x, Labels(labels));
}

nn::Sequential normed_net(double dropout) {
  nn::Sequential net{nn::Conv2d(2, 6, 3), nn::BatchNorm2d(6),  nn::ReLU(),           nn::Flatten(),
                     nn::Linear(96, 10),  nn::BatchNorm1d(10), nn::Dropout(dropout), nn::Linear(10, 4)};
  prune::prune({prune::weights(net)[1]}, prune::fraction(0.9));
  return net;
}

// Weights, masked zeros among them, and running statistics.
std::vector<float> all_values(nn::Module& module) {
  std::vector<float> all;
  for (const auto& [name, parameter] : module.named_parameters())
    all.insert(all.end(), parameter.values().begin(), parameter.values().end());
  for (const auto& [name, buffer] : module.named_buffers())
    all.insert(all.end(), buffer.values().begin(), buffer.values().end());
  return all;
}

// All values after two epochs of three steps; the last has 5 samples.
std::vector<float> trained_synced(int64_t shards, bool sync, train::Reduce* reduce, double dropout = 0) {
  manual_seed(3);
  data::DataLoader loader(shifted_noise(37, 4), {.batch_size = 16, .shuffle = true});
  auto net = normed_net(dropout);
  optim::SGD sgd(net.parameters(), {.lr = 0.05, .momentum = 0.9});
  train::fit(net, sgd, loader, {.epochs = 2, .shards = shards, .sync_batch_norm = sync, .reduce = reduce});
  return all_values(net);
}

}  // namespace

TEST_CASE("train. shards with synchronised batch normalisation train as the whole batch does") {
  const auto whole = trained_synced(1, false, nullptr);
  for (const int64_t shards : {2, 3, 8, 24}) {  // of 5 samples, too: some of them are empty
    CAPTURE(shards);
    CHECK(test::difference(trained_synced(shards, true, nullptr), whole, 1e-4) == "");
  }
  CHECK(test::difference(trained_synced(2, false, nullptr), whole, 1e-2) != "");
}

TEST_CASE("train. synchronised batch normalisation gives the same bytes on 1, 2, 4 and 8 processes" *
          doctest::skip(test::is_thread_sanitized)) {
  const auto text_of = [](train::Reduce& reduce) {
    const auto values = trained_synced(8, true, &reduce, 0.3);
    return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  };
  const auto alone = test::on_ranks(1, text_of);
  for (const int64_t ranks : {2, 4, 8}) {
    for (const auto& result : test::on_ranks(ranks, text_of)) CHECK((result == alone[0]));
  }
}

TEST_CASE("train. a shard that fails while others wait for it in batch normalisation ends the step" *
          doctest::skip(test::is_thread_sanitized)) {
  for (const int64_t failing : {0, 3, 5}) {
    const auto texts = test::on_ranks(2, [&](train::Reduce& reduce) {
      manual_seed(6);
      data::DataLoader loader(shifted_noise(24, 4), {.batch_size = 24});
      auto net = normed_net(0.2);
      const auto before = all_values(net);
      optim::SGD sgd(net.parameters(), {.lr = 0.1});
      int64_t shard = reduce.rank() * 3;
      const auto state = generator_state();
      train::RunOptions options{.shards = 6, .sync_batch_norm = true, .reduce = &reduce};
      options.loss = [&](const Tensor& output, const Targets& targets) {
        check(shard != failing, "number ", shard, " fails");
        ++shard;
        return cross_entropy(output, targets);
      };
      const std::string error = test::error_of([&] { train::fit(net, sgd, loader, options); });
      const bool has_grad = std::ranges::any_of(net.parameters(), &Parameter::has_grad);
      return error + (all_values(net) == before && !has_grad ? "" : " changed") +
             (generator_state().calls == state.calls ? "" : " drew");
    });
    for (const auto& text : texts) CHECK(text == "number " + std::to_string(failing) + " fails");
  }
}

TEST_CASE("train. shards that do not go through the same batch normalisation are told so") {
  struct Uneven : nn::Module {
    void members(nn::Visitor& v) override {
      v("norm", norm);
      v("linear", linear);
    }
    Tensor forward(const Tensor& x) override { return linear(calls++ == 1 ? x : norm(x)); }
    nn::BatchNorm1d norm{3};
    nn::Linear linear{3, 2};
    int64_t calls = 0;
  };
  manual_seed(2);
  Uneven net;
  data::DataLoader loader(
      std::make_shared<data::TensorDataset>(randn({8, 3}), Labels({0, 1, 0, 1, 0, 1, 0, 1})),
      {.batch_size = 8});
  optim::SGD sgd(net.parameters(), {.lr = 0.1});
  CHECK(test::error_of([&] { train::fit(net, sgd, loader, {.shards = 2, .sync_batch_norm = true}); }) ==
        "shards: number 1 has other batch normalisation than the first");
}

TEST_CASE("train. synchronised batch normalisation of one value a channel in all is refused") {
  manual_seed(2);
  nn::Sequential net{nn::BatchNorm1d(3), nn::Linear(3, 2)};
  data::DataLoader loader(std::make_shared<data::TensorDataset>(randn({1, 3}), Labels({1})),
                          {.batch_size = 1});
  optim::SGD sgd(net.parameters(), {.lr = 0.1});
  CHECK(test::error_of([&] {
          train::fit(net, sgd, loader, {.shards = 2, .sync_batch_norm = true});
        }).find("Expected more than 1 value per channel") != std::string::npos);
}

TEST_CASE("train. functions in lockstep take turns, and those that wait are ended") {
  std::string text;
  bool left = false;
  {
    train::Lockstep lockstep(3, [&](int64_t k) {
      const auto say = [&](const char* what) { text += std::to_string(k) + what + ' '; };
      struct Leave {
        bool& left;
        ~Leave() { left = true; }
      } leave{left};
      say("a");
      lockstep.wait(k);
      say("b");
      if (k == 1) return;
      lockstep.wait(k);
      say("c");
      lockstep.wait(k);
      say("d");
    });
    lockstep.go_on();
    CHECK(text == "0a 1a 2a ");
    lockstep.go_on();
    CHECK(lockstep.is_over(1));
    CHECK(!lockstep.is_over(0));
    lockstep.go_on();
    CHECK(text == "0a 1a 2a 0b 1b 2b 0c 2c ");
    left = false;
  }
  CHECK(left);
  CHECK(text == "0a 1a 2a 0b 1b 2b 0c 2c ");
}
