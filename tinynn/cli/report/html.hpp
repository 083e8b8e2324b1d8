// Html: markup that is safe by its type. Text becomes Html by being escaped, and there is no other way in but
// element(): a file name cannot turn into a script. What comes out is well-formed XML as well as HTML.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

#include <tinynn/cli/table.hpp>

namespace tinynn::cli {

class Html {
 public:
  Html() = default;
  /// Text, escaped. What is no printable UTF-8 becomes U+FFFD.
  template <std::convertible_to<std::string_view> Text>
  Html(const Text& text) : markup_(escaped(text)) {}
  /// Markup from a source that is trusted.
  static Html trusted(std::string markup);

  Html& operator+=(const Html& more);
  friend Html operator+(Html first, const Html& second) { return first += second; }
  const std::string& markup() const { return markup_; }

 private:
  static std::string escaped(std::string_view text);
  std::string markup_;
};

struct Attribute {
  const char* name;
  Html value;
};
/// <tag name="value">content</tag>
Html element(const char* tag, const Html& content, const std::vector<Attribute>& attributes = {});
/// <tag name="value"/>, for the tags of HTML that have no content, such as img.
Html element(const char* tag, const std::vector<Attribute>& attributes);

/// A table in a box of its own, in which it scrolls when it is wider (or much higher) than the page.
Html html_table(const Table& table);

}  // namespace tinynn::cli
