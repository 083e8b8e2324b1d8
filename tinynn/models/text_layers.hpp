// The table of the layers that a network's text may name. Not for users of tinynn.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <tinynn/graph/graph.hpp>
#include <tinynn/nn/sequential.hpp>

namespace tinynn::models::detail {

/// The words of one layer: "conv 20 5 stride 2" has the numbers 20 and 5 and the option stride.
struct LayerText {
  std::string word;
  std::vector<double> numbers;
  std::vector<std::pair<std::string, double>> options;  // 1 for one without a number

  /// A number, or what is usual if it was not given.
  double number(size_t i, double usual) const { return i < numbers.size() ? numbers[i] : usual; }
  int64_t whole(size_t i, int64_t usual) const {
    return static_cast<int64_t>(number(i, static_cast<double>(usual)));
  }
  int64_t option(const std::string& name, int64_t usual) const;
  double real(const std::string& name, double usual) const;
};

struct LayerRow {
  const char* word;
  const char* help;    // what stands behind it, and what it is
  size_t least, most;  // numbers
  bool whole;          // the numbers count something: 1 to 2^20
  std::vector<const char*> options;
  int64_t rank;  // of its input, with samples: 4 for pictures, 3 for sequences, 2 for features, 0 for any
  nn::Sequential::Entry (*make)(const LayerText& text, const Shape& input);
  const char*
      op;  // that it is, or the function of several; what stands behind the word then; no function: nothing
  std::string (*rest)(const graph::Graph& graph, const graph::Operation& operation) = nullptr;
};

std::span<const LayerRow> layer_rows();
/// Throws Error, naming the nearest word, if there is none.
const LayerRow& layer_row(const std::string& word);

}  // namespace tinynn::models::detail
