// Attributes: the settings of an operation besides its inputs, as numbers with names: a stride, a
// probability, the dimensions of a sum. Several of one name are a list. With them and its inputs an operation
// can be run again.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include <tinynn/core/size2.hpp>

namespace tinynn::autograd {

struct Attribute {
  const char* name;  // of static lifetime
  double value;
};

/// A setting of any kind as operations hand it to record(); it becomes one attribute or several of its name.
class Setting {
 public:
  template <class... T>
  requires(std::is_arithmetic_v<T>&&...) Setting(const char* name, T... numbers)
      : name_(name), numbers_{static_cast<double>(numbers)...}, count_(sizeof...(numbers)) {}
  Setting(const char* name, const Size2& size) : Setting(name, size.h, size.w) {}
  Setting(const char* name, const Padding2d& p) : Setting(name, p.top, p.bottom, p.left, p.right) {}
  /// The list must outlive it.
  Setting(const char* name, std::span<const int64_t> list) : name_(name), list_(list) {}

  void append_to(std::vector<Attribute>& attributes) const;

 private:
  const char* name_;
  std::array<double, 4> numbers_{};
  size_t count_ = 0;
  std::span<const int64_t> list_;
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
  /// Throw Error unless there are two, or four.
  Size2 size2(std::string_view name) const;
  Padding2d padding2d(std::string_view name) const;

 private:
  std::span<const Attribute> all_;
};

}  // namespace tinynn::autograd
