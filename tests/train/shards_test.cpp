#include <bit>

#include <doctest/doctest.h>

#include <tinynn/core/random.hpp>
#include <tinynn/io/checkpoint.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/norm.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/nn/snapshot.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/reduce.hpp>
#include <tinynn/optim/sgd.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/sparsify/l0_gates.hpp>
#include <tinynn/train/evaluate.hpp>
#include <tinynn/train/run.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/ranks.hpp"
#include "tests/support/sanitized.hpp"

using namespace tinynn;

namespace {

data::DatasetPtr noise(int64_t count, const Shape& sample, int64_t classes) {
  const Tensor x = randn(Shape{count, sample[0], sample[1], sample[2]});
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < count; ++i) labels.push_back(i * 7 % classes);
  return std::make_shared<data::TensorDataset>(x, Labels(labels));
}

// With all that shards could differ in: running statistics, numbers drawn, masks of few and of many zeros, a
// parameter that no loss reaches.
nn::Sequential conv_net() {
  nn::Sequential net{nn::Conv2d(1, 6, 3), nn::BatchNorm2d(6), nn::ReLU(),       nn::Flatten(),
                     nn::Linear(96, 40),  nn::ReLU(),         nn::Dropout(0.3), nn::Linear(40, 4)};
  const auto weights = prune::weights(net);
  prune::prune({weights[1]}, prune::fraction(0.95));
  prune::prune({weights[2]}, prune::fraction(0.3));
  return net;
}

std::string bytes_of(nn::Module& module) {
  std::string bytes;
  for (const auto& tensor : io::to_file(module).tensors)
    bytes.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
  return bytes;
}

// A number to the last bit, in a form that no locale changes.
std::string bits(double number) { return std::to_string(std::bit_cast<uint64_t>(number)); }

// Of more numbers than are sent at once.
nn::Sequential wide_net() {
  return nn::Sequential{nn::Flatten(),        nn::Linear(36, 2000), nn::ReLU(),
                        nn::Linear(2000, 40), nn::ReLU(),           nn::Linear(40, 4)};
}

std::string trained(int64_t shards, train::Reduce& reduce, nn::Sequential (*make)() = conv_net) {
  manual_seed(3);
  data::DataLoader loader(noise(37, {1, 6, 6}, 4), {.batch_size = 16, .shuffle = true});
  auto net = make();
  optim::SGD sgd(net.parameters(), {.lr = 0.1, .momentum = 0.9, .weight_decay = 1e-3, .nesterov = true});
  std::string text;
  train::fit(
      net, sgd, loader,
      {.epochs = 2,
       .on_step = [&](const train::Progress& at) { text += bits(at.loss) + " " + bits(at.counted) + " "; },
       .count = [](const Tensor& output, const Targets&) { return static_cast<double>(output.size(0)); },
       .shards = shards,
       .reduce = &reduce});
  return text + bytes_of(net);
}

}  // namespace

TEST_CASE("train. shards: equal numbers give equal bytes, on 1, 2, 4 and 8 processes" *
          doctest::skip(test::is_thread_sanitized)) {
  for (const int64_t shards : {4, 8, 24}) {
    const auto alone = test::on_ranks(1, [&](auto& reduce) { return trained(shards, reduce); });
    CHECK(alone[0].find(" " + bits(16) + " ") != std::string::npos);
    for (const int64_t ranks : {2, 4, 8}) {
      if (shards % ranks != 0) continue;
      CAPTURE(shards);
      CAPTURE(ranks);
      const auto results = test::on_ranks(ranks, [&](auto& reduce) { return trained(shards, reduce); });
      for (const auto& result : results) CHECK((result == alone[0]));
    }
  }
}

