// The loops of an exported header, as text: C++17 that asks for <cstdint> and <cmath> alone.
#pragma once

#include <set>
#include <string>

namespace tinynn::deploy {

/// The kernels of these names, those of name_of() and a few more, in an order in which they compile. Throws
/// Error for a name that there is none of.
std::string kernels_text(const std::set<std::string>& names);

}  // namespace tinynn::deploy
