#include <algorithm>
#include <bit>

#include <zlib.h>

#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/kernels/sparse.hpp>
#include <tinynn/train/shards.hpp>

namespace tinynn::train {
namespace {

using Numbers = std::vector<float>;

void add(Numbers& to, const Numbers& more) {
  parallel_for(std::ssize(to), 1 << 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) to[static_cast<size_t>(i)] += more[static_cast<size_t>(i)];
  });
}

// Gradients and moves of buffers as one list of numbers, whose length masks alone decide: for each parameter
// how many shards gave it a gradient; its live elements, or all if it has no mask; then the buffers.
class Layout {
 public:
  Layout(const std::vector<Parameter>& parameters, const std::vector<std::pair<std::string, Tensor>>& buffers)
      : size_(std::ssize(parameters)) {
    for (const auto& parameter : parameters) {
      auto live = parameter.sparse_pattern(1);
      const int64_t count = live ? live->count() : parameter.numel();
      places_.push_back({parameter, std::move(live), size_, count});
      size_ += count;
    }
    for (const auto& [name, buffer] : buffers) {
      buffers_.push_back({buffer, buffer.clone(), size_});
      size_ += buffer.numel();
    }
  }

  // All as it was before the step, without gradients.
  void begin_shard() {
    for (auto& place : places_) place.parameter.zero_grad();
    for (auto& [buffer, before, begin] : buffers_) std::ranges::copy(before.values(), buffer.mutable_data());
  }

  int64_t size() const { return size_; }

  Numbers pack(double share) const {
    Numbers numbers(static_cast<size_t>(size_));
    for (size_t k = 0; k < places_.size(); ++k) {
      const auto& [parameter, live, begin, count] = places_[k];
      if (!parameter.has_grad()) continue;
      numbers[k] = 1;
      float* to = numbers.data() + begin;
      const float* packed = live ? parameter.packed_grad(*live) : nullptr;
      if (live && packed == nullptr) {
        kernels::pack_live(*live, parameter.grad().data(), to);
      } else {
        std::copy_n(packed != nullptr ? packed : parameter.grad().data(), count, to);
      }
    }
    for (const auto& [buffer, before, begin] : buffers_) {
      std::ranges::transform(buffer.values(), before.values(), numbers.data() + begin,
                             [=](float now, float then) { return static_cast<float>(share) * (now - then); });
    }
    return numbers;
  }

  void unpack(const Numbers& numbers) {
    begin_shard();
    for (size_t k = 0; k < places_.size(); ++k) {
      auto& [parameter, live, begin, count] = places_[k];
      if (numbers[k] == 0) continue;
      Buffer grad(count);
      std::copy_n(numbers.data() + begin, count, grad.data());
      autograd::accumulate_packed_grad(parameter, live, std::move(grad));
    }
    for (auto& [buffer, before, begin] : buffers_) {
      std::ranges::transform(before.values(), std::span(numbers).subspan(static_cast<size_t>(begin)),
                             buffer.mutable_data(), std::plus<>());
    }
  }

 private:
  struct Place {
    Parameter parameter;
    std::shared_ptr<const kernels::SparsePattern> live;
    int64_t begin, count;
  };
  struct Moved {
    Tensor buffer, before;
    int64_t begin;
  };
  std::vector<Place> places_;
  std::vector<Moved> buffers_;
  int64_t size_;
};

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
  std::ranges::transform(sum.values, upper.values, sum.values.begin(), std::plus<>());
  add(sum.numbers, upper.numbers);
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

Values Shards::sum(nn::Module& module, std::vector<Parameter> parameters,
                   const std::function<double(int64_t)>& share, const std::function<Values(int64_t)>& one) {
  const GeneratorState before = generator_state();
  Layout layout(parameters, module.named_buffers());
  Sum sum;
  std::string error;
  try {
    sum = sum_of(first(), last(), [&](int64_t shard) {
      const detail::ShardGenerator generator(before, shard);
      layout.begin_shard();
      const Values values = one(shard);
      return Sum{values, layout.pack(share(shard))};
    });
  } catch (const std::exception& failed) {
    error = failed.what();
  }
  // Where masks differ, so may their lengths, which all sums below need to be equal.
  const auto length = static_cast<double>(layout.size() % (1 << 20)),
             ranks = static_cast<double>(reduce_->ranks());
  std::array<double, 6> agreed{
      sum.values[0], sum.values[1],   error.empty() ? 0.0 : 1.0, reduce_->asked_ ? 1.0 : 0.0,
      length,        length * length,
  };
  reduce_->sum(agreed);
  reduce_->ends_ = agreed[3] > 0;
  if (ranks * agreed[5] != agreed[4] * agreed[4]) check_equal(module);
  if (agreed[2] > 0) {
    layout.begin_shard();
    throw AgreedError(reduce_->first_of(error));
  }
  reduce_->sum(std::span(sum.numbers));
  layout.unpack(sum.numbers);
  set_generator_state({before.seed, before.calls + 1});
  return {agreed[0], agreed[1]};
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
