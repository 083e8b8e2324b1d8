#include <algorithm>
#include <set>

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
  explicit TextWriter(const Graph& graph)
      : graph_(graph), makers_(graph.values.size(), nullptr), before_(graph.values.size(), -1) {
    for (const Operation& operation : graph.operations) {
      makers_[operation.output] = &operation;
      before_[operation.output] = read_by(operation);
    }
  }

  /// The layers from the input to a value.
  std::string text() { return joined(path(graph_.inputs[0], graph_.outputs[0], 0)); }

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

  // The value that a layer, or a bracket, reads; -1 if no text says what it is.
  int read_by(const Operation& operation) const {
    if (operation.inputs.empty() || !flows(operation.inputs[0])) return -1;
    if (!is_sum(operation)) return operation.inputs[0];
    const auto a = all_before(operation.inputs[0]), b = all_before(operation.inputs[1]);
    const std::set<int> in_b(b.begin(), b.end());
    const auto common = std::ranges::find_if(a, [&](int v) { return in_b.contains(v); });
    return common == a.end() ? -1 : *common;  // where the two sides part
  }

  std::vector<int> all_before(int v) const {
    std::vector<int> values;
    for (; v >= 0; v = before_[v]) values.push_back(v);
    return values;
  }

  // The layers between two values. Each is said once, for brackets in brackets could say the same ones again
  // and again.
  std::vector<std::string> path(int from, int to, int depth) {
    constexpr int deepest = 20;  // as from_text() takes them
    need(depth <= deepest);
    std::vector<std::string> layers;
    bool before_linear = false;
    for (int v = to; v != from; v = before_[v]) {
      need(makers_[v] != nullptr && before_[v] >= 0 && ++said_ <= graph_.operations.size());
      const Operation& operation = *makers_[v];
      const std::string_view name = operation.op->name;
      const bool is_implied =
          before_linear && name == "flatten" && graph_.values[before_[v]].shape.rank() > 2;
      if (const Operation* pool = pool_of_sequence(operation, from)) {
        layers.push_back(layer(*pool, std::string(pool->op->name, 8) + "1d"));
        v = before_[pool->output];
        said_ += 2;
      } else if (!is_implied) {
        layers.push_back(is_sum(operation) ? bracket(operation, depth + 1) : layer(operation, name));
      }
      before_linear = name == "linear";
    }
    std::ranges::reverse(layers);
    return layers;
  }

  std::string bracket(const Operation& sum, int depth) {
    const int from = before_[sum.output];
    auto body = path(from, sum.inputs[0], depth), shortcut = path(from, sum.inputs[1], depth);
    if (body.empty()) std::swap(body, shortcut);
    return '[' + joined(body) + (shortcut.empty() ? "" : " | " + joined(shortcut)) + "]+";
  }

  // A pool of sequences is one of images between two operations that give them a row and take it; null if
  // `last` is not the latter, or the layers begin at `from` in between.
  const Operation* pool_of_sequence(const Operation& last, int from) const {
    const auto is = [](const Operation* operation, std::string_view name) {
      return operation != nullptr && operation->op->name == name;
    };
    const auto maker = [&](int v) { return v < 0 || v == from ? nullptr : makers_[v]; };
    if (!is(&last, "squeeze")) return nullptr;
    const Operation* pool = maker(before_[last.output]);
    if (!is(pool, "max_pool2d") && !is(pool, "avg_pool2d")) return nullptr;
    return is(maker(before_[pool->output]), "unsqueeze") ? pool : nullptr;
  }

  std::string layer(const Operation& operation, std::string_view name) const {
    const auto rows = detail::layer_rows();
    const auto row =
        std::ranges::find(rows, name, [](const detail::LayerRow& r) { return std::string_view(r.op); });
    need(row != rows.end());
    return row->word + (row->rest != nullptr ? row->rest(graph_, operation) : "");
  }

  static std::string joined(const std::vector<std::string>& layers) {
    std::string text;
    for (const std::string& layer : layers) text += (text.empty() ? "" : ", ") + layer;
    return text;
  }

  const Graph& graph_;
  std::vector<const Operation*> makers_;  // by value
  std::vector<int> before_;               // by value, what the layer that makes it reads
  size_t said_ = 0;
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
