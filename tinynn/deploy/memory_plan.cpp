#include <algorithm>

#include <tinynn/deploy/memory_plan.hpp>

namespace tinynn::deploy {
namespace {

// Kernels read whole vectors, a little beyond the last number.
int64_t padded(int64_t floats) { return (floats + 15) / 16 * 16 + 16; }

}  // namespace

// The lowest place that nobody else needs at the time.
Place MemoryPlan::allocate(Lifetime needed, int64_t floats, int64_t of_each_sample) {
  int64_t begin = 0;
  for (const Taken& other : taken_) {  // in order of place
    const bool at_once = other.when.begin <= needed.end && needed.begin <= other.when.end;
    if (at_once && other.begin < begin + floats) begin = std::max(begin, other.end);
  }
  taken_.push_back({needed, begin, begin + floats});
  std::ranges::sort(taken_, {}, &Taken::begin);
  size_ = std::max(size_, begin + floats);
  return {Place::Of::memory, begin, of_each_sample};
}

MemoryPlan::MemoryPlan(const Plan& plan, size_t block_begin)
    : of_sample_(plan.values.size()), of_block_(plan.values.size()) {
  const auto last = static_cast<int64_t>(plan.steps.size()), block_start = static_cast<int64_t>(block_begin);
  // A value that is another in a new shape is where that is; `same` leads to the first of them.
  std::vector<int> same(plan.values.size());
  for (size_t v = 0; v < same.size(); ++v) same[v] = static_cast<int>(v);
  const auto root = [&](int v) { return static_cast<size_t>(same[static_cast<size_t>(v)]); };
  std::vector<int64_t> made(plan.values.size(), -1), used(plan.values.size(), -1);
  std::vector<bool> crosses(plan.values.size());
  for (int64_t i = 0; i < last; ++i) {
    const Step& step = plan.steps[static_cast<size_t>(i)];
    if (step.kind == Step::Kind::reshape)
      same[static_cast<size_t>(step.output)] = static_cast<int>(root(step.inputs[0]));
    if (step.kind != Step::Kind::reshape) made[root(step.output)] = i;
    for (const int input : step.inputs) {
      used[root(input)] = i;
      if (i >= block_start && made[root(input)] < block_start) crosses[root(input)] = true;
    }
  }
  used[root(plan.output)] = last;
  const size_t in = root(plan.input);
  for (size_t v = 0; v < plan.values.size(); ++v) {
    if (root(static_cast<int>(v)) != v || (made[v] < 0 && v != in)) continue;
    const int64_t numbers = plan.values[v].numel();
    // What a block reads was made by all its samples before: it is needed from the first step on.
    if (v == in) {
      of_sample_[v] = {Place::Of::x, 0, numbers};
    } else if (made[v] < block_start) {
      of_sample_[v] = crosses[v] ? allocate({0, block_start}, padded(numbers * block_size), numbers)
                                 : allocate({made[v], std::max(made[v], used[v])}, padded(numbers), 0);
    }
    if (crosses[v]) {
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