TEST_CASE("train. shards: gradients that are sent while others are computed are the same" *
          doctest::skip(test::is_thread_sanitized)) {
  const auto alone = test::on_ranks(1, [](auto& reduce) { return trained(4, reduce, wide_net); });
  for (const int64_t ranks : {2, 4}) {
    const auto results = test::on_ranks(ranks, [](auto& reduce) { return trained(4, reduce, wide_net); });
    for (const auto& result : results) CHECK((result == alone[0]));
  }
}

TEST_CASE("train. shards together give the gradients of the whole batch") {
  manual_seed(4);
  const auto samples = noise(20, {1, 4, 4}, 3);
  const std::vector<float> class_weights{0.5F, 2, 3};
  nn::Sequential first{nn::Flatten(), nn::Linear(16, 12), nn::ReLU(), nn::Linear(12, 3)};
  prune::prune({prune::weights(first)[0]}, prune::fraction(0.9));
  for (const bool weighted : {false, true}) {
    const auto weight_of = [&](int64_t label) {
      return weighted ? class_weights[static_cast<size_t>(label)] : 1;
    };
    std::vector<std::vector<float>> values;
    std::vector<double> losses;
    for (const int64_t shards : {1, 3, 64}) {
      auto net = clone(first);
      const auto parameters = net.parameters();
      data::DataLoader loader(samples, {.batch_size = 20});
      const Parameter idle(ones({3}));  // no loss reaches it: no step is taken
      auto optimized = parameters;
      optimized.push_back(idle);
      optim::SGD sgd(optimized, {.lr = 0.5, .weight_decay = 0.1});
      train::RunOptions options;
      options.shards = shards;
      options.loss = [&](const Tensor& output, const Targets& targets) {
        return cross_entropy(
            output, targets,
            weighted ? CrossEntropyOptions{.weight = tensor(class_weights, {3})} : CrossEntropyOptions{});
      };
      options.divisor = [&](const Targets& targets) {
        const Labels& labels = targets;
        double sum = 0;
        for (const int64_t label : labels) sum += weight_of(label);
        return sum;
      };
      options.penalty = [&] { return sum(parameters[3] * parameters[3]); };
      losses.push_back(train::fit(net, sgd, loader, options)[0].loss);
      CHECK(idle.to_vector() == std::vector<float>{1, 1, 1});
      auto& all = values.emplace_back();
      for (const auto& parameter : parameters) {
        for (const float v : parameter.to_vector()) all.push_back(v);
      }
    }
    for (const size_t k : {1, 2}) {
      CHECK(test::difference(values[k], values[0], 1e-5) == "");
      CHECK(losses[k] == doctest::Approx(losses[0]).epsilon(1e-6));
    }
  }
}

TEST_CASE("train. shards draw numbers of their own, but gates of parameters are the step's") {
  manual_seed(5);
  data::DataLoader loader(noise(8, {1, 6, 6}, 2), {.batch_size = 8});
  for (const bool gated : {false, true}) {
    nn::Sequential net{nn::Flatten(), nn::Dropout(gated ? 0 : 0.5), nn::Linear(36, 2)};
    optim::SGD sgd(net.parameters(), {.lr = 0});
    std::optional<sparsify::L0Gates> gates;
    if (gated) gates.emplace(prune::weights(net), sparsify::L0Options{.droprate = 0.5});
    std::vector<std::vector<float>> outputs;
    train::RunOptions options{.epochs = 2, .shards = 2};
    options.loss = [&](const Tensor& output, const Targets&) {
      outputs.push_back(net(ones({1, 1, 6, 6})).to_vector());
      return sum(output * 0);
    };
    if (gated) options.more_parameters = [&] { return gates->parameters(); };
    const auto before = generator_state();
    train::fit(net, sgd, loader, options);
    CHECK(generator_state().calls == before.calls + 2);
    REQUIRE(outputs.size() == 4);
    CHECK((outputs[0] == outputs[1]) == gated);
    CHECK(outputs[1] != outputs[3]);
    if (gated) gates->harden();
  }
}

