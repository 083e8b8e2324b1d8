#include <algorithm>
#include <set>
#include <utility>

#include <tinynn/core/shape.hpp>
#include <tinynn/graph/channel_map.hpp>

namespace tinynn::graph {

using autograd::Dim;
using autograd::Link;

// What the rule of one operation speaks to.
class ChannelMap::Rules final : public autograd::Channels {
 public:
  Rules(ChannelMap& map, const Operation& operation) : map_(map), operation_(operation) {
    map_.links_.emplace_back();
  }

  const Shape* shape(int64_t tensor) const override {
    const int value = value_of(tensor);
    return value < 0 ? nullptr : &map_.graph_.values[value].shape;
  }
  autograd::Attributes attributes() const override { return operation_.attributes; }
  int64_t inputs() const override { return static_cast<int64_t>(operation_.inputs.size()); }

  bool removable(Dim dim) const override {
    for (int64_t i = 0; i < (*shape(dim.tensor))[dim.dim]; ++i) {
      if (map_.pinned(map_.class_of(atom(dim, i))).empty()) return true;
    }
    return false;
  }

  using Channels::link;
  using Channels::pin;
  void link(Link kind, Dim from, int64_t i, Dim to, int64_t j) override {
    map_.links_.back().push_back({kind, atom(from, i), atom(to, j)});
    if (kind == Link::spreads) return;
    map_.tie(map_.number(atom(from, i)), map_.number(atom(to, j)));
    spoken_of_.emplace(from.tensor, from.dim);
    spoken_of_.emplace(to.tensor, to.dim);
  }
  void pin(Dim dim, int64_t i, const char* reason) override {
    map_.pin(map_.number(atom(dim, i)), reason);
    spoken_of_.emplace(dim.tensor, dim.dim);
  }

  /// After the rule: nothing is guessed about what it did not mention.
  void pin_the_rest() {
    const std::string name = operation_.op->name;
    for (int64_t tensor = autograd::result; tensor < inputs(); ++tensor) {
      const Shape* sizes = shape(tensor);
      for (int64_t d = 0; sizes != nullptr && d < sizes->rank(); ++d) {
        if (spoken_of_.contains({tensor, d})) continue;
        const int value = value_of(tensor);
        map_.pin(value, d,
                 operation_.op->pinned != nullptr     ? name + ": " + operation_.op->pinned
                 : operation_.op->channels == nullptr ? name + " has no rule for channels"
                 : tensor == autograd::result         ? name + " makes this dimension anew"
                                                      : name + " needs this dimension as it is");
      }
    }
  }

 private:
  int value_of(int64_t tensor) const {
    return tensor == autograd::result ? operation_.output : operation_.inputs[tensor];
  }
  Atom atom(Dim dim, int64_t i) const { return {value_of(dim.tensor), dim.dim, i}; }

  ChannelMap& map_;
  const Operation& operation_;
  std::set<std::pair<int64_t, int64_t>> spoken_of_;
};

ChannelMap::ChannelMap(const Graph& graph, const ChannelMapOptions& options) : graph_(graph) {
  for (const Value& value : graph_.values) {
    auto& first = first_.emplace_back();
    for (const int64_t size : value.shape) {
      first.push_back(atoms());
      for (int64_t i = 0; i < size; ++i) parent_.push_back(atoms());
    }
  }
  pinned_.resize(parent_.size());
  const auto pin_all = [this](int value, const std::string& reason) {
    for (int64_t d = 0; d < graph_.values[value].shape.rank(); ++d) pin(value, d, reason);
  };
  for (const int input : graph_.inputs) pin_all(input, "the model's input");
  for (const Operation& operation : graph_.operations) {
    Rules rules(*this, operation);
    if (operation.op->channels != nullptr) operation.op->channels(rules);
    rules.pin_the_rest();
  }
  for (const int output : graph_.outputs) {
    if (!options.release_outputs) pin_all(output, "the model's output");
  }
}

std::vector<int64_t> places(const Shape& shape, const Atom& atom) {
  std::vector<int64_t> result;
  Slices(shape, atom.dim).for_each(atom.index, [&](int64_t i) { result.push_back(i); });
  return result;
}

int64_t ChannelMap::number(const Atom& atom) const { return first_[atom.value][atom.dim] + atom.index; }

int64_t ChannelMap::root(int64_t atom) const {
  while (parent_[atom] != atom) {
    auto& parent = parent_[atom];
    parent = parent_[parent];
    atom = parent;
  }
  return atom;
}

void ChannelMap::tie(int64_t a, int64_t b) {
  a = root(a);
  b = root(b);
  if (a == b) return;
  auto &reason_a = pinned_[a], &reason_b = pinned_[b];
  if (reason_a.empty()) reason_a = std::move(reason_b);
  parent_[b] = a;
}

void ChannelMap::pin(int64_t atom, const std::string& reason) {
  auto& known = pinned_[root(atom)];
  if (known.empty()) known = reason;
}

void ChannelMap::pin(int value, int64_t dim, const std::string& reason) {
  for (int64_t i = 0; i < graph_.values[value].shape[dim]; ++i) {
    pin(number({value, dim, i}), reason);
  }
}

std::vector<std::vector<Atom>> ChannelMap::slices() const {
  std::vector<std::vector<Atom>> result(parent_.size());
  for (size_t v = 0; v < graph_.values.size(); ++v) {
    const Value& value = graph_.values[v];
    if (value.kind != Value::Kind::parameter && value.kind != Value::Kind::buffer) continue;
    for (int64_t d = 0; d < value.shape.rank(); ++d) {
      for (int64_t i = 0; i < value.shape[d]; ++i) {
        const Atom atom{static_cast<int>(v), d, i};
        result[class_of(atom)].push_back(atom);
      }
    }
  }
  return result;
}

}  // namespace tinynn::graph
