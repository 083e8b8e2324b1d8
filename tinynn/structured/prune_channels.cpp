#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include <tinynn/core/error.hpp>
#include <tinynn/nn/snapshot.hpp>
#include <tinynn/structured/compact.hpp>
#include <tinynn/structured/dead_channels.hpp>
#include <tinynn/structured/groups.hpp>
#include <tinynn/structured/prune_channels.hpp>

namespace tinynn::structured {

using autograd::Link;
using graph::Atom;
using graph::AtomLink;
using graph::ChannelMap;

namespace {

// The score of each slice of a weight along one dimension; what is dead counts as zero.
std::vector<double> slice_scores(const Parameter& weight, const Tensor& scores, int64_t dim,
                                 prune::Combine combine) {
  const Shape& shape = weight.shape();
  const int64_t inner = shape.inner(dim);
  std::vector<double> result(static_cast<size_t>(shape[dim]));
  std::vector<bool> seen(result.size());
  for (int64_t i = 0; i < shape.numel(); ++i) {
    if (weight.mask().defined() && !weight.mask()[i]) continue;
    const auto at = static_cast<size_t>(i / inner % shape[dim]);
    const auto score = static_cast<double>(scores.data()[i]);
    double& total = result[at];
    switch (combine) {
      case prune::Combine::mean: total += score; break;
      case prune::Combine::max: total = seen[at] ? std::max(total, score) : score; break;
      case prune::Combine::min: total = seen[at] ? std::min(total, score) : score; break;
    }
    seen[at] = true;
  }
  return result;
}

// By class: the sum over the slices of all weights that make or read the channel, or only of those that make
// it.
std::map<int64_t, double> importance(const ChannelMap& map, const std::set<int64_t>& classes,
                                     const prune::Criterion& criterion) {
  std::map<std::pair<int, int64_t>, std::set<int64_t>> places;  // value and dimension: which indices count
  std::map<int, size_t> number;
  std::vector<Parameter> weights;
  for (const auto& links : map.links()) {
    for (const AtomLink& link : links) {
      const bool counts = link.kind == Link::produces || link.kind == Link::multiplies ||
                          (link.kind == Link::consumes && !criterion.scores_outputs());
      const auto weight = Parameter::of(map.graph().values[link.from.value].tensor);
      if (!counts || !weight.defined() || weight.rank() < 2 || !classes.contains(map.class_of(link.from)))
        continue;
      places[{link.from.value, link.from.dim}].insert(link.from.index);
      if (number.try_emplace(link.from.value, weights.size()).second) weights.push_back(weight);
    }
  }
  const auto scores = criterion(weights);
  std::map<int64_t, double> result;
  for (const auto& [place, indices] : places) {
    const size_t k = number[place.first];
    const auto of_slices = slice_scores(weights[k], scores[k], place.second, criterion.combine());
    for (const int64_t i : indices) {
      result[map.class_of({place.first, place.second, i})] += of_slices[i];
    }
  }
  return result;
}

bool may_go(const ChannelGroup& group, const ChannelOptions& options) {
  if (!group.pinned.empty() || (options.kind == ChannelKind::images && !group.images) ||
      (options.kind == ChannelKind::neurons && group.images)) {
    return false;
  }
  const auto among = [](const std::vector<Parameter>& weights, const GroupMember& member) {
    return std::ranges::any_of(weights,
                               [&](const Parameter& p) { return p.handle() == member.tensor.handle(); });
  };
  const auto& members = group.members;
  return std::ranges::none_of(members, [&](const auto& member) { return among(options.except, member); }) &&
         (options.made_by.empty() || std::ranges::any_of(members, [&](const auto& member) {
            return member.makes && among(options.made_by, member);
          }));
}

// Channels of one group that go together, so that a multiple of round_to stays.
struct Batch {
  double rank;  // those with the lowest go first
  std::vector<int64_t> classes;
};

void add_batches(std::vector<Batch>& batches, std::vector<int64_t> alive, size_t channels,
                 const std::map<int64_t, double>& importance, const ChannelOptions& options) {
  double mean = 0;
  for (const int64_t c : alive) mean += std::abs(importance.at(c)) / static_cast<double>(alive.size());
  if (!(mean > 0) || std::isinf(mean)) mean = 1;
  std::ranges::stable_sort(alive, {}, [&](int64_t c) { return importance.at(c); });
  const double keep = std::max(1.0, std::ceil(options.keep_at_least * static_cast<double>(channels)));
  const auto step = static_cast<size_t>(options.round_to);
  size_t next = alive.size() % step == 0 ? step : alive.size() % step;
  for (size_t begin = 0; begin < alive.size(); begin += next, next = step) {
    const size_t end = begin + next;
    if (static_cast<double>(alive.size() - std::min(alive.size(), end)) < keep) return;
    Batch batch{static_cast<double>(end) / static_cast<double>(alive.size()), {}};
    if (options.scope == prune::Scope::global) {
      batch.rank = 0;
      for (size_t i = begin; i < end; ++i)
        batch.rank += importance.at(alive[i]) / mean / static_cast<double>(next);
    }
    batch.classes.assign(alive.begin() + static_cast<int64_t>(begin),
                         alive.begin() + static_cast<int64_t>(end));
    batches.push_back(std::move(batch));
  }
}

// What two groups have in common that lie in like places: the same kinds of tensors make and read them.
std::string place_of(const ChannelGroup& group) {
  TextStream text;
  for (const GroupMember& member : group.members) {
    const Shape& shape = member.tensor.shape();
    text << (member.makes ? "made by " : "read by ") << shape.rank() << '.' << member.dim;
    for (int64_t d = 2; d < shape.rank(); ++d) text << 'x' << shape[d];
    text << ';';
  }
  return text.str();
}

// From "how important" to "after which share of all these channels".
void rank_by_share(std::vector<Batch>& batches, size_t channels) {
  std::ranges::stable_sort(batches, {}, &Batch::rank);
  size_t gone = 0;
  for (Batch& batch : batches) {
    gone += batch.classes.size();
    batch.rank = static_cast<double>(gone) / static_cast<double>(channels);
  }
}

// Why the groups stay that may not go, the largest first: "; pinned are 10 of fc3.weight (the model's
// output)".
std::string reasons(const std::vector<ChannelGroup>& all) {
  constexpr size_t shown = 3;
  std::vector<const ChannelGroup*> pinned;
  for (const ChannelGroup& group : all) {
    if (!group.pinned.empty()) pinned.push_back(&group);
  }
  std::ranges::stable_sort(pinned, std::greater(), [](const auto* group) { return group->classes.size(); });
  TextStream text;
  for (size_t i = 0; i < std::min(pinned.size(), shown); ++i) {
    text << (i == 0 ? "; pinned are " : ", ") << pinned[i]->classes.size() << " of "
         << pinned[i]->members.front().name << " (" << pinned[i]->pinned << ')';
  }
  if (pinned.size() > shown) text << " and " << pinned.size() - shown << " groups more";
  return text.str();
}

ChannelTotals totals_of(const ChannelMap& map, const ChannelCosts& costs, const ChannelOptions& options) {
  const auto whole = costs.total();
  ChannelTotals totals{.channels = 0, .parameters = whole.parameters, .macs = whole.macs};
  for (const ChannelGroup& group : groups(map)) {
    if (may_go(group, options)) totals.channels += static_cast<int64_t>(group.classes.size());
  }
  return totals;
}

}  // namespace

ChannelTotals channel_totals(nn::Module& model, const graph::Example& example,
                             const ChannelOptions& options) {
  const ChannelMap map(graph::trace(model, example));
  return totals_of(map, ChannelCosts(map), options);
}

double prune_channels(nn::Module& model, const graph::Example& example, const ChannelOptions& options) {
  check(options.round_to >= 1, "channels: round_to is ", options.round_to, ", expected at least 1");
  check(options.keep_at_least >= 0 && options.keep_at_least <= 1, "channels: keep_at_least is ",
        options.keep_at_least, ", expected a fraction between 0 and 1");
  for (const Parameter& parameter : model.parameters()) parameter.require_hardened("channels");
  const ChannelMap map(graph::trace(model, example));
  const auto dead = DeadChannels(map, true).classes();
  ChannelCosts costs(map);
  const ChannelTotals whole = options.of ? *options.of : totals_of(map, costs, options);
  for (const int64_t c : dead) costs.remove(c);

  int64_t left = 0;
  std::set<int64_t> candidates;
  struct Alive {
    size_t channels;               // of the group
    std::vector<int64_t> classes;  // of those that are alive
  };
  std::map<std::string, std::vector<Alive>> competing;  // by their place, or all
  const std::vector<ChannelGroup> all = groups(map);
  for (const ChannelGroup& group : all) {
    if (!may_go(group, options)) continue;
    Alive alive{group.classes.size(), {}};
    std::ranges::copy_if(group.classes, std::back_inserter(alive.classes),
                         [&](int64_t c) { return !dead.contains(c); });
    candidates.insert(alive.classes.begin(), alive.classes.end());
    left += std::ssize(alive.classes);
    competing[options.isomorphic ? place_of(group) : ""].push_back(std::move(alive));
  }
  std::vector<Batch> batches;
  const auto scores = importance(map, candidates, options.criterion);
  for (const auto& [place, of_place] : competing) {
    std::vector<Batch> some;
    size_t channels = 0;
    for (const Alive& group : of_place) {
      add_batches(some, group.classes, group.channels, scores, options);
      channels += group.classes.size();
    }
    if (options.isomorphic) rank_by_share(some, channels);
    std::ranges::move(some, std::back_inserter(batches));
  }
  std::ranges::stable_sort(batches, {}, &Batch::rank);

  const bool budget = options.amount.is_budget();
  const int64_t before = left, kill = budget ? 0 : options.amount.to_kill(left, whole.channels);
  const auto reached = [&] {
    const auto now = costs.total();
    return budget
               ? static_cast<double>(now.macs) <= options.amount.macs() * static_cast<double>(whole.macs) &&
                     static_cast<double>(now.parameters) <=
                         options.amount.parameters() * static_cast<double>(whole.parameters)
               : before - left >= kill;
  };
  const auto take = [&](const Batch& batch, bool away) {
    for (const int64_t c : batch.classes) away ? costs.remove(c) : costs.put_back(c);
    left += static_cast<int64_t>(batch.classes.size()) * (away ? -1 : 1);
  };
  auto end = batches.begin();
  for (; !reached(); ++end) {
    const auto now = costs.total();
    check(end != batches.end(), "channels: the amount cannot be reached: with all gone that may go, ", left,
          " of ", before, " channels, ", now.macs, " of ", whole.macs, " multiply-adds and ", now.parameters,
          " of ", whole.parameters, " parameters remain", reasons(all));
    take(*end, true);
  }
  // The last step may have gone far past the budget: what still fits comes back, the most important first.
  std::set<int64_t> chosen;
  while (end != batches.begin()) {
    const Batch& batch = *--end;
    const bool may_return = static_cast<int64_t>(batch.classes.size()) == options.round_to;
    if (may_return) take(batch, false);
    if (may_return && reached()) continue;
    if (may_return) take(batch, true);
    chosen.insert(batch.classes.begin(), batch.classes.end());
  }
  nn::Undo undo(model);
  mask_channels(map, chosen);
  undo.keep();
  return before == 0 ? 1 : static_cast<double>(left) / static_cast<double>(before);
}

double prune_channels_to_measure(nn::Module& model, const graph::Example& example, double share,
                                 const std::function<double()>& measure, ChannelOptions options) {
  check(share > 0 && share <= 1, "channels_to_measure: ", share, " is no share above 0 and up to 1");
  constexpr int tries = 8;  // the budget is then known to 1/256
  double low = 0, high = 1, best = 0;
  {
    const nn::Undo undo(model);
    const double goal = share * measure();
    for (int i = 0; i < tries; ++i) {
      const double budget = (low + high) / 2;
      options.amount = prune::to_macs(budget);
      bool small_enough = false, possible = true;
      try {
        prune_channels(model, example, options);
      } catch (const Error&) {
        possible = false;  // so few are not left
      }
      if (possible) {
        compact(model, example);
        small_enough = measure() <= goal;
        restore(model, undo.before());
      }
      if (small_enough) best = budget;
      (small_enough || !possible ? low : high) = budget;
    }
  }
  check(best > 0, "channels_to_measure: no budget of MACs brings the measure to ", share, " of what it is");
  options.amount = prune::to_macs(best);
  prune_channels(model, example, options);
  return best;
}

}  // namespace tinynn::structured
