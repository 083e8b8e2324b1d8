#include <algorithm>
#include <bit>
#include <optional>
#include <utility>

#include <zlib.h>

#include <tinynn/autograd/grad_observer.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/train/flat_gradients.hpp>
#include <tinynn/train/shards.hpp>
#include <tinynn/train/synced_shards.hpp>

namespace tinynn::train {
namespace {

// Adds what stands there in `more`.
void add(std::span<float> to, const float* more) {
  parallel_for(std::ssize(to), 1 << 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) to[static_cast<size_t>(i)] += more[i];
  });
}
void add(Values& to, const Values& more) { std::ranges::transform(to, more, to.begin(), std::plus<>()); }
void add(std::vector<double>& to, const std::vector<double>& more) {
  std::ranges::transform(to, more, to.begin(), std::plus<>());
}
void add(Sums& to, const Sums& more) {
  for (size_t k = 0; k < to.size(); ++k) add(to[k], more[k]);
}

// A whole number below 2^32.
double checksum(const Parameter& parameter) {
  uLong crc = crc32_z(0, reinterpret_cast<const Bytef*>(parameter.data()),
                      static_cast<size_t>(parameter.numel()) * sizeof(float));
  if (parameter.mask().defined())
    crc = crc32_z(crc, parameter.mask().data(), static_cast<size_t>(parameter.numel()));
  return static_cast<double>(crc);
}

// The gradients of some shards, and what is summed besides.
struct Sum {
  Values values{};
  int64_t size = 0;
  Buffer numbers = Buffer(size);
};
void add(Sum& to, const Sum& more) {
  add(to.values, more.values);
  add({to.numbers.data(), static_cast<size_t>(to.size)}, more.numbers.data());
}

// Of the leaves [first, last): the halves are subtrees. A leaf on the right is added in place where leaf can:
// leaf(number, sum).
template <class Leaf>
auto sum_of(int64_t first, int64_t last, const Leaf& leaf) -> decltype(leaf(first)) {
  if (last - first == 1) return leaf(first);
  const int64_t middle = first + (last - first) / 2;
  auto sum = sum_of(first, middle, leaf);
  if constexpr (requires { leaf(middle, sum); }) {
    if (last - middle == 1) {
      leaf(middle, sum);
      return sum;
    }
  }
  add(sum, sum_of(middle, last, leaf));
  return sum;
}
// Functions of one name.
template <class... F>
struct Leaf : F... {
  using F::operator()...;
};
template <class... F>
Leaf(F...) -> Leaf<F...>;

// What a process sends while its last shard goes backward: bucket by bucket, as gradients become complete.
class BucketSums {
 public:
  /// `beside` are the sums of the subtrees beside the way from the root to the last shard, from above.
  BucketSums(const FlatGradients& gradients, Reduce& reduce, size_t parameters,
             const std::vector<Sum>& beside)
      : gradients_(gradients),
        reduce_(reduce),
        beside_(beside),
        buckets_(gradients.buckets(1 << 16)),
        is_complete_(parameters),
        numbers_(gradients.size()) {}

  void complete(size_t parameter, double share) {
    is_complete_[parameter] = true;
    for (auto& sum : sums_) sum->go_on();
    while (from_ > 0 && is_complete_[from_ - 1]) --from_;
    while (sums_.size() < buckets_.size() && buckets_[sums_.size()].first >= from_) begin_next(share);
  }
  /// Waits for all, also for those that are not begun; without a share, of a shard that failed, these are
  /// nothing that anybody uses.
  const float* finish(std::optional<double> share) {
    while (sums_.size() < buckets_.size()) begin_next(share);
    for (auto& sum : sums_) sum->finish();
    return numbers_.data();
  }

 private:
  void begin_next(std::optional<double> share) {
    const auto& bucket = buckets_[sums_.size()];
    const std::span numbers(numbers_.data() + bucket.begin, static_cast<size_t>(bucket.end - bucket.begin));
    if (share) {
      gradients_.pack(bucket, *share, numbers_.data());
    } else {
      std::ranges::fill(numbers, 0.0F);
    }
    for (size_t k = beside_.size(); k-- > 0;) add(numbers, beside_[k].numbers.data() + bucket.begin);
    sums_.push_back(reduce_.begin_sum(numbers));
  }

  const FlatGradients& gradients_;
  Reduce& reduce_;
  const std::vector<Sum>& beside_;
  std::vector<FlatGradients::Bucket> buckets_;
  std::vector<bool> is_complete_;
  size_t from_ = is_complete_.size();  // all parameters from this one on are
  Buffer numbers_;
  std::vector<std::unique_ptr<Reduce::Sum>> sums_;  // of the first buckets
};

}  // namespace

Shards::Shards(int64_t count, Reduce& reduce, bool sync_batch_norm)
    : count_(count), reduce_(&reduce), sync_batch_norm_(sync_batch_norm) {
  check(count >= 1 && count <= 1 << 20, "shards: ", count, ", expected 1 to 2^20");
  const int64_t ranks = reduce.ranks();
  if (!std::has_single_bit(static_cast<uint64_t>(ranks)) || count % ranks != 0) {
    throw AgreedError("shards: " + std::to_string(ranks) + " processes for " + std::to_string(count) +
                      " shards, expected a power of two that divides their number");
  }
}

