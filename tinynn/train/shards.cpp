#include <algorithm>
#include <bit>
#include <utility>

#include <zlib.h>

#include <tinynn/autograd/grad_observer.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/train/flat_gradients.hpp>
#include <tinynn/train/shards.hpp>

namespace tinynn::train {
namespace {

// Adds what stands there in `more`.
void add(std::span<float> to, const float* more) {
  parallel_for(std::ssize(to), 1 << 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) to[static_cast<size_t>(i)] += more[i];
  });
}
void add(Values& to, const Values& more) { std::ranges::transform(to, more, to.begin(), std::plus<>()); }

// A whole number below 2^32.
double checksum(const Parameter& parameter) {
  uLong crc = crc32_z(0, reinterpret_cast<const Bytef*>(parameter.data()),
                      static_cast<size_t>(parameter.numel()) * sizeof(float));
  if (parameter.mask().defined())
    crc = crc32_z(crc, parameter.mask().data(), static_cast<size_t>(parameter.numel()));
  return static_cast<double>(crc);
}

struct Sum {
  Values values{};
  Numbers numbers;
};

// Of the leaves [first, last): the halves are subtrees.
Sum sum_of(int64_t first, int64_t last, const std::function<Sum(int64_t)>& leaf) {
  if (last - first == 1) return leaf(first);
  const int64_t middle = first + (last - first) / 2;
  Sum sum = sum_of(first, middle, leaf);
  const Sum upper = sum_of(middle, last, leaf);
  add(sum.values, upper.values);
  add(sum.numbers, upper.numbers.data());
  return sum;
}

}  // namespace

Shards::Shards(int64_t count, Reduce& reduce) : count_(count), reduce_(&reduce) {
  check(count >= 1 && count <= 1 << 20, "shards: ", count, ", expected 1 to 2^20");
  const int64_t ranks = reduce.ranks();
  check(std::has_single_bit(static_cast<uint64_t>(ranks)) && count % ranks == 0, "shards: ", ranks,
        " processes for ", count, " shards, expected a power of two that divides their number");
}

double Shards::sum(const std::function<double(int64_t)>& value) {
  std::array<double, 1> whole{sum_of(first(), last(), [&](int64_t shard) {
                                return Sum{{value(shard), 0}, {}};
                              }).values[0]};
  reduce_->sum(whole);
  return whole[0];
}

// While the last shard of this process goes backward, what is complete is sent.
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
  const auto buckets = gradients.buckets(1 << 16);
  const int64_t last_shard = last() - 1;
  std::vector<Sum> beside;  // the way from the root of the tree to the last shard
  Sum whole{{}, Numbers(static_cast<size_t>(gradients.size()))};
  size_t complete = 0;
  std::vector<std::unique_ptr<Reduce::Sum>> sums;  // of the buckets that are complete
  const auto begin_next = [&](bool has_gradients) {
    const auto& bucket = buckets[sums.size()];
    if (has_gradients) gradients.pack(bucket, share(last_shard), whole.numbers);
    const std::span numbers(whole.numbers.data() + bucket.begin,
                            static_cast<size_t>(bucket.end - bucket.begin));
    for (size_t k = beside.size(); k-- > 0;) add(numbers, beside[k].numbers.data() + bucket.begin);
    sums.push_back(reduce_->begin_sum(numbers));
  };
  std::string error;
  bool agreed = false;
  const auto agree_on_start = [&] {
    if (!std::exchange(agreed, true)) agree(error, gradients.size(), module);
  };
  std::vector<char> is_complete(parameters.size());
  const auto on_complete = [&](size_t k) {
    is_complete[k] = 1;
    for (auto& sum : sums) sum->go_on();
    while (complete < parameters.size() && is_complete[parameters.size() - 1 - complete] != 0) ++complete;
    while (sums.size() < buckets.size() && buckets[sums.size()].first + complete >= parameters.size())
      begin_next(true);
  };
  try {
    const auto leaf = [&](int64_t shard) {
      const detail::ShardGenerator generator(before, shard);
      gradients.reset();
      Sum sum{one(shard), {}};
      if (shard == last_shard) return sum;
      sum.numbers.resize(static_cast<size_t>(gradients.size()));
      gradients.pack(share(shard), sum.numbers);
      return sum;
    };
    int64_t begin = first();
    while (begin < last_shard) {
      const int64_t middle = begin + (last() - begin) / 2;
      beside.push_back(sum_of(begin, middle, leaf));
      begin = middle;
    }
    const autograd::GradObserver observer({parameters.begin(), parameters.end()}, agree_on_start,
                                          on_complete);
    whole.values = leaf(last_shard).values;
  } catch (const AgreedError&) {
    throw;
  } catch (const std::exception& failed) {
    error = failed.what();
  }
  agree_on_start();
  while (sums.size() < buckets.size()) begin_next(error.empty());
  for (auto& sum : sums) sum->finish();
  for (size_t k = beside.size(); k-- > 0;) add(whole.values, beside[k].values);
  std::array<double, 3> end{whole.values[0], whole.values[1], error.empty() ? 0.0 : 1.0};
  reduce_->sum(end);
  if (end[2] > 0) throw AgreedError(reduce_->first_of(error));
  failure.is_over = true;
  gradients.unpack(whole.numbers);
  set_generator_state({before.seed, before.calls + 1});
  return {end[0], end[1]};
}

// Before anything is sent that the others would wait for in vain.
void Shards::agree(const std::string& error, int64_t length, nn::Module& module) {
  const auto of_length = static_cast<double>(length % (1 << 20)),
             ranks = static_cast<double>(reduce_->ranks());
  std::array<double, 4> agreed{error.empty() ? 0.0 : 1.0, reduce_->asked_ ? 1.0 : 0.0, of_length,
                               of_length * of_length};
  reduce_->sum(agreed);
  reduce_->ends_ = agreed[1] > 0;
  // Where masks differ, so may lengths.
  if (ranks * agreed[3] != agreed[2] * agreed[2]) check_equal(module);
  if (agreed[0] > 0) throw AgreedError(reduce_->first_of(error));
}

void Shards::check_equal(nn::Module& module) {
  const auto parameters = module.named_parameters();
  std::vector<double> own;
  for (const auto& [name, parameter] : parameters) own.push_back(checksum(parameter));
  std::vector<double> all = own;
  reduce_->sum(std::span(all));
  std::string error;
  for (size_t k = 0; k < own.size() && error.empty(); ++k) {
    if (all[k] != static_cast<double>(reduce_->ranks()) * own[k])
      error = "the processes have come to differ, in " + parameters[k].first;
  }
  if (const std::string first = reduce_->first_of(error); !first.empty()) throw AgreedError(first);
}

}  // namespace tinynn::train
