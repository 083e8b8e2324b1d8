#include <algorithm>
#include <map>
#include <set>

#include <tinynn/ops/registry.hpp>
#include <tinynn/structured/readers.hpp>

namespace tinynn::structured {

using autograd::Link;
using graph::AtomLink;
using graph::ChannelMap;
using graph::Graph;
using graph::Operation;
using graph::Value;

namespace {

// Walks from one operation that makes channels to those that read them.
class Walk {
 public:
  Walk(const ChannelMap& map, size_t maker) : map_(map), maker_(operation(maker)) {
    path_.weight = maker_.inputs[1];
    if (maker_.inputs.size() > 2) path_.bias = maker_.inputs[2];
    for (const AtomLink& link : map.links()[maker]) {
      if (link.kind != Link::produces) continue;
      of_class_[map.class_of(link.to)] = path_.channels.size();
      path_.channels.push_back({link.from, {}});
    }
    path_.obstacle = obstacle_at_the_start();
    carriers_.insert(maker_.output);
    for (size_t k = maker + 1; k < map.links().size() && path_.obstacle.empty(); ++k) {
      const auto carried =
          std::ranges::count_if(operation(k).inputs, [&](int input) { return carriers_.contains(input); });
      if (carried > 0 && (carried > 1 || !(reads(k) || is_norm(k) || keeps_apart(k))))
        path_.obstacle = std::string(operation(k).op->name) + " comes before what reads the channels";
    }
    if (path_.obstacle.empty() && path_.channels[0].readers.empty())
      path_.obstacle = "nothing reads the channels";
  }

  ChannelPath path() { return std::move(path_); }

 private:
  const Graph& graph() const { return map_.graph(); }
  const Operation& operation(size_t number) const { return graph().operations[number]; }
  // A parameter that nothing else depends on.
  bool is_own(int value) const {
    return graph().values[value].kind == Value::Kind::parameter && graph().uses(value) == 1;
  }

  std::string obstacle_at_the_start() const {
    if (!is_own(path_.weight) || (path_.bias >= 0 && !is_own(path_.bias))) return "it is used twice";
    if (of_class_.size() < path_.channels.size()) return "its channels are tied to each other";
    for (const auto& [of_class, channel] : of_class_) {
      if (!map_.pinned(of_class).empty()) return map_.pinned(of_class);
    }
    return {};
  }

  // Whether the operation consumes the channels, as many slices of its own weight for each.
  bool reads(size_t number) {
    for (const AtomLink& link : map_.links()[number]) {
      if (link.kind != Link::consumes || !carriers_.contains(link.to.value)) continue;
      const auto found = of_class_.find(map_.class_of(link.to));
      if (found == of_class_.end() || !is_own(link.from.value)) return false;
      path_.channels[found->second].readers.push_back(link.from);
    }
    const auto slices = [](const ChannelPath::Channel& channel) { return channel.readers.size(); };
    const size_t before = slices_, now = slices(path_.channels[0]);
    slices_ = now;
    return now > before &&
           std::ranges::all_of(path_.channels, [=](const auto& c) { return slices(c) == now; });
  }

  // Whether this is a normalisation of the channels alone, which is linear in evaluation.
  bool is_norm(size_t number) {
    const Operation& norm = operation(number);
    if (norm.op != &ops::batch_norm || norm.inputs[0] != maker_.output) return false;
    if (graph().uses(maker_.output) > 1) return false;
    const int mean = norm.inputs[3];
    if (mean < 0) return false;  // by the statistics of the batch, whatever they are
    const auto channels = static_cast<int64_t>(path_.channels.size());
    if (graph().values[mean].shape[0] != channels) return false;
    for (int64_t c = 0; c < channels; ++c) {
      const auto found = of_class_.find(map_.class_of({mean, 0, c}));
      if (found == of_class_.end() || found->second != static_cast<size_t>(c)) return false;
    }
    const auto is_tied = [&](int input) { return input >= 0 && !is_own(input); };
    if (is_tied(norm.inputs[1]) || is_tied(norm.inputs[2]) || graph().uses(mean) > 1) return false;
    path_.norm = &norm;
    carriers_.insert(norm.output);
    return true;
  }

  // Whether the operation does the same to each channel by itself.
  bool keeps_apart(size_t number) {
    const Operation& op = operation(number);
    const bool homogeneous = op.op->homogeneous;
    if (!homogeneous && (op.op->channels != autograd::elementwise || op.inputs.size() > 1)) return false;
    path_.homogeneous = path_.homogeneous && homogeneous;
    carriers_.insert(op.output);
    return true;
  }

  const ChannelMap& map_;
  const Operation& maker_;
  ChannelPath path_{.weight = -1};
  std::map<int64_t, size_t> of_class_;  // numbers of the channels
  std::set<int> carriers_;              // values that hold the channels
  size_t slices_ = 0;                   // readers of each channel so far
};

}  // namespace

std::vector<ChannelPath> channel_paths(const ChannelMap& map) {
  std::vector<ChannelPath> paths;
  for (size_t k = 0; k < map.links().size(); ++k) {
    const auto& links = map.links()[k];
    if (std::ranges::any_of(links, [](const AtomLink& link) { return link.kind == Link::produces; }))
      paths.push_back(Walk(map, k).path());
  }
  return paths;
}

}  // namespace tinynn::structured
