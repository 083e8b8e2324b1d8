// Text of exported headers, which is the same in every locale.
#pragma once

#include <concepts>
#include <string>

#include <tinynn/core/shape.hpp>

namespace tinynn::deploy {

/// A float as C and C++ read it back: "0.1F". Throws Error if it is not finite.
std::string float_text(float number);

inline std::string text_of(const std::string& text) { return text; }
std::string text_of(std::integral auto number) { return std::to_string(number); }
inline std::string text_of(float number) { return float_text(number); }
inline std::string text_of(const Shape& shape) {
  std::string text;
  for (const int64_t size : shape) text += (text.empty() ? "" : ", ") + std::to_string(size);
  return text;
}

template <class... Parts>
std::string join(const Parts&... parts) {
  return (std::string() + ... + text_of(parts));
}

/// "1, 2, 3"
template <class First, class... Rest>
std::string listed(const First& first, const Rest&... rest) {
  return (text_of(first) + ... + (", " + text_of(rest)));
}

}  // namespace tinynn::deploy
