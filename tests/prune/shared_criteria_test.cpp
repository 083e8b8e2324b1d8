// Criteria whose batches are shared among processes.
#include <doctest/doctest.h>

#include <tinynn/core/random.hpp>
#include <tinynn/data/dataset.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/norm.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/prune/activation_criteria.hpp>
#include <tinynn/prune/gradient_criteria.hpp>
#include <tinynn/prune/mask_rules.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/ranks.hpp"
#include "tests/support/sanitized.hpp"

using namespace tinynn;

namespace {

constexpr int64_t per_batch = 3, batches = 11;

// Counts the samples that are read.
struct Counted : data::TensorDataset {
  using TensorDataset::TensorDataset;
  mutable int64_t reads = 0;
  int64_t get(int64_t i, data::Generator& generator, float* out) const override {
    ++reads;
    return TensorDataset::get(i, generator, out);
  }
};

using Make = prune::Criterion (*)(nn::Module&, data::DataLoader&, int64_t most, const train::Sharing&);
const Make criteria[] = {
    [](auto& net, auto& loader, int64_t most, const auto& sharing) {
      return prune::taylor({.module = net, .loader = loader, .batches = most, .sharing = sharing},
                           prune::slice(0));
    },
    [](auto& net, auto& loader, int64_t most, const auto& sharing) {
      return prune::sensitivity({.module = net, .loader = loader, .batches = most, .sharing = sharing});
    },
    [](auto& net, auto& loader, int64_t most, const auto& sharing) {
      return prune::snip({.module = net, .loader = loader, .batches = most, .sharing = sharing});
    },
    [](auto& net, auto& loader, int64_t most, const auto& sharing) {
      return prune::mean_activation({net, loader, most, sharing});
    },
    [](auto& net, auto& loader, int64_t most, const auto& sharing) {
      return prune::wanda({net, loader, most, sharing});
    }};

// The scores by one criterion, and how many samples were read for them.
std::pair<std::vector<float>, int64_t> scores(Make make, int64_t most, const train::Sharing& sharing,
                                              int64_t classes = 4) {
  manual_seed(6);
  nn::Sequential net{nn::Conv2d(1, 5, 3), nn::BatchNorm2d(5), nn::ReLU(), nn::Flatten(), nn::Linear(80, 4)};
  const auto weights = prune::weights(net);
  prune::prune({weights[1]}, prune::fraction(0.5));
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < per_batch * batches; ++i) labels.push_back(i % classes);
  const auto data = std::make_shared<Counted>(randn({per_batch * batches, 1, 6, 6}), Labels(labels), classes);
  data::DataLoader loader(data, {.batch_size = per_batch, .prefetch = false});
  std::vector<float> all;
  for (const Tensor& of_weight : make(net, loader, most, sharing)(weights))
    all.insert(all.end(), of_weight.values().begin(), of_weight.values().end());
  CHECK(loader.epoch() == 1);
  return {all, data->reads};
}

}  // namespace

TEST_CASE("prune. criteria have the same bits on any number of processes, which share the batches" *
          doctest::skip(test::is_thread_sanitized)) {
  for (const Make make : criteria) {
    for (const int64_t most : {-1, 5}) {
      const auto text_of = [&](const std::vector<float>& found) {
        return std::string(reinterpret_cast<const char*>(found.data()), found.size() * sizeof(float));
      };
      const auto [alone, read] = scores(make, most, {.shards = 8});
      const int64_t example =
          read - per_batch * (most < 0 ? batches : most);  // what activations ask for, too
      CHECK(example <= per_batch);
      // Some of 8 shards have no batch.
      CHECK(test::difference(alone, scores(make, most, {}).first, 1e-5) == "");
      for (const int64_t ranks : {2, 4, 8}) {
        const auto found = test::on_ranks(ranks, [&](train::Reduce& reduce) {
          const auto [mine, samples] = scores(make, most, {.shards = 8, .reduce = &reduce});
          check(samples - example <= per_batch * ((most < 0 ? batches : most) / ranks + 1), "a process read ",
                samples);
          return text_of(mine);
        });
        for (const auto& text : found) CHECK(text == text_of(alone));
      }
    }
  }
}

TEST_CASE("prune. a criterion that fails on one process fails on all" *
          doctest::skip(test::is_thread_sanitized)) {
  const auto errors = test::on_ranks(2, [](train::Reduce& reduce) {
    const auto fail = [&] {
      scores(criteria[0], -1, {.shards = 2, .reduce = &reduce}, reduce.rank() == 0 ? 4 : 9);
    };
    return test::error_of(fail);
  });
  CHECK(errors[0].find("label") != std::string::npos);
  CHECK(errors[1] == errors[0]);
}
