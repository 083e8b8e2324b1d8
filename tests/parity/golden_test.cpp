// What PyTorch gave, on machines without it: tests/golden/pytorch.safetensors has the results of the first
// trials of every case, written by write_golden.cpp.
#include "tests/parity/golden.hpp"

#include <set>

#include <doctest/doctest.h>

#include <tinynn/io/safetensors.hpp>

#include "tests/gradcheck/table.hpp"
#include "tests/support/replay.hpp"

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

TEST_CASE("golden. what ran is run again from the operations' own records, to the bit") {
  for (const auto& family :
       {arithmetic_cases(), shape_cases(), layer_operation_cases(), loss_cases(), layer_cases()}) {
    for (const Case& c : family) {
      for (uint64_t number = 0; number < golden_trials; ++number) {
        const Trial trial = draw_trial(c, number);
        const test::Replay replay([&] { c.run(trial); });
        CHECK_MESSAGE((replay.empty() || replay.repeats()), c.name, ": ", trial.describe());
      }
    }
  }
}

TEST_CASE("golden. every operation has a case") {
  std::set<std::string> cases;
  for (const Case& c : all_cases()) cases.insert(c.name);
  for (const auto& rows :
       {test::arithmetic_rows(), test::shape_rows(), test::layer_rows(), test::loss_rows()}) {
    for (const test::Row& row : rows)
      CHECK_MESSAGE(cases.contains(row.op), "no case for the operation ", row.op);
  }
}
