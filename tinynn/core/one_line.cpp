#include <algorithm>

#include <tinynn/core/one_line.hpp>

namespace tinynn::detail {

std::string one_line(std::string_view text, size_t limit) {
  const auto continues_a_character = [](char c) { return (c & 0xC0) == 0x80; };  // of UTF-8
  size_t length = std::min(text.size(), limit);
  while (length < text.size() && length > 0 && continues_a_character(text[length])) --length;
  std::string result(text.substr(0, length));
  std::ranges::replace_if(
      result, [](unsigned char c) { return c < 0x20 || c == 0x7F; }, '?');
  return length < text.size() ? result + "..." : result;
}

std::string in_quotes(std::string_view text) { return '"' + one_line(text, 100) + '"'; }

}  // namespace tinynn::detail
