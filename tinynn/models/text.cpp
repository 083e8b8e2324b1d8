#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <utility>

#include <tinynn/core/error.hpp>
#include <tinynn/graph/stored_graph.hpp>
#include <tinynn/io/one_line.hpp>
#include <tinynn/models/text.hpp>
#include <tinynn/models/text_layers.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/residual.hpp>

namespace tinynn::models {

using detail::LayerRow;
using detail::LayerText;
using io::detail::in_quotes;

namespace {

std::string trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t\n\r");
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(" \t\n\r") + 1 - begin);
}

// What one layer does to a shape is seen by running it on zeros, so that there is one place that knows.
Shape shape_after(nn::Module& module, const Shape& input) {
  const nn::EvaluationScope evaluation(module);
  return module(zeros(input)).shape();
}

class Builder {
 public:
  Builder(const std::string& text, const Shape& sample) : text_(text) {
    std::vector<int64_t> sizes{1};
    sizes.insert(sizes.end(), sample.begin(), sample.end());
    shape_ = Shape(sizes);
  }

  nn::Sequential build() {
    nn::Sequential network = layers();
    if (at_ < text_.size()) wrong("has a ", in_quotes(text_.substr(at_, 1)), " that nothing opens");
    if (network.size() == 0) wrong("is empty");
    return network;
  }

 private:
  template <class... Parts>
  [[noreturn]] void wrong(const Parts&... parts) const {
    fail("model: layer ", layer_, ' ', parts...);
  }

  [[noreturn]] void wrong_name(const std::string& name) const {
    wrong("has the name ", in_quotes(name), ", expected one word that no other layer has");
  }

  // Layers up to the end, or to what ends a branch.
  nn::Sequential layers() {
    nn::Sequential result;
    std::set<std::string> names;
    while (true) {
      ++layer_;
      const size_t end = std::min(text_.find_first_of(",[|]", at_), text_.size());
      std::string words = trimmed(text_.substr(at_, end - at_)), name;
      if (const size_t colon = words.find(':'); colon != std::string::npos) {
        name = trimmed(words.substr(0, colon));
        words = trimmed(words.substr(colon + 1));
        if (!graph::is_name(name) || name.find_first_of(".%@") != std::string::npos) wrong_name(name);
      }
      at_ = end;
      const bool opens = at_ < text_.size() && text_[at_] == '[';
      if (opens && !words.empty())
        wrong("is ", in_quotes(words), " and an opening bracket; a comma is missing");
      if (opens) {
        result.add(residual(), name);
      } else if (!words.empty()) {
        add(result, words, name);
      } else {
        wrong("is empty");
      }
      for (int64_t i = std::ssize(names); i < result.size(); ++i) {
        if (!names.insert(result.name(i)).second) wrong_name(result.name(i));
      }
      at_ = std::min(text_.find_first_not_of(" \t\n\r", at_), text_.size());
      if (at_ == text_.size() || text_[at_] != ',') return result;
      ++at_;
    }
  }

  // [ body ]+ or [ body | shortcut ]+
  nn::Sequential::Entry residual() {
    if (++depth_ > 20) wrong("stands in more than 20 brackets");
    const Shape input = shape_;
    const int64_t first = layer_;
    ++at_;
    nn::Sequential body = layers(), shortcut;
    const Shape output = shape_;
    if (at_ < text_.size() && text_[at_] == '|') {
      shape_ = input;
      ++at_;
      shortcut = layers();
      for (int64_t i = 0; i < body.size(); ++i) {
        if (body.name(i) == "shortcut") wrong_name("shortcut");  // theirs begin with it
      }
    } else {
      shape_ = input;
    }
    if (at_ >= text_.size() || text_[at_] != ']') wrong("ends without the \"]\" of layer ", first);
    ++at_;
    if (at_ >= text_.size() || text_[at_] != '+') wrong("ends a bracket without the + behind it: [ ... ]+");
    ++at_;
    if (shape_ != output)
      fail("model: the bracket of layer ", first, " makes ", output, " of ", input, ", its shortcut ", shape_,
           shortcut.size() == 0 ? "; give layers for it behind |, as [ ... | conv 32 1 stride 2, bn ]+" : "");
    --depth_;
    return nn::Sequential::Entry(nn::Residual(std::move(body), std::move(shortcut)));
  }

