#include <algorithm>
#include <cmath>
#include <limits>

#include <tinynn/autograd/attributes.hpp>
#include <tinynn/core/error.hpp>

namespace tinynn::autograd {
namespace {

int64_t to_whole(double value) {
  constexpr double most = 0x1p53;
  check(!std::isnan(value), "an operation has an attribute that is not a number");
  if (value > most) return std::numeric_limits<int64_t>::max();
  return value < -most ? std::numeric_limits<int64_t>::min() : static_cast<int64_t>(value);
}

}  // namespace

bool Attributes::has(std::string_view name) const {
  return std::ranges::any_of(all_, [&](const Attribute& a) { return a.name == name; });
}

double Attributes::number(std::string_view name) const {
  const auto found = std::ranges::find_if(all_, [&](const Attribute& a) { return a.name == name; });
  check(found != all_.end(), "an operation has no attribute \"", name, '"');
  return found->value;
}

int64_t Attributes::whole(std::string_view name) const { return to_whole(number(name)); }

std::vector<int64_t> Attributes::list(std::string_view name) const {
  std::vector<int64_t> values;
  for (const Attribute& a : all_) {
    if (a.name == name) values.push_back(to_whole(a.value));
  }
  return values;
}

Size2 Attributes::size2(std::string_view name) const {
  const auto two = list(name);
  check(two.size() == 2, "attribute ", name, " has ", two.size(), " numbers, expected 2");
  return {two[0], two[1]};
}

Padding2d Attributes::padding2d(std::string_view name) const {
  const auto four = list(name);
  check(four.size() == 4, "attribute ", name, " has ", four.size(), " numbers, expected 4");
  return {four[0], four[1], four[2], four[3]};
}

void Setting::append_to(std::vector<Attribute>& attributes) const {
  for (size_t i = 0; i < count_; ++i) attributes.push_back({name_, numbers_[i]});
  for (const int64_t value : list_) attributes.push_back({name_, static_cast<double>(value)});
}

}  // namespace tinynn::autograd
