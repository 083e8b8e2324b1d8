// What the tutorials share: where the digits are, and the checks that make each program a test of its claims.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <tinynn/core/error.hpp>

namespace tutorial {

/// The folder "mnist" in argv[1], or else in $TINYNN_DATA, or else in "datasets". Where there is none the
/// program ends with exit code 77, by which CTest counts it as skipped.
inline std::filesystem::path mnist_folder(int argc, char** argv) {
  const char* data = argc > 1 ? argv[1] : std::getenv("TINYNN_DATA");
  const auto folder = std::filesystem::path(data != nullptr ? data : "datasets") / "mnist";
  if (std::filesystem::exists(folder)) return folder;
  std::printf("skipped: there is no %s; datasets/fetch.sh mnist gets it\n", folder.c_str());
  std::exit(77);
}

/// Prints the claim, and throws Error if it does not hold: the program then ends with exit code 1.
inline void expect(bool holds, const char* claim) {
  tinynn::check(holds, "NOT as expected: ", claim);
  std::printf("as expected: %s\n", claim);
}

}  // namespace tutorial
