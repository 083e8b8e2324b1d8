// The instruction set of a benchmark: compare.sh can ask for an older one than the machine has.
#pragma once

#include <cstdlib>

#include <tinynn/kernels/simd/isa.hpp>

namespace bench {

/// Uses the one that the environment's TINYNN_BENCH_ISA names, if it is set (kernels::isas() has the names).
inline void use_isa_of_environment() {
  if (const char* name = std::getenv("TINYNN_BENCH_ISA")) tinynn::kernels::set_isa(name);
}

}  // namespace bench
