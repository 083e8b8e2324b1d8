// The largest single piece of memory that was asked for, by anybody in the program: new, malloc, aligned or
// not.
#pragma once

#include <cstddef>

namespace fuzz {

/// In bytes, since it was asked last.
std::size_t take_largest_allocation();

}  // namespace fuzz
