// Run by mpirun: sums of many sizes against the tree worked out by hand, and texts of which the first counts.
#include <cstdio>
#include <vector>

#include <tinynn/core/random.hpp>
#include <tinynn/distributed/group.hpp>

namespace {

using namespace tinynn;

int failures = 0;
void expect(bool right, const char* what, long detail) {
  if (right) return;
  ++failures;
  std::fprintf(stderr, "%s, %ld\n", what, detail);
}

template <class T>
std::vector<T> values_of(int64_t rank, int64_t count) {
  std::vector<T> values;
  for (int64_t i = 0; i < count; ++i)
    values.push_back(
        static_cast<T>(RandomStream(7, static_cast<uint64_t>(rank)).normal(static_cast<uint64_t>(i))));
  return values;
}

template <class T>
void try_sums(distributed::Group& group) {
  for (const int64_t count : {0, 1, 2, 3, 7, 8, 1001, 100000}) {
    std::vector<std::vector<T>> all;
    for (int64_t r = 0; r < group.ranks(); ++r) all.push_back(values_of<T>(r, count));
    for (size_t step = 1; step < all.size(); step *= 2) {
      for (size_t r = 0; r < all.size(); r += 2 * step) {
        for (size_t i = 0; i < all[r].size(); ++i) all[r][i] += all[r + step][i];
      }
    }
    std::vector<T> sum = values_of<T>(group.rank(), count);
    const int64_t before = group.bytes_sent();
    group.sum(std::span(sum));
    expect(sum == all[0], "a sum of so many values is wrong", count);
    const int64_t sent = group.bytes_sent() - before, bytes = count * static_cast<int64_t>(sizeof(T));
    const int64_t share = 2 * bytes * (group.ranks() - 1) / group.ranks();
    expect(sent >= share - 128 && sent <= share + 128, "not the bytes of a sum of so many values", count);
  }
}

// Sums that go on side by side, begun in one order and ended in another.
void try_sums_side_by_side(distributed::Group& group) {
  std::vector<std::vector<float>> values, expected;
  std::vector<std::unique_ptr<train::Reduce::Sum>> sums;
  for (int64_t k = 0; k < 20; ++k) {
    values.push_back(values_of<float>(group.rank() + 100 * k, 5000 * (k % 4) + k));
    expected.push_back(values.back());
    group.sum(std::span(expected.back()));
  }
  for (auto& of_sum : values) {
    sums.push_back(group.begin_sum(of_sum));
    for (auto& sum : sums) sum->go_on();
  }
  for (size_t k = sums.size(); k-- > 0;) {
    sums[k]->finish();
    expect(values[k] == expected[k], "a sum beside others is wrong", static_cast<long>(k));
  }
}

void try_sums_of_three(distributed::Group& group) {
  std::vector<double> values(1);
  try {
    group.sum(std::span(values));
    expect(false, "a sum of so many processes", group.ranks());
  } catch (const train::AgreedError&) {
  }
}

}  // namespace

int main() {
  distributed::Group group;
  if (group.ranks() == 3) {
    try_sums_of_three(group);
  } else {
    try_sums<float>(group);
    try_sums<double>(group);
    try_sums_side_by_side(group);
  }
  const int64_t last = group.ranks() - 1;
  expect(group.first_of("").empty(), "a text out of nothing", 0);
  expect(group.first_of(group.rank() == last ? "last" : "") == "last", "not the only text", 0);
  expect(group.first_of("rank " + std::to_string(group.rank())) == "rank 0", "not the first text", 0);
  const distributed::Group second;  // MPI goes on after the first of two ends
  expect(second.ranks() == group.ranks(), "another number of ranks", second.ranks());
  return failures == 0 ? 0 : 1;
}
