#include <map>
#include <set>

#include <tinynn/core/error.hpp>
#include <tinynn/graph/channel_map.hpp>
#include <tinynn/nn/snapshot.hpp>
#include <tinynn/ops/index.hpp>
#include <tinynn/structured/compact.hpp>
#include <tinynn/structured/dead_channels.hpp>
#include <tinynn/structured/fold_constants.hpp>
#include <tinynn/structured/relative_change.hpp>

namespace tinynn::structured {

using autograd::Link;
using graph::Atom;
using graph::AtomLink;
using graph::ChannelMap;
using graph::Value;

namespace {

// The indices that stay, of each dimension of each value that loses some.
using Keep = std::map<std::pair<int, int64_t>, std::vector<int64_t>>;

Keep what_stays(const ChannelMap& map, const std::set<int64_t>& classes) {
  Keep keep;
  const auto& values = map.graph().values;
  for (size_t v = 0; v < values.size(); ++v) {
    for (int64_t d = 0; d < values[v].shape.rank(); ++d) {
      std::vector<int64_t> stay;
      for (int64_t i = 0; i < values[v].shape[d]; ++i) {
        if (!classes.contains(map.class_of({static_cast<int>(v), d, i}))) stay.push_back(i);
      }
      if (static_cast<int64_t>(stay.size()) < values[v].shape[d]) keep[{static_cast<int>(v), d}] = stay;
    }
  }
  return keep;
}

void cut(const ChannelMap& map, const Keep& keep) {
  for (const auto& [place, indices] : keep) {
    const Value& value = map.graph().values[place.first];
    if (value.kind == Value::Kind::parameter) {
      Parameter parameter = Parameter::of(value.tensor);
      parameter.slice(place.second, indices);
      const Mask mask = parameter.mask();
      if (mask.defined() && mask.count_alive() == parameter.numel())
        parameter.set_mask(Mask());  // dense again
    }
    if (value.kind == Value::Kind::buffer)
      value.tensor.set_data(index_select(value.tensor, place.second, indices));
  }
}

// The outputs without what was deleted of them.
std::vector<Tensor> what_stays_of(const std::vector<Tensor>& outputs, const ChannelMap& map,
                                  const Keep& keep) {
  std::vector<Tensor> result = outputs;
  for (size_t k = 0; k < outputs.size(); ++k) {
    for (int64_t d = 0; d < outputs[k].rank(); ++d) {
      const auto found = keep.find({map.graph().outputs[k], d});
      if (found != keep.end()) result[k] = index_select(result[k], d, found->second);
    }
  }
  return result;
}

int64_t count_parameters(nn::Module& model) {
  int64_t count = 0;
  for (const Parameter& parameter : model.parameters()) count += parameter.numel();
  return count;
}

// Masked filters that are not deleted, with reasons.
std::vector<std::string> kept(const DeadChannels& dead, const ChannelMap& map,
                              const std::set<int64_t>& deleted,
                              const std::map<int64_t, std::string>& refused) {
  std::vector<std::string> result;
  std::set<int64_t> seen;
  for (const auto& links : map.links()) {
    for (const AtomLink& link : links) {
      const int64_t c = map.class_of(link.to);
      if (link.kind != Link::produces || !dead.is_masked(link.from) || deleted.contains(c)) continue;
      if (!seen.insert(map.number(link.from)).second) continue;
      const auto found = refused.find(c);
      result.push_back(name_of(map, link.from) + ": " +
                       (found != refused.end() ? found->second
                        : !map.pinned(c).empty()
                            ? map.pinned(c)
                            : "tied to channels that are alive, or the last of its layer"));
    }
  }
  return result;
}

// What happens between the first look at the masks and the cut.
struct Plan {
  ChannelMap map;  // of the model with the producers of these classes masked
  std::set<int64_t> classes;
  std::map<int64_t, std::string> refused;  // classes, with reasons
};

// What the model gave for the example when it was traced.
std::vector<Tensor> outputs_of(const ChannelMap& map) {
  std::vector<Tensor> result;
  for (const int output : map.graph().outputs) {
    result.push_back(map.graph().values[output].tensor);
  }
  return result;
}

// Masks the producers of dead channels; gives up those that are then constants that cannot be folded away.
Plan complete(nn::Module& model, const graph::Example& example, const ChannelMap& map,
              const graph::ChannelMapOptions& how, const Snapshot& before) {
  auto classes = DeadChannels(map, true).classes();
  std::map<int64_t, std::string> all_refused;
  while (true) {
    mask_channels(map, classes);
    ChannelMap now(graph::trace(model, example), how);
    const auto refused = not_foldable(now, DeadChannels(now, false), classes);
    if (refused.empty()) return {std::move(now), std::move(classes), std::move(all_refused)};
    for (const auto& [c, reason] : refused) classes.erase(c);
    all_refused.insert(refused.begin(), refused.end());
    restore(model, before);
  }
}

}  // namespace

double complete_masks(nn::Module& model, const graph::Example& example) {
  const ChannelMap map(graph::trace(model, example));
  nn::Undo undo(model);
  const Plan plan = complete(model, example, map, {}, undo.before());
  const double change = relative_change(outputs_of(map), outputs_of(plan.map));
  undo.keep();
  return change;
}

Compacted compact(nn::Module& model, const graph::Example& example, const CompactOptions& options) {
  for (const Parameter& parameter : model.parameters()) parameter.require_hardened("compact");
  const graph::ChannelMapOptions how{.release_outputs = options.release_outputs};
  const ChannelMap map(graph::trace(model, example), how);
  Compacted report{.parameters_before = count_parameters(model)};
  nn::Undo undo(model);
  const Plan plan = complete(model, example, map, how, undo.before());
  const auto masked = outputs_of(plan.map);
  report.output_change_by_bias = relative_change(outputs_of(map), masked);

  const DeadChannels dead(plan.map, false);
  report.kept = kept(dead, plan.map, plan.classes, plan.refused);
  report.folded = fold_constants(plan.map, dead, plan.classes);
  const Keep keep = what_stays(plan.map, plan.classes);
  cut(plan.map, keep);
  const auto small = graph::run(model, example);
  report.output_difference = relative_change(what_stays_of(masked, plan.map, keep), small);
  check(report.output_difference <= options.tolerance, "compact: the outputs changed by ",
        report.output_difference, " of the largest, more than ", options.tolerance);
  report.channels = static_cast<int64_t>(plan.classes.size());
  report.parameters = count_parameters(model);
  undo.keep();
  return report;
}

void Compacted::state(StateVisitor& visit) {
  visit("channels", channels);
  visit("parameters_before", parameters_before);
  visit("parameters", parameters);
  visit("output_change_by_bias", output_change_by_bias);
  visit("output_difference", output_difference);
  visit("folded", folded);
  visit.all("kept", kept);
}

}  // namespace tinynn::structured