TEST_CASE("train. a shard that fails ends the step on all processes, with the first error, nothing changed" *
          doctest::skip(test::is_thread_sanitized)) {
  const auto texts = test::on_ranks(4, [](train::Reduce& reduce) {
    manual_seed(6);
    data::DataLoader loader(noise(8, {1, 6, 6}, 9), {.batch_size = 8});
    auto net = conv_net();
    const std::string before = bytes_of(net);
    optim::SGD sgd(net.parameters(), {.lr = 0.1});
    std::string error;
    try {
      train::fit(net, sgd, loader, {.shards = 4, .reduce = &reduce});
    } catch (const Error& caught) {
      error = caught.what();
    }
    return error + (bytes_of(net) == before ? "" : " changed");
  });
  // Labels are 0 7 5 3 1 8 6 4, of 4 classes: the first shard has a 7.
  CHECK(texts[0].find("7") != std::string::npos);
  for (const auto& text : texts) {
    CHECK(text == texts[0]);
    CHECK(text.find("changed") == std::string::npos);
  }
}

TEST_CASE("train. evaluation is shared, to the same numbers on any number of processes" *
          doctest::skip(test::is_thread_sanitized)) {
  const auto score = [](train::Reduce& reduce, int64_t shards, int64_t classes) {
    manual_seed(9);
    data::DataLoader loader(noise(41, {1, 6, 6}, classes), {.batch_size = 4});
    auto net = conv_net();
    std::string batches;
    const auto loss = [&](const Tensor& output, const Targets& targets) {
      batches += 'b';
      return cross_entropy(output, targets);
    };
    const auto [accuracy, mean] = train::evaluate(net, loader, loss, {.shards = shards, .reduce = &reduce});
    CHECK(loader.epoch() == 1);
    CHECK(std::ssize(batches) <= 11 / reduce.ranks() + 1);
    return std::string(reinterpret_cast<const char*>(&mean), sizeof mean) + std::to_string(accuracy);
  };
  train::Reduce one;
  const std::string alone = score(one, 4, 4);
  for (const int64_t ranks : {2, 4}) {
    for (const auto& result : test::on_ranks(ranks, [&](auto& reduce) { return score(reduce, 4, 4); }))
      CHECK(result == alone);
  }
  CHECK(score(one, 1, 4).substr(8) == alone.substr(8));
  CHECK(score(one, 24, 4).substr(8) == alone.substr(8));  // some have no batch
  // A label that is no class is in the batches of one process only.
  const auto errors = test::on_ranks(
      2, [&](auto& reduce) { return test::error_of([&] { score(reduce, 2, reduce.rank() == 0 ? 4 : 9); }); });
  CHECK(errors[0].find("label") != std::string::npos);
  CHECK(errors[1] == errors[0]);
}

TEST_CASE("train. a run is refused where processes cannot share the shards") {
  data::DataLoader loader(noise(8, {1, 2, 2}, 2), {.batch_size = 8});
  nn::Sequential net{nn::Flatten(), nn::Linear(4, 2)};
  optim::SGD sgd(net.parameters(), {.lr = 0.1});
  test::SocketReduce three(0, 3, {}), four(0, 4, {});
  const auto error = [&](int64_t shards, train::Reduce& reduce) {
    return test::error_of([&] { train::fit(net, sgd, loader, {.shards = shards, .reduce = &reduce}); });
  };
  CHECK(error(6, three) ==
        "shards: 3 processes for 6 shards, expected a power of two that divides their number");
  CHECK(error(6, four) ==
        "shards: 4 processes for 6 shards, expected a power of two that divides their number");
  CHECK(error(0, four) == "shards: 0, expected 1 to 2^20");
}

