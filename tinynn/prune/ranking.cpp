#include <algorithm>
#include <cmath>

#include <tinynn/core/error.hpp>
#include <tinynn/prune/mask_rules.hpp>

namespace tinynn::prune {
namespace {

// A group with something alive in it.
struct Candidate {
  double score;
  size_t weight;
  int64_t group;
  int64_t alive;  // elements
};

bool dies_before(const Candidate& a, const Candidate& b) {
  if (a.score != b.score) return a.score < b.score;
  return a.weight != b.weight ? a.weight < b.weight : a.group < b.group;
}

// One weight's groups. Its dead elements count as zero in a mean: of two filters alike, the one with fewer
// weights left is worth less.
std::vector<Candidate> candidates_of(size_t weight, const Mask& mask, const Tensor& scores,
                                     const std::vector<int64_t>& group_of, Combine combine) {
  const size_t count = group_of.empty() ? 0 : static_cast<size_t>(std::ranges::max(group_of)) + 1;
  std::vector<Candidate> groups(count, Candidate{0, weight, 0, 0});
  std::vector<int64_t> size(count);
  for (size_t i = 0; i < group_of.size(); ++i) {
    const auto g = static_cast<size_t>(group_of[i]);
    ++size[g];
    if (!mask[static_cast<int64_t>(i)]) continue;
    const auto score = static_cast<double>(scores.data()[i]);
    Candidate& group = groups[g];
    const bool first = group.alive++ == 0;
    switch (combine) {
      case Combine::mean: group.score += score; break;
      case Combine::max: group.score = first ? score : std::max(group.score, score); break;
      case Combine::min: group.score = first ? score : std::min(group.score, score); break;
    }
  }
  for (size_t g = 0; g < count; ++g) {
    groups[g].group = static_cast<int64_t>(g);
    if (combine == Combine::mean) groups[g].score /= static_cast<double>(size[g]);
  }
  std::erase_if(groups, [](const Candidate& group) { return group.alive == 0; });
  return groups;
}

// Brings the mean of the scores to 1, if they have one.
void normalise(std::vector<Candidate>& groups) {
  double mean = 0;
  for (const auto& group : groups) mean += std::abs(group.score) / static_cast<double>(groups.size());
  if (!(mean > 0) || std::isinf(mean)) return;
  for (auto& group : groups) group.score /= mean;
}

// Takes the best `keep` out of the candidates.
void protect_best(std::vector<Candidate>& groups, int64_t keep) {
  std::ranges::sort(groups, dies_before);
  groups.resize(groups.size() - std::min(groups.size(), static_cast<size_t>(keep)));
}

// How many of the candidates, the lowest first, come nearest to a number of elements.
size_t nearest_count(const std::vector<Candidate>& sorted, int64_t elements) {
  size_t count = 0;
  while (count < sorted.size() && elements > 0 && 2 * elements >= sorted[count].alive) {
    elements -= sorted[count++].alive;
  }
  return count;
}

}  // namespace

void kill_lowest(std::span<Mask> masks, std::span<const Tensor> scores, const Amount& amount,
                 const Rule& rule) {
  check(rule.keep_at_least >= 0 && rule.keep_at_least <= 1, "prune: keep_at_least is ", rule.keep_at_least,
        ", expected a fraction between 0 and 1");
  std::vector<std::vector<int64_t>> group_of;
  std::vector<std::vector<Candidate>> groups;
  int64_t groups_alive = 0, alive = 0, total = 0;
  for (size_t k = 0; k < masks.size(); ++k) {
    group_of.push_back(rule.granularity.groups(masks[k].shape()));
    groups.push_back(candidates_of(k, masks[k], scores[k], group_of[k], rule.criterion.combine()));
    groups_alive += static_cast<int64_t>(groups[k].size());
    alive += masks[k].count_alive();
    total += masks[k].shape().numel();
  }
  const bool by_elements = amount.counts_elements();
  const int64_t kill =
      by_elements ? amount.to_kill(alive, total) : amount.to_kill(groups_alive, groups_alive);
  const bool all_of_them = kill == (by_elements ? alive : groups_alive);

  std::vector<Candidate> candidates;
  for (size_t k = 0; k < masks.size(); ++k) {
    if (masks.size() > 1 && !rule.granularity.is_element()) normalise(groups[k]);
    const double keep =
        rule.keep_at_least * static_cast<double>(group_of[k].empty() ? 0 : std::ranges::max(group_of[k]) + 1);
    if (!all_of_them) protect_best(groups[k], std::max<int64_t>(1, static_cast<int64_t>(std::ceil(keep))));
    candidates.insert(candidates.end(), groups[k].begin(), groups[k].end());
  }
  std::ranges::sort(candidates, dies_before);
  candidates.resize(by_elements ? nearest_count(candidates, kill)
                                : std::min(candidates.size(), static_cast<size_t>(kill)));

  std::vector<std::vector<bool>> dies;
  for (const auto& of_weight : group_of) dies.emplace_back(of_weight.size());
  for (const auto& dead : candidates) dies[dead.weight][dead.group] = true;
  for (size_t k = 0; k < masks.size(); ++k) {
    for (size_t i = 0; i < group_of[k].size(); ++i) {
      if (dies[k][group_of[k][i]]) masks[k].set(static_cast<int64_t>(i), false);
    }
  }
}

}  // namespace tinynn::prune
