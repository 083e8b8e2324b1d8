#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <tinynn/cli/report/command_line.hpp>
#include <tinynn/cli/report/utf8.hpp>

namespace tinynn::cli {
namespace {

bool is_printable(std::string_view text) {
  while (!text.empty()) {
    const size_t length = printable_length(text);
    if (length == 0 || text[0] == '\t' || text[0] == '\n') return false;
    text.remove_prefix(length);
  }
  return true;
}

bool is_plain(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("-_./:,=+@%").find(c) != std::string_view::npos;
}

// bash's $'...', for what would not survive being shown and copied.
std::string escaped_bytes(const std::string& argument) {
  std::string text = "$'";
  for (const char c : argument) {
    char hex[5];
    std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    text += is_plain(c) || c == ' ' ? std::string(1, c) : hex;
  }
  return text + "'";
}

}  // namespace

std::string shell_quoted(const std::string& argument) {
  if (!argument.empty() && std::ranges::all_of(argument, is_plain)) return argument;
  if (!is_printable(argument)) return escaped_bytes(argument);
  std::string text = "'";
  for (const char c : argument) text += c == '\'' ? "'\\''" : std::string(1, c);
  return text + "'";
}

std::string command_line(const Command& command) {
  std::string line;
  if (const char* data = std::getenv("TINYNN_DATA"); data != nullptr && *data != '\0')
    line = "TINYNN_DATA=" + shell_quoted(data) + " ";
  line += "tinynn " + command.name();
  for (const auto& [name, value, given, is_flag, suggestions] : command.arguments()) {
    if (!given && name != "--seed") continue;
    line += " \\\n  ";
    if (!name.starts_with('-')) {
      line += shell_quoted(value);
      continue;
    }
    line += name;
    if (!is_flag) line += (value.starts_with('-') ? "=" : " ") + shell_quoted(value);
  }
  return line;
}

}  // namespace tinynn::cli
