#include <algorithm>
#include <map>

#include <tinynn/graph/channel_map.hpp>
#include <tinynn/structured/dead_units.hpp>

namespace tinynn::structured {
namespace {

using autograd::Link;

// A unit: slices of weights, each by its weight's number and the places of its elements.
struct Unit {
  struct Slice {
    size_t weight;
    std::vector<int64_t> places;
  };
  std::vector<Slice> inputs, outputs;
};

// Those that some weight makes and some weight reads, and that may go.
std::vector<Unit> units_of(const graph::ChannelMap& map, const std::vector<Parameter>& weights) {
  std::map<int64_t, Unit> units;  // by class
  for (const auto& links : map.links()) {
    for (const graph::AtomLink& link : links) {
      const int64_t of_class = map.class_of(link.to);
      const bool makes = link.kind == Link::produces;
      if ((!makes && link.kind != Link::consumes) || !map.pinned(of_class).empty()) continue;
      const graph::Value& value = map.graph().values[link.from.value];
      const auto found =
          std::ranges::find(weights, value.tensor.handle(), [](const Parameter& p) { return p.handle(); });
      // One that must not be pruned lives for ever.
      Unit& unit = units[of_class];
      (makes ? unit.inputs : unit.outputs)
          .push_back({static_cast<size_t>(found - weights.begin()), graph::places(value.shape, link.from)});
    }
  }
  std::vector<Unit> result;
  for (auto& [of_class, unit] : units) {
    if (!unit.inputs.empty() && !unit.outputs.empty()) result.push_back(std::move(unit));
  }
  return result;
}

}  // namespace

int64_t prune_dead_units(nn::Module& model, const graph::Example& example,
                         const std::vector<Parameter>& weights) {
  require_distinct("dead units", weights);
  std::vector<Mask> masks;
  for (const auto& weight : weights) {
    weight.require_hardened("dead units");
    masks.push_back(weight.mask_or_all());
  }
  const auto units = units_of(graph::ChannelMap(graph::trace(model, example)), weights);
  const auto is_alive = [&](const Unit::Slice& slice) {
    return slice.weight == masks.size() ||
           std::ranges::any_of(slice.places, [&](int64_t i) { return masks[slice.weight][i]; });
  };
  int64_t pruned = 0;
  for (bool changed = true; changed;) {
    changed = false;
    for (const Unit& unit : units) {
      const bool input = std::ranges::any_of(unit.inputs, is_alive),
                 output = std::ranges::any_of(unit.outputs, is_alive);
      if (input == output) continue;
      for (const auto& slice : input ? unit.inputs : unit.outputs) {
        if (slice.weight == masks.size()) continue;
        for (const int64_t i : slice.places) {
          if (!masks[slice.weight][i]) continue;
          masks[slice.weight].set(i, false);
          ++pruned;
          changed = true;
        }
      }
    }
  }
  for (size_t k = 0; pruned > 0 && k < masks.size(); ++k) Parameter(weights[k]).set_mask(masks[k]);
  return pruned;
}

}  // namespace tinynn::structured
