// Network: a graph that runs again: a module made of a traced graph and its parameters. It trains, is traced,
// pruned, cut, cloned, saved and exported as any other; the code that made it is not needed.
//
//   graph::Network net(lenet, images);               // shares lenet's parameters
//   io::save(net, "mine.safetensors");               // with its graph
//   graph::Network again = io::load_network("mine.safetensors");
//
// A module is traced in evaluation mode and has to do the same operations in training: dropout and batch_norm
// do, a branch on is_training() is not seen. Parameters are listed in the order in which operations read
// them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <tinynn/graph/graph.hpp>

namespace tinynn::graph {

class Network : public nn::Module {
 public:
  /// What `module` does for the example, with its very parameters and buffers. Throws what trace() throws,
  /// and Error if a parameter is reparametrized.
  Network(nn::Module& module, const Example& example);
  /// A graph, whose parameters and buffers have tensors. Throws Error for one without.
  explicit Network(Graph graph);

  void members(nn::Visitor& v) override;
  /// Of a network with one input and one output.
  Tensor forward(const Tensor& x) override;
  std::vector<Tensor> forward_all(const std::vector<Tensor>& inputs) override;

  /// As it was recorded: shapes are those before anything was cut. trace() gives them as they are.
  const Graph& graph() const { return graph_; }
  /// So many samples of zeros for each input; throws Error if it can only be run on another number.
  std::vector<Tensor> blank(int64_t samples = 1) const;

  /// Leaves out a block of the graph: what reads its output reads its input. Parameters that nothing reads
  /// any more are listed no longer. Throws Error, and changes nothing, if there is no block of that name.
  void remove(const std::string& block);
  /// The names of those that were, in that order.
  const std::vector<std::string>& removed() const { return removed_; }

 private:
  template <class T>
  using Named = std::vector<std::pair<int, T>>;  // numbers of values

  void list_members();

  Graph graph_;
  Named<Parameter> parameters_;
  Named<Tensor> buffers_;
  std::vector<std::string> removed_;
};

/// A graph without a block, and without what was computed for it alone. Throws Error if there is none.
Graph without_block(const Graph& graph, const std::string& block);

}  // namespace tinynn::graph
