// UTF-8 as it occurs in pages and command lines: file names are bytes, and need not be text.
#pragma once

#include <cstddef>
#include <string_view>

namespace tinynn::cli {

/// The number of bytes of the character that `text` starts with, or 0 if it starts with none that XML 1.0 can
/// hold: broken UTF-8, a control character other than tab and newline, U+FFFE and U+FFFF.
size_t printable_length(std::string_view text);

}  // namespace tinynn::cli
