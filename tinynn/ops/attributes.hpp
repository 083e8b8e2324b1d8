// What operations record of themselves beside their inputs: numbers and lists of numbers by name.
#pragma once

#include <initializer_list>
#include <vector>

#include <tinynn/autograd/attributes.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/size2.hpp>

namespace tinynn {

/// A setting that is one number or several, as a list of attributes has it.
struct Setting {
  Setting(const char* n, int64_t value) : name(n), values{value} {}
  Setting(const char* n, const Size2& size) : name(n), values{size.h, size.w} {}
  Setting(const char* n, const Padding2d& p) : name(n), values{p.top, p.bottom, p.left, p.right} {}
  const char* name;
  std::vector<int64_t> values;
};

inline std::vector<autograd::Attribute> attributes(std::initializer_list<Setting> settings) {
  std::vector<autograd::Attribute> result;
  for (const Setting& setting : settings) {
    for (const int64_t value : setting.values) result.push_back({setting.name, static_cast<double>(value)});
  }
  return result;
}

// And back.
inline Size2 size2(const autograd::Attributes& attributes, const char* name) {
  const auto list = attributes.list(name);
  check(list.size() == 2, "attribute ", name, " has ", list.size(), " numbers, expected 2");
  return {list[0], list[1]};
}
inline Padding2d padding2d(const autograd::Attributes& attributes, const char* name) {
  const auto list = attributes.list(name);
  check(list.size() == 4, "attribute ", name, " has ", list.size(), " numbers, expected 4");
  return {list[0], list[1], list[2], list[3]};
}

}  // namespace tinynn
