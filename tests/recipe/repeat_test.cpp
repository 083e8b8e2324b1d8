// The same run again: to the same bits on any number of threads, and within rounding on another instruction
// set.
#include <cmath>
#include <map>

#include <doctest/doctest.h>

#include <tinynn/core/random.hpp>
#include <tinynn/models/lenet_5.hpp>
#include <tinynn/optim/adam.hpp>
#include <tinynn/recipe/run.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/isas.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/threads.hpp"

using namespace tinynn;

namespace {

struct Result {
  std::map<std::string, std::vector<float>> values;
  std::map<std::string, Mask> masks;
};

Result train_prune_finetune(const recipe::Recipe& recipe) {
  manual_seed(1);
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < 192; ++i) labels.push_back(i % 10);
  data::DataLoader loader(
      std::make_shared<data::TensorDataset>(rand({192, 1, 28, 28}, -1, 1), Labels(labels)),
      {.batch_size = 64, .shuffle = true, .seed = 2});
  models::LeNet5 net;
  optim::Adam adam(net.parameters(), {.lr = 1e-3});
  recipe::Run run(net, adam, loader, recipe);
  while (run.advance()) {
  }
  Result result;
  for (const auto& [name, parameter] : net.named_parameters()) {
    result.values[name] = parameter.to_vector();
    if (parameter.mask().defined()) result.masks[name] = parameter.mask();
  }
  return result;
}

}  // namespace

TEST_CASE("recipe. a whole run gives the same bits with 1, 2, 3 and 8 threads") {
  const recipe::Recipe recipes[] = {
      {.sparsity = 0.9, .steps = 2, .regrow = "rigl", .epochs = 2, .update_every = 1, .finetune_epochs = 1},
      {.criterion = "taylor",
       .granularity = "channel",
       .sparsity = 0.5,
       .steps = 2,
       .epochs = 1,
       .finetune_epochs = 1},
  };
  for (const recipe::Recipe& recipe : recipes) {
    CAPTURE(recipe::to_text(recipe));
    const Result one = test::with_threads(1, [&] { return train_prune_finetune(recipe); });
    for (const int64_t threads : {3, 2, 8}) {
      if (test::is_sanitized && threads != 3) continue;
      CAPTURE(threads);
      const Result result = test::with_threads(threads, [&] { return train_prune_finetune(recipe); });
      CHECK(result.masks == one.masks);
      REQUIRE(result.values.size() == one.values.size());
      for (const auto& row : one.values) {
        const auto& [name, values] = row;
        CAPTURE(row.first);
        CHECK(test::bit_difference(result.values.at(name), values) == "");
      }
    }
  }
}

// Sums are taken in another order, and Adam's first steps are of the size of the rate whatever the gradient
// is: after 12 steps of 1e-3, nine weights of ten of each parameter part by less than a tenth of
// one. The others follow a gradient that nearly vanishes, or a pixel that is the largest by rounding alone,
// for a few steps.
TEST_CASE("recipe. a whole run gives nearly the same on every instruction set") {
  const recipe::Recipe recipe{.sparsity = 0.9, .steps = 1, .epochs = 3, .finetune_epochs = 1};
  const Result here = train_prune_finetune(recipe);
  for (const std::string& name : kernels::isas()) {
    CAPTURE(name);
    const test::Isa isa(name);
    const Result there = train_prune_finetune(recipe);
    for (const auto& row : here.values) {
      const auto& [parameter, values] = row;
      CAPTURE(row.first);
      const auto& others = there.values.at(parameter);
      float largest = 0;
      int64_t part = 0, masks_differ = 0;
      for (size_t i = 0; i < values.size(); ++i) {
        if ((values[i] == 0) != (others[i] == 0)) {
          ++masks_differ;
        } else {
          const float difference = std::abs(values[i] - others[i]);
          part += difference < 1e-4F ? 0 : 1;
          largest = std::max(largest, difference);
        }
      }
      CHECK(part * 10 <= std::ssize(values));
      CHECK(largest < 4e-3F);
      CHECK(masks_differ * 1000 <= std::ssize(values));
    }
  }
}
