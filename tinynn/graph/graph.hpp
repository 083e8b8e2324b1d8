// Graph: the operations that a model ran on an example, in order: what structural pruning, the inference
// program and the exporters read.
//
//   const graph::Graph g = graph::trace(net, images);
//   std::cout << graph::to_text(g);      // one operation a line
//   conv2d_0 (*, 4, 28, 28) = conv2d(input, conv1.weight, conv1.bias) stride=1,1 padding=1,1,1,1 ...
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tinynn/autograd/node.hpp>
#include <tinynn/nn/module.hpp>

namespace tinynn::graph {

/// A tensor that an operation reads or makes.
struct Value {
  enum class Kind { input, parameter, buffer, result };
  Kind kind;
  std::string name;          // dotted for parameters and buffers, "input", or "conv2d_3" for a result
  Shape shape;               // on the example
  std::vector<bool> varies;  // dimensions that grow with the number of samples
  Tensor tensor;  // the live handle of a parameter or buffer; of others what they were on the example
};

struct Operation {
  const autograd::Op* op;
  std::vector<int> inputs;  // numbers of values, -1 for one that was not given
  int output;
  std::vector<autograd::Attribute> attributes;
  std::vector<int64_t> multiples = {};  // which attributes, by place, are a multiple of the samples (reshape)

  /// The attributes for so many samples, if they were recorded with `traced`.
  std::vector<autograd::Attribute> attributes_for(int64_t samples, int64_t traced) const;
};

/// One call of an entry of a nn::Sequential, with a weight, that gave what it got in shape: what could be
/// left out.
struct Block {
  std::string name;   // dotted, of the module
  int input, output;  // numbers of values
};

struct Graph {
  std::vector<Value> values;
  std::vector<Operation> operations;  // in the order in which they ran
  std::vector<int> inputs, outputs;   // numbers of values
  std::vector<Block> blocks = {};     // in the order in which they began
  int64_t samples = 0;                // of the example
  std::string bound = {};  // why the graph can only be run on as many samples; empty if on any number

  std::shared_ptr<const void> names = {};  // what the attributes' names point into, of a graph that was read

  /// How many times operations read a value.
  int64_t uses(int value) const;
  /// Live multiply-accumulates of an operation, of all samples of the example, whose tensors are there.
  int64_t macs(const Operation& operation) const;
};

/// What to run a model on: its inputs, and how it is called with them if that is not model(inputs). `forward`
/// must be made of recorded operations and may be called any number of times.
struct Example {
  using Forward = std::function<std::vector<Tensor>(const std::vector<Tensor>& inputs)>;

  Example(const Tensor& x) : inputs{x} {}  // NOLINT: meant to convert
  Example(std::vector<Tensor> x, Forward f = {}) : inputs(std::move(x)), forward(std::move(f)) {}

  /// How many there are in each input. Throws Error, naming the caller, for an input without one.
  int64_t samples(const char* caller) const;

  std::vector<Tensor> inputs;  // (n, ...) each, n at least 1
  Forward forward;             // empty: the model's own
};

/// What the model gives for the example in evaluation mode, without gradients; its mode stays as it is.
std::vector<Tensor> run(nn::Module& model, const Example& example);

/// Runs the model on the example, and on one sample more to see which sizes count samples. Throws Error if it
/// uses parameters or tensors that it does not list or make by recorded operations, if it does other
/// operations for another number of samples, and what its forward throws.
Graph trace(nn::Module& model, const Example& example);

/// What the model gave, by the graph alone: runs its operations again on the parameters and buffers as they
/// are now, all in one mode. In training batch statistics are updated, and elements dropped by the default
/// generator's next streams, as the model does it. Throws Error for inputs that do not fit.
std::vector<Tensor> run(const Graph& graph, const std::vector<Tensor>& inputs, bool training);

/// One line an operation: number, shape with * for what counts samples, name, inputs, attributes.
std::string to_text(const Graph& graph);
/// The same as a picture in Graphviz's language: dot -Tsvg.
std::string to_dot(const Graph& graph);

}  // namespace tinynn::graph
