// Where the golden results are and what they are called.
#pragma once

#include <string>

#include "tests/parity/trial.hpp"

namespace test::parity {

constexpr const char* golden_path = TINYNN_SOURCE_DIR "/tests/golden/pytorch.safetensors";
constexpr uint64_t golden_trials = 3;  // of each case

inline std::string golden_name(const Case& c, uint64_t trial, size_t result) {
  return c.name + "/" + std::to_string(trial) + "/" + std::to_string(result);
}

}  // namespace test::parity