TEST_CASE("train. a run in shards goes on to the same bytes on another number of processes" *
          doctest::skip(test::is_thread_sanitized)) {
  const auto run = [](train::Reduce& reduce, int64_t steps, const State* from, State* to) {
    manual_seed(7);
    data::DataLoader loader(noise(48, {1, 6, 6}, 4), {.batch_size = 16, .shuffle = true});
    auto net = conv_net();
    optim::SGD sgd(net.parameters(), {.lr = 0.1, .momentum = 0.9});
    train::Run training(net, sgd, loader, {.epochs = 2, .shards = 4, .reduce = &reduce});
    const auto visit_all = [&](StateVisitor& visit) {
      visit.within("module", [&] { nn::module_state(visit, net); });
      visit.part("loader", loader);
      visit.part("run", training);
      visit.part("sgd", sgd);
      auto generator = generator_state();
      visit("seed", generator.seed);
      visit("calls", generator.calls);
      set_generator_state(generator);
    };
    if (from != nullptr) {
      StateReader reader(*from);
      visit_all(reader);
    }
    for (int64_t k = 0; k < steps && training.advance(); ++k) {
    }
    if (to != nullptr) {
      StateWriter writer;
      visit_all(writer);
      *to = writer.state;
    }
    return bytes_of(net);
  };
  const auto whole = test::on_ranks(2, [&](auto& reduce) { return run(reduce, 6, nullptr, nullptr); });
  State state;
  test::on_ranks(4, [&](auto& reduce) { return run(reduce, 4, nullptr, &state); });
  const auto rest = test::on_ranks(1, [&](auto& reduce) { return run(reduce, 9, &state, nullptr); });
  CHECK((rest[0] == whole[0]));
}

TEST_CASE("train. processes that have come to differ are told so" *
          doctest::skip(test::is_thread_sanitized)) {
  for (const bool in_mask : {false, true}) {
    const auto texts = test::on_ranks(2, [&](train::Reduce& reduce) {
      manual_seed(8);
      data::DataLoader loader(noise(32, {1, 2, 2}, 2), {.batch_size = 16});
      nn::Sequential net{nn::Flatten(), nn::Linear(4, 3), nn::ReLU(), nn::Linear(3, 2)};
      optim::SGD sgd(net.parameters(), {.lr = 0.1});
      train::RunOptions options{.epochs = 60, .shards = 2, .reduce = &reduce};
      int64_t steps = 0;
      options.on_step = [&](const train::Progress&) {
        if (++steps != 90 || (reduce.rank() == 0 && !in_mask)) return;
        Parameter weight = prune::weights(net)[1];
        weight.update([](std::span<float> value) { value[2] = 0; });
        if (reduce.rank() > 0 && in_mask) weight.prune(Mask(tensor({1, 1, 0, 1, 1, 1}, {2, 3})));
      };
      try {
        train::fit(net, sgd, loader, options);
      } catch (const train::AgreedError& error) {
        return error.what() + (" " + std::to_string(steps));
      }
      return std::string("no error");
    });
    CHECK(texts[0] == "the processes have come to differ, in 3.weight " + std::to_string(in_mask ? 90 : 99));
    CHECK(texts[1] == texts[0]);
  }
}

TEST_CASE("train. gradients of unlike lengths are not summed into each other" *
          doctest::skip(test::is_thread_sanitized)) {
  const auto texts = test::on_ranks(2, [&](train::Reduce& reduce) {
    manual_seed(8);
    data::DataLoader loader(noise(32, {1, 2, 2}, 2), {.batch_size = 16});
    nn::Sequential net{nn::Flatten(), nn::Linear(4, 3), nn::ReLU(), nn::Linear(3, 2)};
    prune::prune(prune::weights(net), prune::fraction(0.5));
    optim::SGD sgd(net.parameters(), {.lr = 0.1});
    std::optional<DenseGrad> dense;
    if (reduce.rank() == 1) dense.emplace(prune::weights(net));
    return test::error_of([&] { train::fit(net, sgd, loader, {.shards = 2, .reduce = &reduce}); });
  });
  CHECK(texts == std::vector<std::string>(2, "the processes have lists of unlike lengths to sum"));
}
