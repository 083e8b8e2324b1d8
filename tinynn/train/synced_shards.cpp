#include <algorithm>
#include <utility>

#include <tinynn/ops/sync_batch_norm.hpp>
#include <tinynn/train/synced_shards.hpp>

namespace tinynn::train {
namespace {

// Swaps, and swaps back at the end of the scope.
template <class Swap>
class Swapped {
 public:
  explicit Swapped(Swap swap) : swap_(std::move(swap)) { swap_(); }
  ~Swapped() { swap_(); }
  Swapped(const Swapped&) = delete;
  Swapped& operator=(const Swapped&) = delete;

 private:
  Swap swap_;
};

}  // namespace

SyncedShards::SyncedShards(int64_t first, int64_t last, const GeneratorState& before,
                           const std::vector<Parameter>& parameters, nn::Module& module,
                           std::function<void(int64_t)> one)
    : first_(first),
      before_(before),
      parameters_(parameters),
      one_(std::move(one)),
      lockstep_(last - first, [this](int64_t k) { run(first_ + k); }) {
  Part part;
  part.grads.resize(parameters.size());
  for (auto& [name, buffer] : module.named_buffers()) {
    buffers_.push_back(buffer);
    part.buffers.emplace_back(buffer.values().begin(), buffer.values().end());
  }
  parts_.assign(static_cast<size_t>(last - first), part);
}

void SyncedShards::swap(int64_t k) {
  Part& part = parts_[static_cast<size_t>(k - first_)];
  for (size_t i = 0; i < parameters_.size(); ++i) std::swap(parameters_[i].handle()->grad, part.grads[i]);
  for (size_t i = 0; i < buffers_.size(); ++i)
    std::ranges::swap_ranges(part.buffers[i], std::span(buffers_[i].mutable_data(), part.buffers[i].size()));
}

void SyncedShards::run(int64_t k) {
  auto& asked = parts_[static_cast<size_t>(k - first_)].asked;
  detail::ShardGenerator generator(before_, k);
  const Swapped own([&] { swap(k); });
  const SyncBatchNorm sync([&](std::span<double> numbers) {
    const Swapped others([&] {
      swap(k);
      generator.swap();
    });
    asked = numbers;
    lockstep_.wait(k - first_);
    asked = {};
  });
  one_(k);
}

}  // namespace tinynn::train
