#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/graph/network.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/ops/index.hpp>

namespace tinynn::graph {

int64_t Example::samples(const char* caller) const {
  check(!inputs.empty(), caller, ": the example has no input");
  for (const Tensor& input : inputs) {
    const Shape shape = input.defined() ? input.shape() : Shape{};
    check(shape.rank() >= 1 && shape[0] >= 1, caller, ": an input of the example, ", shape,
          ", has no sample");
  }
  return inputs[0].size(0);
}

std::vector<Tensor> run(nn::Module& model, const Example& example) {
  check(!example.inputs.empty(), "trace: the example has no input");
  const nn::EvaluationScope evaluation(model);
  return example.forward ? example.forward(example.inputs) : model(example.inputs);
}

namespace {

// Numbers the tensors of one run. All of them are kept alive, so that no two can have the same address.
class Recorder {
 public:
  explicit Recorder(nn::Module& model) {
    for (const auto& [name, parameter] : model.named_parameters()) {
      listed_[parameter.handle().get()] = {Value::Kind::parameter, name, parameter};
    }
    for (const auto& [name, buffer] : model.named_buffers()) {
      listed_[buffer.handle().get()] = {Value::Kind::buffer, name, buffer};
    }
    const auto is_weight = [](const Parameter& parameter) { return parameter.rank() >= 2; };
    for (const auto& [name, module] : model.named_modules()) {
      auto* list = dynamic_cast<nn::Sequential*>(module);
      for (int64_t i = 0; list != nullptr && i < list->size(); ++i) {
        if (std::ranges::any_of((*list)[i].parameters(), is_weight))
          entries_.emplace(&(*list)[i], name + (name.empty() ? "" : ".") + list->name(i));
      }
    }
  }

  Graph record(nn::Module& model, const Example& example) {
    example.samples("trace");
    for (const Tensor& input : example.inputs) {
      const bool one = example.inputs.size() == 1;
      graph_.inputs.push_back(
          add(Value::Kind::input, one ? "input" : "input_" + std::to_string(graph_.inputs.size()), input));
    }
    const autograd::Observer operations([this](const autograd::Call& call) { add_operation(call); });
    std::vector<std::pair<size_t, Tensor>> running;  // modules, by number of block, and what they were given
    const nn::CallObserver calls(
        [&](nn::Module& m, const Tensor& x) {
          const auto entry = entries_.find(&m);
          running.emplace_back(graph_.blocks.size(), x);
          graph_.blocks.push_back({entry == entries_.end() ? "" : entry->second, -1, -1});
        },
        [&](nn::Module&, const Tensor& y) {
          const auto& [block, x] = running.back();
          end_block(graph_.blocks[block], x, y);
          running.pop_back();
        });
    for (const Tensor& output : run(model, example)) {
      check(output.defined(), "trace: an output of the model is undefined");
      graph_.outputs.push_back(number_of(output, "the model's output"));
    }
    std::set<std::string> other{""};  // names of what gave, once, another shape than it got
    for (const Block& block : graph_.blocks) {
      if (block.output < 0) other.insert(block.name);
    }
    std::erase_if(graph_.blocks, [&](const Block& block) { return other.contains(block.name); });
    if (const auto* network = dynamic_cast<const Network*>(&model)) copy_blocks(network->graph());
    return std::move(graph_);
  }

 private:
  struct Listed {
    Value::Kind kind;
    std::string name;
    Tensor tensor;
  };

  int add(Value::Kind kind, const std::string& name, const Tensor& tensor) {
    const int number = static_cast<int>(graph_.values.size());
    graph_.values.push_back({kind, name, tensor.shape(), {}, tensor});
    numbers_[tensor.handle().get()] = number;
    return number;
  }

  int number_of(const Tensor& tensor, const std::string& what) {
    if (!tensor.defined()) return -1;
    const auto* key = tensor.handle().get();
    if (const auto known = numbers_.find(key); known != numbers_.end()) return known->second;
    const auto listed = listed_.find(key);
    check(listed != listed_.end(), "trace: ", what, ", a tensor of shape ", tensor.shape(), ", is ",
          tensor.handle()->version > 0 ? "a parameter that the model does not list among its members"
                                       : "neither made by an operation nor listed as a buffer");
    return add(listed->second.kind, listed->second.name, tensor);
  }

