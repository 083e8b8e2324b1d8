#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include <tinynn/core/error.hpp>
#include <tinynn/graph/stored_graph.hpp>
#include <tinynn/ops/registry.hpp>

namespace tinynn::graph {
namespace {

using Words = std::vector<std::string_view>;

Words split(std::string_view text, char at) {
  Words words;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(at, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

class Reader {
 public:
  Graph read(std::string_view line) {
    graph_.samples = 1;
    for (const std::string_view item : split(line, ';')) {
      ++item_;
      words_ = split(item, ' ');
      const std::string_view what = words_[0];
      if (what == "in") {
        input();
      } else if (what == "out") {
        for (size_t i = 1; i < words_.size(); ++i) graph_.outputs.push_back(flowing(words_[i]));
      } else if (what == "block") {
        block();
      } else if (what == "also") {
        count(2);
        value(words_[1]);
      } else if (what == "only") {
        count(2);
        graph_.samples = whole(words_[1], 1, 1 << 20);
        graph_.bound = "the graph was made of as many samples alone: " + std::to_string(graph_.samples);
      } else {
        operation(what);
      }
    }
    if (graph_.inputs.empty() || graph_.outputs.empty()) wrong("ends without an input and an output");
    complete();
    graph_.names = names_;
    return std::move(graph_);
  }

 private:
  template <class... Parts>
  [[noreturn]] void wrong(const Parts&... parts) const {
    fail("graph: item ", item_, ' ', parts...);
  }
  static std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (const char c : text.substr(0, 60)) result += c < ' ' || c == 127 ? '?' : c;
    return result + '"';
  }
  void count(size_t words) const {
    if (words_.size() != words) wrong("has ", words_.size(), " words, expected ", words);
  }

  template <class T>
  T number(std::string_view text) const {
    T result{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
    if (error != std::errc() || end != text.data() + text.size())
      wrong("has ", quoted(text), ", expected a number");
    return result;
  }
  int64_t whole(std::string_view text, int64_t least, int64_t most) const {
    const auto result = number<int64_t>(text);
    if (result < least || result > most) wrong("has ", result, ", expected ", least, " to ", most);
    return result;
  }

  int add(Value::Kind kind, const std::string& name, const Shape& shape = {}) {
    graph_.values.push_back({kind, name, shape, {}, {}});
    return static_cast<int>(graph_.values.size()) - 1;
  }

  void input() {
    count(2);
    const Words sizes = split(words_[1], ',');
    if (sizes[0] != "n" || sizes.size() > Shape::max_rank)
      wrong("has the shape ", quoted(words_[1]), ", expected n and up to ", Shape::max_rank - 1, " sizes");
    std::vector<int64_t> shape{1};
    for (size_t d = 1; d < sizes.size(); ++d) shape.push_back(whole(sizes[d], 1, 1 << 24));
    if (Shape(shape).numel() > 1 << 26) wrong("has an input of more than 2^26 numbers a sample");
    flowing_.push_back(add(Value::Kind::input, "input", Shape(shape)));
    graph_.values.back().varies.assign(shape.size(), false);
    graph_.values.back().varies[0] = true;
    graph_.inputs.push_back(flowing_.back());
  }

  // An input or a result that is there already: a graph cannot run in a circle.
  int flowing(std::string_view word) const {
    if (!word.starts_with('%')) wrong("has ", quoted(word), ", expected a value, as %1");
    const auto k = number<uint32_t>(word.substr(1));
    if (k >= flowing_.size()) wrong("reads value %", k, " before it is there; there are ", flowing_.size());
    return flowing_[k];
  }

  // What it gives comes after what it gets, or a graph without it might run in a circle.
  void block() {
    count(4);
    const int input = flowing(words_[2]), output = flowing(words_[3]);
    if (input >= output) wrong("gives ", words_[3], ", which is not behind ", words_[2], ", what it gets");
    check_name(words_[1]);
    graph_.blocks.push_back({std::string(words_[1]), input, output});
  }

  void check_name(std::string_view name) const {
    if (!is_name(name) || name.size() > 200)
      wrong("has the name ", quoted(name), ", expected 1 to 200 letters as to_line() writes them");
  }

  int value(std::string_view word) {
    if (word == "-") return -1;
    if (word.starts_with('%')) return flowing(word);
    const bool is_buffer = word.starts_with('@');
    if (is_buffer) word.remove_prefix(1);
    if (word.starts_with('.')) {
      const auto dot = last_.rfind('.');
      if (dot == std::string::npos) wrong("has ", quoted(word), " without a name before it to go on from");
      last_ = last_.substr(0, dot).append(word);
    } else {
      last_ = word;
    }
    check_name(last_);
    const auto kind = is_buffer ? Value::Kind::buffer : Value::Kind::parameter;
    const auto [known, is_new] = listed_.try_emplace(last_, -1);
    if (is_new) known->second = add(kind, last_);
    if (graph_.values[known->second].kind != kind)
      wrong("reads ", quoted(last_), " both as a parameter and as a buffer");
    return known->second;
  }

  void operation(std::string_view name) {
    Operation operation{.op = ops::find(name), .inputs = {}, .output = -1, .attributes = {}};
    if (operation.op == nullptr) wrong("is ", quoted(name), ", which is no operation");
    for (size_t i = 1; i < words_.size(); ++i) {
      if (const auto equals = words_[i].find('='); equals != std::string_view::npos) {
        attribute(operation, words_[i].substr(0, equals), words_[i].substr(equals + 1));
      } else {
        operation.inputs.push_back(value(words_[i]));
      }
    }
    if (const autograd::Attributes given(operation.attributes); given.has("stride")) {
      const bool has_padding = given.has("padding"), has_dilation = given.has("dilation");
      if (!has_padding) attribute(operation, "padding", "0*4");
      if (!has_dilation) attribute(operation, "dilation", "1*2");
    }
    operation.output =
        add(Value::Kind::result, std::string(name) + '_' + std::to_string(graph_.operations.size()));
    flowing_.push_back(operation.output);
    graph_.operations.push_back(std::move(operation));
  }

  void attribute(Operation& operation, std::string_view name, std::string_view list) {
    const char* kept = names_->emplace(name).first->c_str();
    for (std::string_view text : split(list, ',')) {
      int64_t times = 1;
      if (const auto star = text.find('*'); star != std::string_view::npos) {
        times = whole(text.substr(star + 1), 1, Shape::max_rank);
        text = text.substr(0, star);
      }
      const bool is_multiple = text.ends_with('n') && !text.ends_with("nan");
      if (is_multiple) text.remove_suffix(1);
      const auto value = number<double>(text);
      for (; times > 0; --times) {
        if (is_multiple) operation.multiples.push_back(std::ssize(operation.attributes));
        operation.attributes.push_back({kept, value});
      }
    }
  }

  // What is known in the end only: that attributes are of more than one sample, and how many inputs there
  // are.
  void complete() {
    for (Operation& operation : graph_.operations)
      operation.attributes = operation.attributes_for(graph_.samples, 1);
    for (size_t i = 0; i < graph_.inputs.size(); ++i) {
      Value& input = graph_.values[graph_.inputs[i]];
      input.shape = input.shape.with(0, graph_.samples);
      if (graph_.inputs.size() > 1) input.name += '_' + std::to_string(i);
    }
  }

  Graph graph_;
  int64_t item_ = 0;
  Words words_;
  std::vector<int> flowing_;           // inputs and results, as they are numbered
  std::map<std::string, int> listed_;  // parameters and buffers
  std::string last_;
  std::shared_ptr<std::set<std::string>> names_ = std::make_shared<std::set<std::string>>();
};

}  // namespace

Graph from_line(std::string_view line) { return Reader().read(line); }

}  // namespace tinynn::graph
