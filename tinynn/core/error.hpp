// Errors: every user mistake becomes a tinynn::Error whose one-line message names the operation, what was
// wrong and what was expected, with both shapes where shapes are concerned.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace tinynn {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws Error with the parts printed one after the other.
template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  std::ostringstream text;
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
