// Text from a file, as it may stand in a message. Not for users of tinynn.
#pragma once

#include <string>
#include <string_view>

namespace tinynn::detail {

/// Text without control characters, and cut, between characters, where it gets longer than `limit` bytes.
std::string one_line(std::string_view text, size_t limit);
/// At most 100 bytes of it, within quotation marks.
std::string in_quotes(std::string_view text);

}  // namespace tinynn::detail
