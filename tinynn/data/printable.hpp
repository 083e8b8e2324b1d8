// Text from a file, as it may stand in a message of one line. Not for users of tinynn.
#pragma once

#include <tinynn/core/one_line.hpp>

namespace tinynn::data {

/// At most so many bytes of it, without control characters.
inline std::string printable(std::string_view text, size_t limit = 40) {
  return tinynn::detail::one_line(text, limit);
}

}  // namespace tinynn::data