  void add(nn::Sequential& to, const std::string& words, const std::string& name) {
    try {
      const LayerText layer = parsed(words);
      const LayerRow& row = detail::layer_row(layer.word);
      if (row.rank == 2 && shape_.rank() > 2) append(to, nn::Sequential::Entry(nn::Flatten()));
      check(row.rank == 0 || row.rank == shape_.rank(), "it takes ",
            row.rank == 4   ? "pictures, (n, c, h, w)"
            : row.rank == 3 ? "sequences, (n, c, l)"
                            : "features, (n, c)");
      append(to, row.make(layer, shape_), name);
    } catch (const Error& error) {
      fail("model: layer ", layer_, ", ", in_quotes(words), ", of input ", shape_, ": ", error.what());
    }
  }

  void append(nn::Sequential& to, nn::Sequential::Entry entry, const std::string& name = "") {
    shape_ = shape_after(*entry, shape_);
    to.add(std::move(entry), name);
  }

  static double number(const std::string& word, const LayerRow& row) {
    double value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    check(error == std::errc() && end == word.data() + word.size() && std::isfinite(value), in_quotes(word),
          " is no number");
    check(!row.whole || (value == std::floor(value) && value >= 0 && value <= 1 << 20), in_quotes(word),
          " is no whole number from 0 to 2^20");
    return value;
  }

  static LayerText parsed(const std::string& words) {
    std::vector<std::string> list;
    for (size_t begin = 0; begin < words.size();) {
      const size_t end = std::min(words.find_first_of(" \t\n\r", begin), words.size());
      if (end > begin) list.push_back(words.substr(begin, end - begin));
      begin = end + 1;
    }
    LayerText layer{.word = list[0], .numbers = {}, .options = {}};
    const LayerRow& row = detail::layer_row(layer.word);
    for (size_t i = 1; i < list.size(); ++i) {
      const bool is_option =
          std::ranges::any_of(row.options, [&](const char* name) { return list[i] == name; });
      if (is_option && (list[i].starts_with("no") || list[i] == "shared")) {
        layer.options.emplace_back(list[i], 1);
      } else if (is_option) {
        check(i + 1 < list.size(), in_quotes(list[i]), " without a number");
        layer.options.emplace_back(list[i], number(list[i + 1], row));
        ++i;
      } else {
        layer.numbers.push_back(number(list[i], row));
      }
    }
    check(layer.numbers.size() >= row.least && layer.numbers.size() <= row.most, "it has ",
          layer.numbers.size(), " numbers, expected ", row.word, ' ', row.help);
    for (const double size : layer.numbers)
      check(!row.whole || size >= 1, "a size of ", size, ", expected at least 1");
    return layer;
  }

  const std::string& text_;
  Shape shape_;  // of one sample, so far
  size_t at_ = 0;
  int64_t layer_ = 0, depth_ = 0;
};

}  // namespace

std::unique_ptr<nn::Sequential> from_text(const std::string& text, const Shape& sample) {
  return std::make_unique<nn::Sequential>(Builder(text, sample).build());
}

std::string text_help() {
  std::string help;
  for (const LayerRow& row : detail::layer_rows()) {
    std::string word = row.word;
    word.resize(15, ' ');
    help += "  " + word + row.help + '\n';
  }
  return help +
         "  [ ... ]+       adds what stands in it to its input, or [ ... | ... ]+ to what the layers behind "
         "| "
         "make\n";
}

}  // namespace tinynn::models
