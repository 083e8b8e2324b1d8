#include <algorithm>

#include <tinynn/autograd/parameter.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/graph/graph.hpp>

namespace tinynn::graph {
namespace {

// By value, the operation that reads it last; one behind the last if it is an output.
std::vector<size_t> last_uses(const Graph& graph) {
  std::vector<size_t> last(graph.values.size(), graph.operations.size());
  for (size_t k = 0; k < graph.operations.size(); ++k) {
    for (const int input : graph.operations[k].inputs) {
      if (input >= 0) last[input] = k;
    }
  }
  for (const int output : graph.outputs) last[output] = graph.operations.size();
  return last;
}

}  // namespace

std::vector<autograd::Attribute> Operation::attributes_for(int64_t samples, int64_t traced) const {
  auto scaled = attributes;
  for (const int64_t d : multiples) {
    double& size = scaled[d].value;
    size = size / static_cast<double>(traced) * static_cast<double>(samples);
  }
  return scaled;
}

std::vector<Tensor> run(const Graph& graph, const std::vector<Tensor>& inputs, bool training) {
  check(inputs.size() == graph.inputs.size() && !inputs.empty(), "graph: ", inputs.size(),
        " inputs, expected ", graph.inputs.size());
  const int64_t samples = inputs[0].rank() > 0 ? inputs[0].size(0) : 0;
  check(graph.bound.empty() || samples == graph.samples, "graph: ", samples, " samples, but ", graph.bound);
  std::vector<Tensor> tensors(graph.values.size());  // inputs and results
  for (size_t i = 0; i < inputs.size(); ++i) tensors[graph.inputs[i]] = inputs[i];
  // A parameter is asked at each use, as modules ask it: gates draw anew each time.
  const auto tensor = [&](int v) -> Tensor {
    if (v < 0) return {};
    const Value& value = graph.values[v];
    if (value.kind == Value::Kind::parameter) return Parameter::of(value.tensor).effective(training);
    return value.kind == Value::Kind::buffer ? value.tensor : tensors[v];
  };
  const auto last = last_uses(graph);
  for (size_t k = 0; k < graph.operations.size(); ++k) {
    const Operation& operation = graph.operations[k];
    std::vector<Tensor> read;
    for (const int input : operation.inputs) read.push_back(tensor(input));
    const auto attributes = operation.attributes_for(samples, graph.samples);
    tensors[operation.output] = operation.op->apply({read, attributes, training});
    for (const int input : operation.inputs) {
      if (input >= 0 && last[input] == k) tensors[input] = Tensor();
    }
  }
  std::vector<Tensor> outputs;
  for (const int output : graph.outputs) outputs.push_back(tensor(output));
  return outputs;
}

}  // namespace tinynn::graph
