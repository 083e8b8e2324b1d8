// The memory in which the kernels of a header work on a step: one piece for all steps, as large as the
// largest of them asks for.
#pragma once

#include <cstdint>
#include <string>

#include <tinynn/program/plan.hpp>

namespace tinynn::deploy {

/// Whether tinynn_conv2d_winograd of kernels/winograd.h can compute a step of floats, and has enough tiles to
/// fill vectors with.
bool winograd_suits(const Plan& plan, const Step& step);

class HeaderScratch {
 public:
  /// Makes room for a step of sums, whole numbers or floats, whose weights have this storage
  /// (HeaderArrays::add_weights). The name of the variable.
  std::string add(const Plan& plan, const Step& step, const std::string& storage, bool whole);
  /// The variables in C.
  std::string declarations() const;
  /// What they take where the compiler has vectors (convolutions pad their inputs then), and where not.
  int64_t bytes(bool vectors) const;

 private:
  struct Numbers {
    int64_t plain = 0, vectors = 0;
  };
  Numbers whole_, floats_;  // of 4 bytes each
};

}  // namespace tinynn::deploy
