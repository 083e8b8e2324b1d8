#include <algorithm>
#include <map>
#include <set>

#include <tinynn/core/error.hpp>
#include <tinynn/graph/network.hpp>

namespace tinynn::graph {
namespace {

using Kind = Value::Kind;

// The graph of a module, which lists what no operation reads, too.
Graph whole_graph(nn::Module& module, const Example& example) {
  for (const auto& [name, parameter] : module.named_parameters())
    parameter.require_hardened("graph::Network");
  Graph graph = trace(module, example);
  std::set<const void*> seen;
  for (Value& value : graph.values) {
    seen.insert(value.tensor.handle().get());
    if (value.kind == Kind::input || value.kind == Kind::result) value.tensor = {};  // no need to keep it
  }
  const auto add = [&](Kind kind, const std::string& name, const Tensor& tensor) {
    if (!seen.contains(tensor.handle().get()))
      graph.values.push_back(
          {kind, name, tensor.shape(), std::vector<bool>(static_cast<size_t>(tensor.rank())), tensor});
  };
  for (const auto& [name, parameter] : module.named_parameters()) add(Kind::parameter, name, parameter);
  for (const auto& [name, buffer] : module.named_buffers()) add(Kind::buffer, name, buffer);
  return graph;
}

}  // namespace

Network::Network(nn::Module& module, const Example& example) : Network(whole_graph(module, example)) {}

Network::Network(Graph graph) : graph_(std::move(graph)) { list_members(); }

void Network::list_members() {
  parameters_.clear();
  buffers_.clear();
  for (size_t v = 0; v < graph_.values.size(); ++v) {
    const Value& value = graph_.values[v];
    if (value.kind == Kind::input || value.kind == Kind::result) continue;
    check(value.tensor.defined(), "graph::Network: \"", value.name, "\" has no tensor");
    const int number = static_cast<int>(v);
    if (value.kind == Kind::buffer) buffers_.emplace_back(number, value.tensor);
    if (value.kind == Kind::parameter) {
      parameters_.emplace_back(number, Parameter::of(value.tensor));
      check(parameters_.back().second.defined(), "graph::Network: \"", value.name, "\" is no parameter");
    }
  }
}

void Network::members(nn::Visitor& v) {
  for (auto& [number, parameter] : parameters_) v(graph_.values[number].name, parameter);
  for (auto& [number, buffer] : buffers_) v(graph_.values[number].name, buffer);
}

std::vector<Tensor> Network::forward_all(const std::vector<Tensor>& inputs) {
  // clone() puts other tensors in the place of those that the graph was made with.
  for (const auto& [number, parameter] : parameters_) graph_.values[number].tensor = parameter;
  for (const auto& [number, buffer] : buffers_) graph_.values[number].tensor = buffer;
  return run(graph_, inputs, is_training());
}

Tensor Network::forward(const Tensor& x) {
  check(graph_.outputs.size() == 1, "graph::Network: it has ", graph_.outputs.size(),
        " outputs; call it with a list, net({x})");
  return forward_all({x})[0];
}

std::vector<Tensor> Network::blank(int64_t samples) const {
  check(graph_.bound.empty() || samples == graph_.samples, "graph::Network: ", samples, " samples, but ",
        graph_.bound);
  std::vector<Tensor> inputs;
  for (const int input : graph_.inputs) inputs.push_back(zeros(graph_.values[input].shape.with(0, samples)));
  return inputs;
}

void Network::remove(const std::string& block) {
  Graph without = without_block(graph_, block);
  removed_.push_back(block);
  graph_ = std::move(without);
  list_members();
}

Graph without_block(const Graph& graph, const std::string& block) {
  // By value, what is read in its place.
  std::vector<int> instead(graph.values.size());
  for (size_t v = 0; v < instead.size(); ++v) instead[v] = static_cast<int>(v);
  bool found = false;
  for (const auto& [name, input, output] : graph.blocks) {
    if (name != block) continue;
    instead[output] = instead[input];
    found = true;
  }
  check(found, "graph: there is no block \"", block, '"');
  const auto read = [&](int v) {
    while (v >= 0 && instead[v] != v) v = instead[v];
    return v;
  };

  std::set<int> needed;
  for (const int output : graph.outputs) needed.insert(read(output));
  for (auto operation = graph.operations.rbegin(); operation != graph.operations.rend(); ++operation) {
    if (!needed.contains(operation->output)) continue;
    for (const int input : operation->inputs) needed.insert(read(input));
  }
  std::set<int> used;  // by the whole graph
  for (const Operation& operation : graph.operations)
    used.insert(operation.inputs.begin(), operation.inputs.end());

  Graph result{.values = {}, .operations = {}, .inputs = {}, .outputs = {}};
  result.samples = graph.samples;
  result.bound = graph.bound;
  result.names = graph.names;
  std::map<int, int> moved{{-1, -1}};
  for (size_t v = 0; v < graph.values.size(); ++v) {
    const int number = static_cast<int>(v);
    const Kind kind = graph.values[v].kind;
    const bool was_unused = (kind == Kind::parameter || kind == Kind::buffer) && !used.contains(number);
    if (!needed.contains(number) && kind != Kind::input && !was_unused) continue;
    moved[number] = static_cast<int>(result.values.size());
    result.values.push_back(graph.values[v]);
  }
  for (const int input : graph.inputs) result.inputs.push_back(moved.at(input));
  for (const int output : graph.outputs) result.outputs.push_back(moved.at(read(output)));
  for (Operation operation : graph.operations) {
    if (!moved.contains(operation.output)) continue;
    for (int& input : operation.inputs) input = moved.at(read(input));
    operation.output = moved.at(operation.output);
    result.operations.push_back(std::move(operation));
  }
  for (const auto& [name, input, output] : graph.blocks) {
    if (name != block && moved.contains(read(input)) && moved.contains(output))
      result.blocks.push_back({name, moved.at(read(input)), moved.at(output)});
  }
  return result;
}

}  // namespace tinynn::graph
