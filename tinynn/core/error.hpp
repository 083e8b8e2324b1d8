// Errors: every user mistake becomes a tinynn::Error whose one-line message names the operation, what was
// wrong and what was expected, with both shapes where shapes are concerned.
#pragma once

#include <locale>
#include <sstream>
#include <stdexcept>
#include <string>

namespace tinynn {

/// A stream for text that machines read, too: a program's std::locale::global() does not change its numbers.
class TextStream : public std::ostringstream {
 public:
  TextStream() { imbue(std::locale::classic()); }
};

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws Error with the parts printed one after the other.
template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  TextStream text;
  (text << ... << parts);
  throw Error(text.str());
}

/// Throws Error with the parts printed one after the other, unless `ok`.
template <class... Parts>
void check(bool ok, const Parts&... parts) {
  if (!ok) [[unlikely]]
    fail(parts...);
}

}  // namespace tinynn
