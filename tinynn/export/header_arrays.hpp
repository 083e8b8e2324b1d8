// The constants of an exported header: arrays as text, and weights in the smallest of three forms.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tinynn::deploy {

/// A float as C++ reads it back: "0.1F". Throws Error if it is not finite.
std::string float_text(float number);

/// Arrays, and what they take.
class HeaderArrays {
 public:
  void add(const std::string& name, std::span<const float> numbers);
  /// Whole numbers. `type` is one of <cstdint>: "int8_t".
  void add(const std::string& name, const std::string& type, std::span<const int64_t> numbers);
  /// The same in the smallest unsigned type that holds them, which is returned.
  std::string add_unsigned(const std::string& name, std::span<const int64_t> numbers);
  /// Rows of `columns` weights that are zero or not. Returns how kernels read them: "Sparse<...>{...}". As
  /// bytes they have to be whole numbers of -127 to 127.
  std::string add_weights(const std::string& name, std::span<const float> weights, int64_t columns,
                          bool bytes);

  const std::string& text() const { return text_; }
  int64_t bytes() const { return bytes_; }
  const std::vector<std::string>& names() const { return names_; }

 private:
  void add(const std::string& name, const std::string& type, std::span<const std::string> numbers,
           int64_t bytes_of_one);

  std::string text_;
  std::vector<std::string> names_;
  int64_t bytes_ = 0;
};

}  // namespace tinynn::deploy
