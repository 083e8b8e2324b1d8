#include <algorithm>
#include <functional>

#include <tinynn/autograd/record.hpp>
#include <tinynn/kernels/sparse.hpp>
#include <tinynn/train/flat_gradients.hpp>

namespace tinynn::train {

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

void FlatGradients::pack(double share, Numbers& to) const {
  pack({0, size_, 0, places_.size(), true, true}, share, to);
}

void FlatGradients::pack(const Bucket& bucket, double share, Numbers& to) const {
  for (size_t k = 0; bucket.has_counts && k < places_.size(); ++k)
    to[k] = places_[k].parameter.has_grad() ? 1.0F : 0;
  for (size_t k = bucket.first; k < bucket.last; ++k) {
    const auto& [parameter, live, begin, count] = places_[k];
    float* at = to.data() + begin;
    const float* packed = live ? parameter.packed_grad(*live) : nullptr;
    if (!parameter.has_grad()) {
      std::fill_n(at, count, 0.0F);
    } else if (live && packed == nullptr) {
      kernels::pack_live(*live, parameter.grad().data(), at);
    } else {
      std::copy_n(packed != nullptr ? packed : parameter.grad().data(), count, at);
    }
  }
  for (size_t k = 0; bucket.has_moves && k < buffers_.size(); ++k) {
    const auto& [buffer, before, begin] = buffers_[k];
    std::ranges::transform(buffer.values(), before.values(), to.begin() + begin,
                           [=](float now, float then) { return static_cast<float>(share) * (now - then); });
  }
}

void FlatGradients::unpack(const Numbers& numbers) {
  reset();
  for (size_t k = 0; k < places_.size(); ++k) {
    auto& [parameter, live, begin, count] = places_[k];
    if (numbers[k] == 0) continue;
    Buffer grad(count);
    std::copy_n(numbers.begin() + begin, count, grad.data());
    autograd::accumulate_packed_grad(parameter, live, std::move(grad));
  }
  for (auto& [buffer, before, begin] : buffers_) {
    std::ranges::transform(before.values(), std::span(numbers).subspan(static_cast<size_t>(begin)),
                           buffer.mutable_data(), std::plus<>());
  }
}

}  // namespace tinynn::train
