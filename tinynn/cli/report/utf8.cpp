#include <cstdint>

#include <tinynn/cli/report/utf8.hpp>

namespace tinynn::cli {

size_t printable_length(std::string_view text) {
  if (text.empty()) return 0;
  const auto first = static_cast<uint8_t>(text[0]);
  if (first < 0x80) return (first >= 0x20 && first != 0x7f) || first == '\t' || first == '\n' ? 1 : 0;
  const size_t length = first >> 5 == 0b110 ? 2 : first >> 4 == 0b1110 ? 3 : first >> 3 == 0b11110 ? 4 : 0;
  if (length == 0 || text.size() < length) return 0;
  uint32_t code = first & (0x7fu >> length);
  for (size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if (byte >> 6 != 0b10) return 0;
    code = code << 6 | (byte & 0x3fu);
  }
  constexpr uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};  // shorter forms exist for what is below
  const bool is_character = code >= smallest[length] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  const bool is_control = code < 0xa0 || (code & 0xfffe) == 0xfffe;
  return is_character && !is_control ? length : 0;
}

}  // namespace tinynn::cli
