// The kernels of exported headers, as text: the sections of kernels/*.h and of tinynn/kernels/activation.h,
// which the build puts into the library.
#pragma once

#include <string>

namespace tinynn::deploy {

/// The sections that `code` calls for by their names, as in "tinynn_conv2d_sparse(...)", after those that
/// they need.
std::string kernels_of(const std::string& code);

}  // namespace tinynn::deploy