  void add_operation(const autograd::Call& call) {
    Operation operation{.op = &call.op,
                        .inputs = {},
                        .output = -1,
                        .attributes = {call.attributes.begin(), call.attributes.end()}};
    for (size_t i = 0; i < call.inputs.size(); ++i) {
      const auto what = "input " + std::to_string(i) + " of " + call.op.name;
      operation.inputs.push_back(number_of(call.inputs[i], what));
    }
    const auto name = call.op.name + ("_" + std::to_string(graph_.operations.size()));
    operation.output = add(Value::Kind::result, name, call.output);
    graph_.operations.push_back(std::move(operation));
  }

  void end_block(Block& block, const Tensor& x, const Tensor& y) {
    const auto input = numbers_.find(x.handle().get()), output = numbers_.find(y.handle().get());
    if (input == numbers_.end() || output == numbers_.end() || input == output || x.shape() != y.shape())
      return;
    block.input = input->second;
    block.output = output->second;
  }

  // A network has no modules; where its blocks are, its graph knows, which has run operation by operation.
  void copy_blocks(const Graph& from) {
    if (from.operations.size() != graph_.operations.size()) return;  // the example calls it in its own way
    std::vector<int> places(from.values.size(), -1);
    for (size_t i = 0; i < from.inputs.size(); ++i) places[from.inputs[i]] = graph_.inputs[i];
    for (size_t k = 0; k < from.operations.size(); ++k)
      places[from.operations[k].output] = graph_.operations[k].output;
    for (const auto& [name, input, output] : from.blocks)
      graph_.blocks.push_back({name, places[input], places[output]});
  }

  Graph graph_;
  std::map<const void*, int> numbers_;
  std::map<const nn::Module*, std::string> entries_;  // of its Sequentials that have a weight
  std::map<const void*, Listed> listed_;
};

Example with_one_more_sample(const Example& example) {
  Example larger = example;
  for (Tensor& input : larger.inputs) input = concat({input, slice(input, 0, 0, 1)}, 0);
  return larger;
}

Graph trace_of_one_more(nn::Module& model, const Example& example) {
  const int64_t samples = example.inputs[0].size(0);
  try {
    return Recorder(model).record(model, with_one_more_sample(example));
  } catch (const Error& error) {
    fail("trace: the model ran on ", samples, " samples, but not on ", samples + 1,
         " (write -1 for a size that counts samples): ", error.what());
  }
}

bool same_attributes(const Operation& a, const Operation& b) {
  return std::ranges::equal(a.attributes, b.attributes, [](const auto& x, const auto& y) {
    return x.value == y.value && std::string_view(x.name) == y.name;
  });
}

// Sizes that were written as a number but count samples, as in reshape(x, {x.size(0), -1}): what they are for
// one sample more tells.
void find_multiples(Operation& operation, const Operation& larger, int64_t samples) {
  const auto sizes = autograd::Attributes(operation.attributes).list("size"),
             more = autograd::Attributes(larger.attributes).list("size");
  if (sizes.size() != more.size()) return;
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (sizes[d] != more[d] && sizes[d] % samples == 0 && more[d] == sizes[d] / samples * (samples + 1))
      operation.multiples.push_back(static_cast<int64_t>(d));
  }
}

}  // namespace

Graph trace(nn::Module& model, const Example& example) {
  Graph graph = Recorder(model).record(model, example);
  const Graph larger = trace_of_one_more(model, example);
  bool same =
      graph.values.size() == larger.values.size() && graph.operations.size() == larger.operations.size();
  for (size_t i = 0; same && i < graph.operations.size(); ++i) {
    const Operation &a = graph.operations[i], &b = larger.operations[i];
    same = a.op == b.op && a.inputs == b.inputs && a.output == b.output;
  }
  check(same, "trace: the model does other operations for another number of samples");
  graph.samples = example.inputs[0].size(0);
  for (size_t i = 0; i < graph.operations.size(); ++i) {
    Operation& a = graph.operations[i];
    const Operation& b = larger.operations[i];
    find_multiples(a, b, graph.samples);
    Operation scaled = a;
    scaled.attributes = a.attributes_for(graph.samples + 1, graph.samples);
    if (!same_attributes(scaled, b) && graph.bound.empty())
      graph.bound = graph.values[a.output].name + " has other attributes for " +
                    std::to_string(graph.samples + 1) + " samples than for " + std::to_string(graph.samples);
  }
  for (size_t v = 0; v < graph.values.size(); ++v) {
    Value& value = graph.values[v];
    for (int64_t d = 0; d < value.shape.rank(); ++d) {
      value.varies.push_back(value.shape[d] != larger.values[v].shape[d]);
    }
  }
  return graph;
}

}  // namespace tinynn::graph
