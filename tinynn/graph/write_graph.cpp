#include <algorithm>
#include <charconv>

#include <tinynn/core/error.hpp>
#include <tinynn/data/printable.hpp>
#include <tinynn/graph/stored_graph.hpp>

namespace tinynn::graph {
namespace {

std::string number_text(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

}  // namespace

bool is_name(std::string_view text) {
  return !text.empty() && std::string_view("%@-.").find(text[0]) == std::string_view::npos &&
         std::ranges::none_of(text,
                              [](unsigned char c) { return c <= ' ' || c == 127 || c == ';' || c == '='; });
}

namespace {

class Writer {
 public:
  explicit Writer(const Graph& graph) : graph_(graph), numbers_(graph.values.size(), -1) {}

  std::string line() {
    for (const int input : graph_.inputs) {
      number(input);
      item("in ");
      const Shape& shape = graph_.values[input].shape;
      for (int64_t d = 0; d < shape.rank(); ++d)
        text_ += (d > 0 ? "," : "") + (d == 0 ? "n" : std::to_string(shape[d]));
    }
    for (const Operation& operation : graph_.operations) write(operation);
    item("out");
    for (const int output : graph_.outputs) text_ += ' ' + value(output);
    for (const auto& [name, input, output] : graph_.blocks)
      item("block " + checked(name) + ' ' + value(input) + ' ' + value(output));
    for (size_t v = 0; v < graph_.values.size(); ++v) {
      const auto kind = graph_.values[v].kind;
      if (numbers_[v] < 0 && (kind == Value::Kind::parameter || kind == Value::Kind::buffer))
        item("also " + value(static_cast<int>(v)));
    }
    if (!graph_.bound.empty()) item("only " + std::to_string(graph_.samples));
    return text_;
  }

 private:
  void item(const std::string& begin) { text_ += (text_.empty() ? "" : ";") + begin; }
  void number(int value) { numbers_[value] = count_++; }

  static const std::string& checked(const std::string& name) {
    check(is_name(name), "graph: a parameter or module cannot be saved under the name \"",
          data::printable(name, 200), '"');
    return name;
  }

  // A name, without what it has in common with the one before.
  std::string name_text(const std::string& name) {
    const auto dot = checked(name).rfind('.');
    const bool shared = dot != std::string::npos &&
                        last_.substr(0, last_.rfind('.')) == name.substr(0, dot) &&
                        last_.find('.') != std::string::npos;
    last_ = name;
    return shared ? name.substr(dot) : name;
  }

  std::string value(int v) {
    if (v < 0) return "-";
    const Value& value = graph_.values[v];
    if (value.kind == Value::Kind::parameter || value.kind == Value::Kind::buffer) {
      numbers_[v] = 0;  // read by something
      return (value.kind == Value::Kind::buffer ? "@" : "") + name_text(value.name);
    }
    return '%' + std::to_string(numbers_[v]);
  }

  void write(const Operation& operation) {
    item(operation.op->name);
    for (const int input : operation.inputs) text_ += ' ' + value(input);
    number(operation.output);
    const auto& attributes = operation.attributes;
    const bool has_stride = autograd::Attributes(attributes).has("stride");
    for (size_t begin = 0, end = 0; begin < attributes.size(); begin = end) {
      const std::string_view name = attributes[begin].name;
      std::vector<std::string> list;
      for (; end < attributes.size() && name == attributes[end].name; ++end) {
        const bool is_multiple = std::ranges::count(operation.multiples, static_cast<int64_t>(end)) > 0;
        list.push_back(is_multiple
                           ? number_text(attributes[end].value / static_cast<double>(graph_.samples)) + 'n'
                           : number_text(attributes[end].value));
      }
      const bool all_equal = list.size() > 1 && std::ranges::count(list, list[0]) == std::ssize(list);
      const bool is_usual = (name == "padding" && list[0] == "0") || (name == "dilation" && list[0] == "1");
      if (all_equal && is_usual && has_stride) continue;
      text_ += ' ' + std::string(name) + '=';
      if (all_equal) text_ += list[0] + '*' + std::to_string(list.size());
      for (size_t i = 0; !all_equal && i < list.size(); ++i) text_ += (i > 0 ? "," : "") + list[i];
    }
  }

  const Graph& graph_;
  std::vector<int> numbers_;  // by value: of inputs and results, as they are written; -1 before that
  int count_ = 0;
  std::string text_, last_;
};

}  // namespace

std::string to_line(const Graph& graph) { return Writer(graph).line(); }

}  // namespace tinynn::graph
