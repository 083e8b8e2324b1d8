#include <algorithm>
#include <functional>

#include <tinynn/autograd/record.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/sparse.hpp>
#include <tinynn/train/flat_gradients.hpp>

namespace tinynn::train {
namespace {

// to[i] = from(i), or added to it.
template <class From>
void put(int64_t count, FlatGradients::How how, float* to, const From& from) {
  parallel_for(count, 1 << 16, [&](int64_t i, int64_t end) {
    if (how == FlatGradients::How::write) {
      for (; i < end; ++i) to[i] = from(i);
    } else {
      for (; i < end; ++i) to[i] += from(i);
    }
  });
}

}  // namespace

FlatGradients::FlatGradients(const std::vector<Parameter>& parameters, nn::Module& module)
    : size_(std::ssize(parameters)) {
  require_distinct("shards", parameters);
  for (const auto& parameter : parameters) {
    auto live = parameter.sparse_pattern(1);
    const int64_t count = live ? live->count() : parameter.numel();
    places_.push_back({parameter, std::move(live), size_, count});
    size_ += count;
  }
  for (const auto& [name, buffer] : module.named_buffers()) {
    buffers_.push_back({buffer, buffer.clone(), size_});
    size_ += buffer.numel();
  }
}

void FlatGradients::reset() {
  for (auto& place : places_) place.parameter.zero_grad();
  for (auto& [buffer, before, begin] : buffers_) std::ranges::copy(before.values(), buffer.mutable_data());
}

std::vector<FlatGradients::Bucket> FlatGradients::buckets(int64_t numbers) const {
  std::vector<Bucket> all;
  Bucket bucket{0, size_, 0, places_.size(), true, true};
  for (size_t k = places_.size(); k-- > 0;) {
    bucket.first = k;
    bucket.has_counts = k == 0;
    bucket.begin = k == 0 ? 0 : places_[k].begin;
    if (k > 0 && bucket.end - bucket.begin < numbers) continue;
    all.push_back(bucket);
    bucket = {bucket.begin, bucket.begin, k, k, false, false};
  }
  if (places_.empty()) all.push_back(bucket);
  return all;
}

void FlatGradients::pack(double share, float* to, How how) const {
  pack({0, size_, 0, places_.size(), true, true}, share, to, how);
}

void FlatGradients::pack(const Bucket& bucket, double share, float* to, How how) const {
  if (bucket.has_counts) {
    put(std::ssize(places_), how, to,
        [&](int64_t k) { return places_[static_cast<size_t>(k)].parameter.has_grad() ? 1.0F : 0.0F; });
  }
  for (size_t k = bucket.first; k < bucket.last; ++k) {
    const auto& [parameter, live, begin, count] = places_[k];
    if (!parameter.has_grad()) {
      put(count, how, to + begin, [](int64_t) { return 0.0F; });  // added, too: it makes -0 to 0
      continue;
    }
    const float* from = live ? parameter.packed_grad(*live) : parameter.grad().data();
    Buffer packed;
    if (from == nullptr) {
      packed = Buffer(count);
      kernels::pack_live(*live, parameter.grad().data(), packed.data());
      from = packed.data();
    }
    put(count, how, to + begin, [=](int64_t i) { return from[i]; });
  }
  for (size_t k = 0; bucket.has_moves && k < buffers_.size(); ++k) {
    const auto& [buffer, before, begin] = buffers_[k];
    const float *now = buffer.data(), *then = before.data();
    put(buffer.numel(), how, to + begin,
        [=](int64_t i) { return static_cast<float>(share) * (now[i] - then[i]); });
  }
}

void FlatGradients::unpack(const float* numbers) {
  reset();
  for (size_t k = 0; k < places_.size(); ++k) {
    auto& [parameter, live, begin, count] = places_[k];
    if (numbers[k] == 0) continue;
    Buffer grad(count);
    std::copy_n(numbers + begin, count, grad.data());
    autograd::accumulate_packed_grad(parameter, live, std::move(grad));
  }
  for (auto& [buffer, before, begin] : buffers_) {
    std::ranges::transform(before.values(), std::span(numbers + begin, before.values().size()),
                           buffer.mutable_data(), std::plus<>());
  }
}

}  // namespace tinynn::train
