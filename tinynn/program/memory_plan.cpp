#include <algorithm>
#include <numeric>

#include <tinynn/program/memory_plan.hpp>

namespace tinynn::deploy {
int64_t padded(int64_t floats) { return kernels::round_up(floats, 16) + 16; }

int64_t Packing::reserve(Lifetime needed, int64_t size) {
  int64_t begin = 0;
  for (const Taken& other : taken_) {  // in order of begin
    const bool at_once = other.when.begin <= needed.end && needed.begin <= other.when.end;
    if (at_once && other.begin < begin + size) begin = std::max(begin, other.end);
  }
  taken_.push_back({needed, begin, begin + size});
  std::ranges::sort(taken_, {}, &Taken::begin);
  size_ = std::max(size_, begin + size);
  return begin;
}

Lifetimes::Lifetimes(const Plan& plan)
    : same(plan.values.size()), made(plan.values.size(), -1), used(plan.values.size(), -1) {
  std::iota(same.begin(), same.end(), 0);
  const auto root = [&](int v) { return static_cast<size_t>(same[v]); };
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const Step& step = plan.steps[i];
    const bool in_place = step.kind->make == nullptr;
    if (in_place) same[step.output] = static_cast<int>(root(step.inputs[0]));
    if (!in_place) made[root(step.output)] = static_cast<int64_t>(i);
    for (const int input : step.inputs) used[root(input)] = static_cast<int64_t>(i);
  }
  used[root(plan.output)] = static_cast<int64_t>(plan.steps.size());
}

int64_t floats_of(const Plan& plan, int value) {
  const int64_t numbers = plan.values[value].numel();
  return plan.format(value).is_float() ? numbers : (numbers + 3) / 4;
}

MemoryPlan::MemoryPlan(const Plan& plan, size_t block_begin, const std::vector<bool>& by_pixels)
    : of_sample_(plan.values.size()), of_block_(plan.values.size()) {
  const auto last = static_cast<int64_t>(plan.steps.size()), block_start = static_cast<int64_t>(block_begin);
  const Lifetimes lifetimes(plan);
  const auto &made = lifetimes.made, &used = lifetimes.used;
  const auto root = [&](int v) { return static_cast<size_t>(lifetimes.same[v]); };
  const auto allocate = [&](Lifetime needed, int64_t floats, int64_t per_sample) -> Slot {
    return {Slot::Base::memory, packing_.reserve(needed, floats), per_sample};
  };
  const size_t in = root(plan.input);
  for (size_t v = 0; v < plan.values.size(); ++v) {
    if (root(static_cast<int>(v)) != v || (made[v] < 0 && v != in)) continue;
    const int64_t numbers = floats_of(plan, static_cast<int>(v));
    const bool crosses = block_start < last && made[v] < block_start && used[v] >= block_start;
    // What a block reads was made by all its samples before: it is needed from the first step on.
    if (v == in && plan.format(plan.input).is_float()) {
      of_sample_[v] = {Slot::Base::x, 0, numbers};
    } else if (by_pixels[v]) {
      const int64_t pixel = plan.values[v][0];
      of_sample_[v] = allocate({made[v], std::max(made[v], used[v])}, padded(pixel + numbers), 0);
      of_sample_[v].offset += pixel;
      of_sample_[v].by_pixels = true;
    } else if (made[v] < block_start) {
      of_sample_[v] = crosses ? allocate({-1, block_start}, padded(numbers * block_size), numbers)
                              : allocate({made[v], std::max(made[v], used[v])}, padded(numbers), 0);
    }
    if (crosses) {
      crossing_.push_back(static_cast<int>(v));
      of_block_[v] = allocate({block_start, used[v]}, padded(numbers * block_size), 0);
    } else if (made[v] >= block_start) {
      of_block_[v] = allocate({made[v], std::max(made[v], used[v])}, padded(numbers * block_size), 0);
    }
  }
  for (size_t v = 0; v < plan.values.size(); ++v) {
    of_sample_[v] = of_sample_[root(static_cast<int>(v))];
    of_block_[v] = of_block_[root(static_cast<int>(v))];
  }
}

}  // namespace tinynn::deploy
