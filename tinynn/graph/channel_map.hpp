// ChannelMap: which channels of a traced model hang together, so that one can only be deleted with all the
// others. Every element of every dimension of every tensor is an atom; the rules of the operations
// (autograd/channel_rule.hpp) tie atoms with union-find. A class of tied atoms is what can be deleted as a
// whole: for two convolutions one after the other, filter i of the first, its bias, and slice i of every
// filter of the second. What no rule speaks of is pinned, with the reason.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tinynn/graph/graph.hpp>

namespace tinynn::graph {

/// Element `index` of dimension `dim` of a value of the graph.
struct Atom {
  int value;
  int64_t dim, index;
};

/// Where in a tensor of this shape the elements of an atom lie.
std::vector<int64_t> places(const Shape& shape, const Atom& atom);

/// What an operation's rule says of two atoms.
struct AtomLink {
  autograd::Link kind;
  Atom from, to;
};

struct ChannelMapOptions {
  bool release_outputs = false;  // whether channels of the model's outputs may be deleted
};

class ChannelMap {
 public:
  explicit ChannelMap(const Graph& graph, const ChannelMapOptions& options = {});

  const Graph& graph() const { return graph_; }
  /// What the rule of each operation says, in their order.
  const std::vector<std::vector<AtomLink>>& links() const { return links_; }
  /// Atoms are numbered 0 .. atoms() - 1.
  int64_t atoms() const { return static_cast<int64_t>(parent_.size()); }
  int64_t number(const Atom& atom) const;
  /// The class of an atom: the number of one of its atoms, the same for all.
  int64_t class_of(const Atom& atom) const { return root(number(atom)); }
  /// Why nothing of this class can be deleted; empty if it can.
  const std::string& pinned(int64_t of_class) const { return pinned_[static_cast<size_t>(of_class)]; }
  /// The atoms of parameters and buffers of each class that has any, in the order of the graph: what deleting
  /// it takes off. Indexed by class.
  std::vector<std::vector<Atom>> slices() const;

 private:
  class Rules;

  int64_t root(int64_t atom) const;
  void tie(int64_t a, int64_t b);
  void pin(int64_t atom, const std::string& reason);
  void pin(int value, int64_t dim, const std::string& reason);

  Graph graph_;
  std::vector<std::vector<int64_t>> first_;  // atom of each value's each dimension
  mutable std::vector<int64_t> parent_;
  std::vector<std::string> pinned_;  // by root
  std::vector<std::vector<AtomLink>> links_;
};

}  // namespace tinynn::graph
