#include <algorithm>

#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/ops/dropout.hpp>
#include <tinynn/ops/registry.hpp>

namespace tinynn {
namespace {

// What survives of x, scaled. The mask is a function of the stream, so the way back draws it again rather
// than keep it in memory.
Tensor apply_dropout(const Tensor& x, double p, const RandomStream& stream) {
  Tensor y(x.shape());
  const float* in = x.data();
  float* out = y.mutable_data();
  const int64_t count = x.numel();
  const auto dropped_below = static_cast<uint64_t>(p * 0x1p32);
  const auto scale = static_cast<float>(1 / (1 - p));
  parallel_for((count + 3) / 4, 1 << 12, [=, &stream](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      const auto random = stream.bits(static_cast<uint64_t>(block));  // good for four elements
      for (int64_t i = 4 * block; i < std::min(count, 4 * block + 4); ++i) {
        const bool kept = random[i % 4] >= dropped_below;
        out[i] = kept ? in[i] * scale : 0.0F;
      }
    }
  });
  return y;
}

}  // namespace

const Op ops::dropout("dropout", {.channels = autograd::elementwise, .homogeneous = true},
                      [](const auto& a) { return tinynn::dropout(a[0], a.number("p"), a.training); });

Tensor dropout(const Tensor& x, double p, bool training) {
  check(p >= 0 && p <= 1, "dropout: the probability ", p, " is not between 0 and 1");
  const auto record = [&](const Tensor& y, autograd::BackwardFunction backward) {
    return autograd::record(ops::dropout, y, {x}, std::move(backward), {{"p", p}});
  };
  if (!training || p == 0) {  // recorded all the same: a graph that runs again may be trained
    return record(x.detach(), [x = autograd::place_of(x)](const Tensor& grad_y) {
      autograd::accumulate_grad(x, grad_y);
    });
  }
  const RandomStream stream = next_random_stream();
  // grad_x = grad_y / (1 - p) where x was kept
  return record(apply_dropout(x, p, stream), [=, x = autograd::place_of(x)](const Tensor& grad_y) {
    autograd::accumulate_grad(x, apply_dropout(grad_y, p, stream));
  });
}

}  // namespace tinynn
