#include <atomic>
#include <thread>

#include <doctest/doctest.h>

#include <tinynn/core/random.hpp>
#include <tinynn/export/compile.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/prune/mask_rules.hpp>

using namespace tinynn;

// Nobody has called the program before, so that all of them lay out memory at once; half of the convolutions'
// and of the linear layers' loops are sparse.
TEST_CASE("program. eight threads call one program at once, and each gets what it would get alone") {
  manual_seed(4);
  const auto net = models::make("lenet-5-bn");
  const auto weights = prune::weights(*net);
  prune::prune({weights.begin() + 1, weights.begin() + 3}, prune::fraction(0.9));
  const auto plan = deploy::plan(*net, zeros({1, 1, 28, 28}));
  constexpr int64_t callers = 8, calls = 4;
  std::vector<Tensor> inputs;
  std::vector<std::vector<float>> expected;
  for (int64_t k = 0; k < callers; ++k) {
    inputs.push_back(randn({1 + 9 * k, 1, 28, 28}));  // more than one batch of the linear layers for the last
    expected.push_back(deploy::Program(plan)(inputs.back()).to_vector());
  }
  const deploy::Program program(plan);
  std::atomic<int64_t> arrived = 0, same = 0;
  std::vector<std::thread> threads;
  for (int64_t k = 0; k < callers; ++k) {
    threads.emplace_back([&, k] {
      ++arrived;
      while (arrived < callers) std::this_thread::yield();
      for (int64_t call = 0; call < calls; ++call) {
        const auto at = static_cast<size_t>((k + call) % callers);
        same += int64_t{program(inputs[at]).to_vector() == expected[at]};
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(same == callers * calls);
}
