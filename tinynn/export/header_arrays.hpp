// The constants of an exported header: arrays as text, and weights in the smallest of three forms. All names
// begin with tinynn_.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tinynn::deploy {

/// Weights as kernels take them: linear_STORAGE(..., ARGUMENTS, ...).
struct StoredWeights {
  std::string storage;  // "dense", "masked", "sparse" or, dense and tap by tap, "winograd"
  std::string arguments;
};

/// Arrays, and what they take.
class HeaderArrays {
 public:
  /// All return the whole name.
  std::string add(const std::string& name, std::span<const float> numbers);
  /// Whole numbers, as "int8", "uint8", "uint16" or "int32".
  std::string add(const std::string& name, const std::string& format, std::span<const int64_t> numbers);
  /// Numbers that are not negative, in the smallest format that holds them: "tinynn_uint8, tinynn_NAME".
  std::string add_smallest(const std::string& name, std::span<const int64_t> numbers);
  /// Rows of `columns` weights that are zero or not. As bytes they have to be whole numbers of -127 to 127.
  /// With `winograd`, for a kernel of 3x3 that may be convolved so.
  StoredWeights add_weights(const std::string& name, std::span<const float> weights, int64_t columns,
                            bool bytes, bool winograd = false);

  const std::string& text() const { return text_; }
  int64_t bytes() const { return bytes_; }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::string add(const std::string& name, const std::string& type, std::span<const std::string> numbers,
                  int64_t bytes_of_one);

  std::string text_;
  std::vector<std::string> names_;
  int64_t bytes_ = 0;
};

}  // namespace tinynn::deploy
