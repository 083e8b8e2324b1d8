#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>

#include <tinynn/core/error.hpp>
#include <tinynn/export/header_arrays.hpp>
#include <tinynn/export/header_text.hpp>

namespace tinynn::deploy {
namespace {

// What is not zero, row by row: how many a row has, and how far each is behind the one before. Larger
// distances than a byte holds are bridged by zeros, as in Deep Compression (Han et al. 2016).
struct SparseRows {
  std::vector<int64_t> counts, gaps;
  std::vector<float> values;

  SparseRows(std::span<const float> weights, int64_t columns) {
    for (auto row = weights.begin(); row != weights.end(); row += columns) {
      const size_t before = gaps.size();
      int64_t last = 0;
      for (int64_t c = 0; c < columns; ++c) {
        if (row[c] == 0) continue;
        for (; c - last > 255; last += 255) push(255, 0);
        push(c - last, row[c]);
        last = c;
      }
      counts.push_back(static_cast<int64_t>(gaps.size() - before));
    }
    while (gaps.size() < 2) push(0, 0);  // kernels read pairs, and compilers warn where there can be none
  }
  void push(int64_t gap, float value) {
    gaps.push_back(gap);
    values.push_back(value);
  }
};

// Rows of [channel][3x3] as [3x3][channel].
std::vector<float> tap_by_tap(std::span<const float> weights, int64_t columns) {
  std::vector<float> sorted;
  for (auto row = weights.begin(); row != weights.end(); row += columns)
    for (int64_t tap = 0; tap < 9; ++tap)
      for (int64_t c = tap; c < columns; c += 9) sorted.push_back(row[c]);
  return sorted;
}

// The smallest format that holds them.
std::string format_of(std::span<const int64_t> numbers) {
  const int64_t largest = numbers.empty() ? 0 : std::ranges::max(numbers);
  return largest < 1 << 8 ? "uint8" : largest < 1 << 16 ? "uint16" : "int32";
}

int64_t bytes_of(const std::string& format) { return format.ends_with('8') ? 1 : format == "uint16" ? 2 : 4; }

}  // namespace

std::string float_text(float number) {
  check(std::isfinite(number), "header: a constant is ", number, ", expected finite numbers");
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, number);
  std::string result(text, end);
  if (result.find_first_of(".e") == std::string::npos) result += ".0";
  return result + "F";
}

std::string HeaderArrays::add(const std::string& name, const std::string& type,
                              std::span<const std::string> numbers, int64_t bytes_of_one) {
  names_.push_back("tinynn_" + name);
  text_ += "tinynn_constant " + type + " " + names_.back() + "[] = {";
  std::string line;
  for (size_t i = 0; i < numbers.size(); ++i) {
    const std::string number = numbers[i] + (i + 1 < numbers.size() ? "," : "");
    if (line.size() + number.size() > 110) {
      text_ += "\n" + line;
      line.clear();
    }
    line += (line.empty() ? "    " : " ") + number;
  }
  text_ += "\n" + line + "};\n";
  bytes_ += static_cast<int64_t>(numbers.size()) * bytes_of_one;
  return names_.back();
}

std::string HeaderArrays::add(const std::string& name, std::span<const float> numbers) {
  std::vector<std::string> texts;
  for (const float number : numbers) texts.push_back(float_text(number));
  return add(name, "float", texts, 4);
}

std::string HeaderArrays::add(const std::string& name, const std::string& format,
                              std::span<const int64_t> numbers) {
  std::vector<std::string> texts;
  for (const int64_t number : numbers) texts.push_back(std::to_string(number));
  return add(name, format + "_t", texts, bytes_of(format));
}

std::string HeaderArrays::add_smallest(const std::string& name, std::span<const int64_t> numbers) {
  const std::string format = format_of(numbers);
  return "tinynn_" + format + ", " + add(name, format, numbers);
}

StoredWeights HeaderArrays::add_weights(const std::string& name, std::span<const float> weights,
                                        int64_t columns, bool bytes, bool winograd) {
  const auto size = static_cast<int64_t>(weights.size()), each = int64_t{bytes ? 1 : 4};
  const int64_t live = size - std::ranges::count(weights, 0.0F);
  const SparseRows rows(weights, columns);
  const int64_t dense_bytes = size * each, masked_bytes = (size + 7) / 8 + live * each,
                sparse_bytes = std::ssize(rows.counts) * bytes_of(format_of(rows.counts)) +
                               std::ssize(rows.gaps) * (1 + each);
  const auto add_values = [&](std::span<const float> numbers) {
    if (!bytes) return "tinynn_float32, " + add(name + "_values", numbers);
    const std::vector<int64_t> whole(numbers.begin(), numbers.end());
    return "tinynn_int8, " + add(name + "_values", "int8", whole);
  };
  if (dense_bytes <= std::min(masked_bytes, sparse_bytes)) {
    if (winograd) return {"winograd", add_values(tap_by_tap(weights, columns))};
    return {"dense", add_values(weights)};
  }
  if (masked_bytes <= sparse_bytes && live > 0) {
    std::vector<int64_t> bits(static_cast<size_t>((size + 7) / 8));
    for (size_t i = 0; i < weights.size(); ++i) bits[i / 8] |= int64_t{weights[i] != 0} << i % 8;
    std::vector<float> alive;
    std::ranges::copy_if(weights, std::back_inserter(alive), [](float w) { return w != 0; });
    const std::string where = add(name + "_bits", "uint8", bits);
    return {"masked", add_values(alive) + ", " + where};
  }
  const std::string counts = add_smallest(name + "_counts", rows.counts),
                    where = add(name + "_gaps", "uint8", rows.gaps);
  return {"sparse", add_values(rows.values) + ", " + where + ", " + counts};
}

}  // namespace tinynn::deploy
