// What the tutorials share: where the images are, and the checks that make each program a test of its claims.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <tinynn/core/error.hpp>

#include "../../datasets/find.hpp"

namespace tutorial {

/// Whether Fashion-MNIST stands in for MNIST.
inline bool fashion = false;

/// The folder of MNIST: "mnist" in argv[1], or else where datasets::find() looks. Where there is none, that
/// of Fashion-MNIST; where there is neither, the program ends with exit code 77, by which CTest counts it as
/// skipped.
inline std::filesystem::path mnist_folder(int argc, char** argv) {
  if (argc > 1) return std::filesystem::path(argv[1]) / "mnist";
  if (const auto folder = datasets::find("mnist")) return *folder;
  const auto folder = datasets::find("fashion-mnist");
  if (!folder) {
    std::printf("skipped: there is no MNIST (datasets/fetch.sh mnist), nor Fashion-MNIST\n");
    std::exit(77);
  }
  fashion = true;
  std::printf(
      "There is no MNIST (datasets/fetch.sh mnist), so these are Fashion-MNIST's images of clothes.\n\n");
  return *folder;
}

/// The accuracy to expect where it would be `on_mnist` there. Fashion-MNIST is harder.
inline double accuracy(double on_mnist) { return fashion ? on_mnist - 0.15 : on_mnist; }

/// Prints the claim, and throws Error if it does not hold: the program then ends with exit code 1.
inline void expect(bool holds, const char* claim) {
  tinynn::check(holds, "NOT as expected: ", claim);
  std::printf("as expected: %s\n", claim);
}

}  // namespace tutorial