Sums Shards::sum(const Sums& zeros, const std::function<void(int64_t, Sums&)>& add) {
  Sums mine;
  std::string error;
  try {
    mine = sum_of(first(), last(), [&](int64_t shard) {
      Sums sums = zeros;
      add(shard, sums);
      return sums;
    });
  } catch (const std::exception& failed) {
    error = failed.what();
    mine = zeros;  // as many as the others send
  }
  std::vector<double> all;
  for (const auto& numbers : mine) all.insert(all.end(), numbers.begin(), numbers.end());
  agreed_sum(all, error);
  auto at = all.begin();
  for (auto& numbers : mine) {
    std::copy_n(at, numbers.size(), numbers.begin());
    at += std::ssize(numbers);
  }
  return mine;
}

void Shards::agreed_sum(std::vector<double>& mine, const std::string& error) {
  mine.push_back(error.empty() ? 0.0 : 1.0);
  reduce_->sum(std::span(mine));
  if (mine.back() > 0) throw AgreedError(reduce_->first_of(error));
  mine.pop_back();
}

Values Shards::sum(nn::Module& module, const std::vector<Parameter>& parameters,
                   const std::function<double(int64_t)>& share, const std::function<Values(int64_t)>& one) {
  const GeneratorState before = generator_state();
  FlatGradients gradients(parameters, module);
  struct Failure {  // leaves nothing of the step behind
    FlatGradients& gradients;
    bool is_over = false;
    ~Failure() {
      if (!is_over) gradients.reset();
    }
  } failure{gradients};
  const int64_t last_shard = last() - 1;
  std::vector<Values> of_shards(static_cast<size_t>(each()));
  std::optional<SyncedShards> synced;
  const auto values_of = [&](int64_t shard) {
    gradients.reset();
    if (synced) {
      synced->swap(shard);
      return of_shards[static_cast<size_t>(shard - first())];
    }
    const detail::ShardGenerator generator(before, shard);
    return one(shard);
  };
  const Leaf leaf{[&](int64_t shard) {
                    Sum sum{.values = values_of(shard), .size = gradients.size()};
                    gradients.pack(share(shard), sum.numbers.data());
                    return sum;
                  },
                  [&](int64_t shard, Sum& sum) {
                    add(sum.values, values_of(shard));
                    gradients.pack(share(shard), sum.numbers.data(), FlatGradients::How::add);
                  }};
  Values values{};
  std::vector<Sum> beside;
  BucketSums sums(gradients, *reduce_, parameters.size(), beside);
  std::string error;
  bool agreed = false;
  const auto agree_on_start = [&] {
    if (!std::exchange(agreed, true)) agree(error, gradients.size(), module);
  };
  try {
    if (sync_batch_norm_) {
      synced.emplace(first(), last(), before, parameters, module,
                     [&](int64_t shard) { of_shards[static_cast<size_t>(shard - first())] = one(shard); });
      run_together(*synced, module);
    }
    for (int64_t begin = first(); begin < last_shard;) {
      const int64_t middle = begin + (last() - begin) / 2;
      beside.push_back(sum_of(begin, middle, leaf));
      begin = middle;
    }
    const autograd::GradObserver observer({parameters.begin(), parameters.end()}, agree_on_start,
                                          [&](size_t k) { sums.complete(k, share(last_shard)); });
    values = values_of(last_shard);
  } catch (const AgreedError&) {
    throw;
  } catch (const std::exception& failed) {
    error = failed.what();
  }
  agree_on_start();
  const float* numbers = sums.finish(error.empty() ? std::optional(share(last_shard)) : std::nullopt);
  for (size_t k = beside.size(); k-- > 0;) add(values, beside[k].values);
  std::vector<double> summed(values.begin(), values.end());
  agreed_sum(summed, error);
  failure.is_over = true;
  gradients.unpack(numbers);
  set_generator_state({before.seed, before.calls + 1});
  return {summed[0], summed[1]};
}

void Shards::run_together(SyncedShards& shards, nn::Module& module) {
  while (true) {
    std::string error;
    std::vector<double> sums;
    try {
      shards.go_on();
      sums = sum_of(first(), last(), [&](int64_t shard) {
        const auto asked = shards.asked(shard);
        check(asked.size() == shards.asked(first()).size(), "shards: number ", shard,
              " has other batch normalisation than the first");
        return std::vector<double>(asked.begin(), asked.end());
      });
    } catch (const std::exception& failed) {
      error = failed.what();
    }
    agree(error, std::ssize(sums), module);
    if (sums.empty()) return;
    reduce_->sum(sums);
    for (int64_t shard = first(); shard < last(); ++shard)
      std::ranges::copy(sums, shards.asked(shard).begin());
  }
}

// Before anything is sent that the others would wait for in vain.
void Shards::agree(const std::string& error, int64_t length, nn::Module& module) {
  const auto of_length = static_cast<double>(length % (1 << 20)),
             ranks = static_cast<double>(reduce_->ranks());
  std::array<double, 4> agreed{error.empty() ? 0.0 : 1.0, reduce_->asked_ ? 1.0 : 0.0, of_length,
                               of_length * of_length};
  reduce_->sum(agreed);
  reduce_->ends_ = agreed[1] > 0;
  if (agreed[0] > 0) throw AgreedError(reduce_->first_of(error));
  if (ranks * agreed[3] != agreed[2] * agreed[2]) {
    check_equal(module);  // where masks differ, so may lengths
    throw AgreedError("the processes have lists of unlike lengths to sum");
  }
}

void Shards::check_equal(nn::Module& module) {
  if (reduce_->ranks() == 1) return;
  const auto parameters = module.named_parameters();
  std::vector<double> sums;
  for (const auto& [name, parameter] : parameters) sums.push_back(checksum(parameter));
  reduce_->require_alike(
      sums, [&](size_t k) { return "the processes have come to differ, in " + parameters[k].first; });
}

}  // namespace tinynn::train
