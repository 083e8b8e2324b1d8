#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>

#include <tinynn/core/error.hpp>
#include <tinynn/export/header_arrays.hpp>

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
    if (gaps.empty()) push(0, 0);  // there are no arrays of nothing
  }
  void push(int64_t gap, float value) {
    gaps.push_back(gap);
    values.push_back(value);
  }
};

int64_t bytes_of_largest(std::span<const int64_t> numbers) {
  const int64_t largest = numbers.empty() ? 0 : std::ranges::max(numbers);
  return largest < 1 << 8 ? 1 : largest < 1 << 16 ? 2 : 4;
}

int64_t bytes_of(const std::string& type) {
  return type == "int8_t" || type == "uint8_t" ? 1 : type == "uint16_t" ? 2 : 4;
}

}  // namespace

std::string float_text(float number) {
  check(std::isfinite(number), "header: a constant is ", number, ", expected finite numbers");
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, number);
  std::string result(text, end);
  if (result.find_first_of(".e") == std::string::npos) result += ".0";
  return result + "F";
}

void HeaderArrays::add(const std::string& name, const std::string& type, std::span<const std::string> numbers,
                       int64_t bytes_of_one) {
  text_ += "inline constexpr " + type + " " + name + "[] = {";
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
  names_.push_back(name);
}

void HeaderArrays::add(const std::string& name, std::span<const float> numbers) {
  std::vector<std::string> texts;
  for (const float number : numbers) texts.push_back(float_text(number));
  add(name, "float", texts, 4);
}

void HeaderArrays::add(const std::string& name, const std::string& type, std::span<const int64_t> numbers) {
  std::vector<std::string> texts;
  for (const int64_t number : numbers) texts.push_back(std::to_string(number));
  add(name, "std::" + type, texts, bytes_of(type));
}

std::string HeaderArrays::add_unsigned(const std::string& name, std::span<const int64_t> numbers) {
  const std::string type = "uint" + std::to_string(8 * bytes_of_largest(numbers)) + "_t";
  add(name, type, numbers);
  return "std::" + type;
}

std::string HeaderArrays::add_weights(const std::string& name, std::span<const float> weights,
                                      int64_t columns, bool bytes) {
  const auto size = static_cast<int64_t>(weights.size()), each = int64_t{bytes ? 1 : 4};
  const int64_t live = size - std::ranges::count(weights, 0.0F);
  const SparseRows rows(weights, columns);
  const int64_t dense_bytes = size * each, masked_bytes = (size + 7) / 8 + live * each,
                sparse_bytes = std::ssize(rows.counts) * bytes_of_largest(rows.counts) +
                               std::ssize(rows.gaps) * (1 + each);
  const std::string type = bytes ? "std::int8_t" : "float", values = name + "_values";
  const auto add_values = [&](std::span<const float> numbers) {
    if (bytes) {
      add(values, "int8_t", std::vector<int64_t>(numbers.begin(), numbers.end()));
    } else {
      add(values, numbers);
    }
  };
  if (dense_bytes <= std::min(masked_bytes, sparse_bytes)) {
    add_values(weights);
    return "Dense<" + type + ">{" + values + "}";
  }
  if (masked_bytes <= sparse_bytes && live > 0) {
    std::vector<int64_t> bits(static_cast<size_t>((size + 7) / 8));
    for (size_t i = 0; i < weights.size(); ++i) bits[i / 8] |= int64_t{weights[i] != 0} << i % 8;
    std::vector<float> alive;
    std::ranges::copy_if(weights, std::back_inserter(alive), [](float w) { return w != 0; });
    add(name + "_bits", "uint8_t", bits);
    add_values(alive);
    return "Masked<" + type + ">{" + name + "_bits, " + values + ", 0}";
  }
  const std::string count = add_unsigned(name + "_counts", rows.counts);
  add(name + "_gaps", "uint8_t", rows.gaps);
  add_values(rows.values);
  return "Sparse<" + type + ", " + count + ">{" + name + "_counts, " + name + "_gaps, " + values + "}";
}

}  // namespace tinynn::deploy
