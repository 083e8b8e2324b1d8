// The steps of a plan in C: the calls that the rows of the step table hold, and what they need.
#pragma once

#include <cstdint>
#include <string>

#include <tinynn/export/header_arrays.hpp>
#include <tinynn/program/plan.hpp>

namespace tinynn::deploy {

/// Names begin with "tinynn_"; an "x" and a "y" are declared by what surrounds the statements.
struct HeaderSteps {
  std::string functions;  // activations with their parameters
  HeaderArrays arrays;    // constants
  std::string buffers;    // static memory
  std::string statements;
  int64_t memory_bytes;         // of the buffers
  int64_t vector_memory_bytes;  // of the same where there are vectors, for which inputs are padded
};

/// Throws Error for constants that are not finite and values of more than 2^31 - 1 numbers.
HeaderSteps header_steps(const Plan& plan);

}  // namespace tinynn::deploy
