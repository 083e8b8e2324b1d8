// core/one_line.hpp under the name that readers of files have for it. Not for users of tinynn.
#pragma once

#include <tinynn/core/one_line.hpp>

namespace tinynn::io::detail {

using tinynn::detail::in_quotes;
using tinynn::detail::one_line;

}  // namespace tinynn::io::detail
