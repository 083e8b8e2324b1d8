// A row of a table has a name, a line of help, and perhaps an argument, which is written behind the name and
// a colon: "l1:1e-4", "block:4".
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tinynn/core/error.hpp>
#include <tinynn/io/one_line.hpp>

namespace tinynn::recipe {

struct Row {
  const char* name;
  const char* help;
  const char* argument = nullptr;  // how the help names it; null if there is none

  std::string pattern() const { return argument == nullptr ? name : std::string(name) + ":" + argument; }
};

/// What stands behind the colon; empty if there is none.
inline std::string argument_of(const std::string& text) {
  const size_t colon = text.find(':');
  return colon == std::string::npos ? "" : text.substr(colon + 1);
}

/// The number that `text`, of the recipe's `field`, has behind its colon. Throws Error if that is none.
double number_of(const char* field, const std::string& text);

/// "magnitude, ln, ..."
template <class R>
std::string names(std::span<const R> table) {
  std::string all;
  for (const R& row : table) all += (all.empty() ? "" : ", ") + row.pattern();
  return all;
}

/// How a text of each row begins: "magnitude", "block:".
template <class R>
std::vector<std::string> beginnings(std::span<const R> table) {
  std::vector<std::string> all;
  for (const R& row : table) all.push_back(std::string(row.name) + (row.argument == nullptr ? "" : ":"));
  return all;
}

/// The row that `text` begins with. Throws Error, naming the field and all rows, if there is none.
template <class R>
const R& find(std::span<const R> table, const char* field, const std::string& text) {
  const std::string_view name = std::string_view(text).substr(0, text.find(':'));
  const auto found = std::ranges::find_if(table, [&](const R& row) {
    return row.name == name && (row.argument != nullptr || name.size() == text.size());
  });
  check(found != table.end(), field, ": ", io::detail::in_quotes(text), " is none of ", names(table));
  return *found;
}

/// A line for each row: the pattern, padded, and the help.
template <class R>
std::string help_of(std::span<const R> table) {
  std::string text;
  for (const R& row : table) {
    std::string pattern = row.pattern();
    pattern.resize(std::max<size_t>(pattern.size(), 23), ' ');
    text += "  " + pattern + " " + row.help + "\n";
  }
  return text;
}

}  // namespace tinynn::recipe
