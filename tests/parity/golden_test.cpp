// What PyTorch gave, on machines without it: tests/golden/pytorch.safetensors has the results of the first
// trials of every case, written by write_golden.cpp.
#include "tests/parity/golden.hpp"

#include <doctest/doctest.h>

#include <tinynn/io/safetensors.hpp>

using namespace test::parity;

TEST_CASE("golden. every operation, loss, layer and optimizer gives what PyTorch gave") {
  const auto file = tinynn::io::read_safetensors(golden_path);
  size_t read = 0;
  for (const Case& c : all_cases()) {
    for (uint64_t number = 0; number < golden_trials; ++number) {
      const Trial trial = draw_trial(c, number);
      const Results got = c.run(trial);
      Results want;
      for (size_t i = 0; i < got.size(); ++i) want.push_back(file.tensor(golden_name(c, number, i)));
      read += want.size();
      CHECK_MESSAGE(difference(got, want) == "", c.name, ": ", trial.describe());
    }
  }
  CHECK_MESSAGE(read == file.tensors.size(), "the golden file has results of cases that are gone");
}
