#include <algorithm>

#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/models/text.hpp>
#include <tinynn/models/text_layers.hpp>

namespace tinynn::models {
namespace {

using graph::Graph;
using graph::Operation;
using graph::Value;

// Reads a graph backward, from its output to its input.
class TextWriter {
 public:
  explicit TextWriter(const Graph& graph) : graph_(graph), makers_(graph.values.size(), nullptr) {
    for (const Operation& operation : graph.operations) makers_[operation.output] = &operation;
  }

  /// The layers from the input to a value.
  std::string text() const { return joined(path(graph_.inputs[0], graph_.outputs[0])); }

 private:
  // Throws Error where no text says what there is; the caller has no need of the reason.
  static void need(bool can_be_said) { check(can_be_said, "no text for it"); }

  bool flows(int v) const {
    return v >= 0 &&
           (graph_.values[v].kind == Value::Kind::input || graph_.values[v].kind == Value::Kind::result);
  }
  bool is_sum(const Operation& operation) const {
    return std::string_view(operation.op->name) == "add" && flows(operation.inputs[0]) &&
           flows(operation.inputs[1]);
  }

  // The value that a layer, or a bracket, which makes this value reads.
  int before(int v) const {
    const Operation* operation = makers_[v];
    need(operation != nullptr && !operation->inputs.empty() && flows(operation->inputs[0]));
    return is_sum(*operation) ? branch(*operation) : operation->inputs[0];
  }

  std::vector<int> all_before(int v) const {
    std::vector<int> values{v};
    while (makers_[values.back()] != nullptr) values.push_back(before(values.back()));
    return values;
  }

  // Where the two sides of a sum part.
  int branch(const Operation& sum) const {
    const auto a = all_before(sum.inputs[0]), b = all_before(sum.inputs[1]);
    const auto common = std::ranges::find_first_of(a, b);
    need(common != a.end());
    return *common;
  }

  // The layers between two values.
  std::vector<std::string> path(int from, int to) const {
    std::vector<std::string> layers;
    for (int v = to; v != from; v = before(v)) {
      const Operation& operation = *makers_[v];
      layers.push_back(is_sum(operation) ? bracket(operation) : layer(operation));
    }
    std::ranges::reverse(layers);
    return layers;
  }

  std::string bracket(const Operation& sum) const {
    const int from = branch(sum);
    auto body = path(from, sum.inputs[0]), shortcut = path(from, sum.inputs[1]);
    if (body.empty()) std::swap(body, shortcut);
    return '[' + joined(body) + (shortcut.empty() ? "" : " | " + joined(shortcut)) + "]+";
  }

  std::string layer(const Operation& operation) const {
    const auto rows = detail::layer_rows();
    const auto row = std::ranges::find(rows, std::string_view(operation.op->name),
                                       [](const detail::LayerRow& r) { return std::string_view(r.op); });
    need(row != rows.end());
    return row->word + (row->rest != nullptr ? row->rest(graph_, operation) : "");
  }

  static std::string joined(const std::vector<std::string>& layers) {
    std::string text;
    for (size_t i = 0; i < layers.size(); ++i) {
      const bool is_implied =
          layers[i] == "flatten" && i + 1 < layers.size() && layers[i + 1].starts_with("linear");
      if (!is_implied) text += (text.empty() ? "" : ", ") + layers[i];
    }
    return text;
  }

  const Graph& graph_;
  std::vector<const Operation*> makers_;
};

// The same operations on parameters of the same shapes.
bool is_alike(const Graph& a, const Graph& b) {
  const auto same_input = [&](int v, int w) {
    if (v < 0 || w < 0) return v == w;
    return a.values[v].kind == b.values[w].kind && a.values[v].shape == b.values[w].shape;
  };
  return std::ranges::equal(a.operations, b.operations, [&](const Operation& x, const Operation& y) {
    return x.op == y.op && std::ranges::equal(x.inputs, y.inputs, same_input) &&
           std::ranges::equal(x.attributes, y.attributes, [](const auto& s, const auto& t) {
             return std::string_view(s.name) == t.name && s.value == t.value;
           });
  });
}

}  // namespace

std::optional<std::string> to_text(const Graph& graph) {
  if (graph.inputs.size() != 1 || graph.outputs.size() != 1 || !graph.bound.empty()) return {};
  const Shape input = graph.values[graph.inputs[0]].shape;
  if (input.rank() < 2) return {};
  const GeneratorState generator = generator_state();
  std::optional<std::string> result;
  try {
    const std::string text = TextWriter(graph).text();
    const auto network = from_text(text, Shape(std::span(input.begin() + 1, input.end())));
    if (is_alike(graph, graph::trace(*network, zeros(input)))) result = text;
  } catch (const Error&) {  // there is none
  }
  set_generator_state(generator);  // nothing was drawn, for the caller
  return result;
}

}  // namespace tinynn::models
