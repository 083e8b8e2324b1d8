#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include <tinynn/core/error.hpp>
#include <tinynn/structured/groups.hpp>

namespace tinynn::structured {

using autograd::Link;
using graph::Atom;
using graph::ChannelMap;
using graph::Value;

std::vector<ChannelGroup> groups(const ChannelMap& map) {
  const auto& values = map.graph().values;
  const auto slices = map.slices();
  std::map<int64_t, bool> made;              // classes that a weight produces: whether one with a kernel does
  std::set<std::pair<int, int64_t>> makers;  // values, with the dimension that makes
  for (const auto& links : map.links()) {
    for (const auto& link : links) {
      if (link.kind == Link::produces || link.kind == Link::multiplies || link.kind == Link::shifts)
        makers.emplace(link.from.value, link.from.dim);
      if (link.kind != Link::produces) continue;
      auto& images = made.try_emplace(map.class_of(link.to), false).first->second;
      images = images || values[link.from.value].shape.rank() > 2;
    }
  }
  // Channels are of one group if they are slices of the same tensors along the same dimensions.
  std::map<std::vector<std::pair<int, int64_t>>, std::vector<int64_t>> by_places;
  for (const auto& [of_class, images] : made) {
    std::vector<std::pair<int, int64_t>> places;
    for (const Atom& atom : slices[of_class]) places.emplace_back(atom.value, atom.dim);
    places.erase(std::unique(places.begin(), places.end()), places.end());
    by_places[places].push_back(of_class);
  }
  ChannelCosts costs(map);
  std::vector<ChannelGroup> result;
  for (const auto& [places, classes] : by_places) {
    ChannelGroup group{.classes = classes, .members = {}, .pinned = map.pinned(classes[0])};
    for (const auto& [value, dim] : places) {
      const Value& v = values[value];
      GroupMember member{v.name, v.tensor, dim, {}, makers.contains({value, dim})};
      for (const int64_t of_class : classes) {
        auto& indices = member.indices.emplace_back();
        for (const Atom& atom : slices[of_class]) {
          if (atom.value == value && atom.dim == dim) indices.push_back(atom.index);
        }
      }
      group.members.push_back(std::move(member));
    }
    const auto saved = costs.saved_by(classes[0]);
    group.parameters = saved.parameters;
    group.macs = saved.macs;
    group.images = made[classes[0]];
    result.push_back(std::move(group));
  }
  return result;
}

std::vector<ChannelGroup> groups(nn::Module& model, const graph::Example& example) {
  return groups(ChannelMap(graph::trace(model, example)));
}

std::string to_text(const std::vector<ChannelGroup>& groups) {
  TextStream text;
  for (const ChannelGroup& group : groups) {
    text << group.classes.size() << " channels, each " << group.parameters << " parameters and " << group.macs
         << " multiply-adds";
    if (!group.pinned.empty()) text << "; pinned: " << group.pinned;
    text << '\n';
    for (const GroupMember& member : group.members) {
      text << "    " << member.name << ' ' << member.tensor.shape() << " along dimension " << member.dim;
      if (const size_t each = member.indices[0].size(); each > 1)
        text << ", " << each << " indices a channel";
      text << '\n';
    }
  }
  return text.str();
}

ChannelCosts::ChannelCosts(const ChannelMap& map) : slices_(map.slices()) {
  const auto& graph = map.graph();
  for (const Value& value : graph.values) {
    is_parameter_.push_back(value.kind == Value::Kind::parameter);
    uses_.push_back(0);
    sizes_.emplace_back(value.shape.begin(), value.shape.end());
  }
  for (size_t k = 0; k < graph.operations.size(); ++k) {
    const graph::Operation& operation = graph.operations[k];
    if (operation.op->macs == nullptr) continue;
    const int64_t samples = graph.values[graph.inputs[0]].shape[0];
    for (const int weight : std::set<int>(operation.inputs.begin(), operation.inputs.end())) {
      if (weight < 0 || !is_parameter_[weight]) continue;
      const Shape& shape = graph.values[weight].shape;
      if (shape.rank() < 2 || shape.numel() == 0) continue;
      const Parameter alive(ones(shape));  // what the operation counts if all of it is alive
      std::vector<Tensor> inputs;
      for (const int v : operation.inputs)
        inputs.push_back(v == weight ? Tensor(alive) : v < 0 ? Tensor() : graph.values[v].tensor);
      const int64_t macs = operation.op->macs(inputs, graph.values[operation.output].tensor);
      uses_[weight] += macs / shape.numel() / samples;
    }
  }
}

ChannelCosts::Cost ChannelCosts::total() const {
  Cost cost;
  for (size_t v = 0; v < sizes_.size(); ++v) {
    if (!is_parameter_[v]) continue;
    int64_t elements = 1;
    for (const int64_t size : sizes_[v]) elements *= size;
    cost.parameters += elements;
    cost.macs += elements * uses_[v];
  }
  return cost;
}

ChannelCosts::Cost ChannelCosts::saved_by(int64_t of_class) {
  const Cost before = total();
  resize(of_class, -1);
  const Cost after = total();
  resize(of_class, 1);
  return {before.parameters - after.parameters, before.macs - after.macs};
}

void ChannelCosts::resize(int64_t of_class, int64_t change) {
  for (const Atom& atom : slices_[of_class]) {
    sizes_[atom.value][atom.dim] += change;
  }
}

}  // namespace tinynn::structured
