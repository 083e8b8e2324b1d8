// Text from a file, as it may stand in a message of one line. Not for users of tinynn.
#pragma once

#include <string>
#include <string_view>

namespace tinynn::data {

/// Control characters become '?', and what is longer than `limit` bytes is cut, between characters of UTF-8.
inline std::string printable(std::string_view text, size_t limit = 40) {
  size_t length = text.size() > limit ? limit : text.size();
  while (length > 0 && length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80)
    --length;
  std::string result(text.substr(0, length));
  for (char& c : result) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return length < text.size() ? result + "..." : result;
}

}  // namespace tinynn::data
