// Attributes: the settings of an operation besides its inputs, as numbers with names: a stride, a
// probability, the dimensions of a sum. Several of one name are a list. With them and its inputs an operation
// can be run again.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace tinynn::autograd {

struct Attribute {
  const char* name;  // of static lifetime
  double value;
};

/// A view of the attributes of one run of an operation.
class Attributes {
 public:
  Attributes(std::span<const Attribute> all) : all_(all) {}     // NOLINT: meant to convert
  Attributes(const std::vector<Attribute>& all) : all_(all) {}  // NOLINT: meant to convert

  bool has(std::string_view name) const;
  /// The first of that name. Throws Error if there is none.
  double number(std::string_view name) const;
  /// The same as a whole number; beyond 2^53, as "to the end" of a slice is, the largest or smallest there
  /// is.
  int64_t whole(std::string_view name) const;
  bool flag(std::string_view name) const { return number(name) != 0; }
  /// All of that name; none is an empty list.
  std::vector<int64_t> list(std::string_view name) const;

 private:
  std::span<const Attribute> all_;
};

/// A list as attributes, behind those that are there already.
void append(std::vector<Attribute>& to, const char* name, std::span<const int64_t> list);

}  // namespace tinynn::autograd
