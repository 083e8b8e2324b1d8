// How much memory is asked for, by anybody in the program: new, malloc, aligned or not.
#pragma once

#include <cstddef>

namespace fuzz {

/// From now on.
void watch_memory();
/// In bytes, since watch_memory(): the most that was in use at one time, beyond what was in use then; or, if
/// that is more, the largest piece that was asked for, whether it was given or not.
std::size_t peak_memory();

}  // namespace fuzz
