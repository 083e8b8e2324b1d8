#include <algorithm>
#include <numeric>

#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/ops/pad.hpp>
#include <tinynn/ops/registry.hpp>

namespace tinynn {
namespace {

// How many elements are added before those of each dimension of x, by dimension.
std::vector<int64_t> added_before(const Shape& x, const std::vector<int64_t>& pads) {
  std::vector<int64_t> before(static_cast<size_t>(x.rank()));
  for (size_t i = 0; i < pads.size(); i += 2) before[before.size() - 1 - i / 2] = pads[i];
  return before;
}

// Calls f(place in x, place in y, numbers) for each row of the last dimension.
template <class F>
void for_rows(const Shape& x, const Shape& y, const std::vector<int64_t>& before, F f) {
  if (x.numel() == 0) return;
  if (x.rank() == 0) return f(0, 0, 1);
  const int64_t columns = x[-1];
  parallel_for(x.numel() / columns, 1 + (1 << 14) / columns, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      int64_t place = before.back(), rest = row;
      for (int64_t d = x.rank() - 2; d >= 0; --d) {
        place += (rest % x[d] + before[d]) * y.inner(d);
        rest /= x[d];
      }
      f(row * columns, place, columns);
    }
  });
}

// What was there may be deleted; what is added stays, as many as there are. A channel that is one number is
// no longer one if its pixels are padded with another: whoever folds constants looks at the numbers.
void pad_channels(autograd::Channels& c) {
  using autograd::result;
  const Shape &x = *c.shape(0), &y = *c.shape(result);
  const auto before = added_before(x, c.attributes().list("pads"));
  for (int64_t d = 0; d < x.rank(); ++d) {
    const int64_t first = before[d], end = first + x[d];
    for (int64_t i = 0; i < x[d]; ++i) c.link(autograd::Link::carries, {0, d}, i, {result, d}, first + i);
    for (int64_t j = 0; j < y[d]; ++j) {
      if (j < first || j >= end) c.pin({result, d}, j, "pad adds it, as many as there are");
    }
  }
}

}  // namespace

const Op pad_op("pad", {.channels = pad_channels},
                [](const auto& a) { return pad(a[0], a.list("pads"), a.number("value")); });

Tensor pad(const Tensor& x, const std::vector<int64_t>& pads, double value) {
  check(pads.size() % 2 == 0 && std::ssize(pads) <= 2 * x.rank(), "pad: ", pads.size(), " numbers for ",
        x.shape(), ", expected two for each dimension that is padded");
  std::vector<int64_t> sizes(x.shape().begin(), x.shape().end());
  for (size_t i = 0; i < pads.size(); ++i) {
    check(pads[i] >= 0 && pads[i] <= most_pixels, "pad: ", pads[i], " elements, expected 0 to 2^24");
    sizes[sizes.size() - 1 - i / 2] += pads[i];
  }
  const Shape to(sizes);
  Tensor y = full(to, value);
  const auto before = added_before(x.shape(), pads);
  for_rows(x.shape(), to, before,
           [from = x.data(), made = y.mutable_data()](int64_t i, int64_t j, int64_t n) {
             std::copy_n(from + i, n, made + j);
           });
  // what was added has no gradient
  const auto backward = [=, x = autograd::place_of(x)](const Tensor& grad_y) {
    autograd::hand_on_grad(x, [&](float* grad_x) {
      for_rows(x.shape(), to, before, [grad_x, from = grad_y.data()](int64_t i, int64_t j, int64_t n) {
        std::copy_n(from + j, n, grad_x + i);
      });
    });
  };
  return autograd::record(pad_op, y, {x}, backward, {{"value", value}, {"pads", pads}});
}

namespace {

// All dimensions are carried but those of pixels.
void upsample_channels(autograd::Channels& c) {
  c.link(autograd::Link::carries, {0, 0}, {autograd::result, 0});
  c.link(autograd::Link::carries, {0, 1}, {autograd::result, 1});
}

}  // namespace

const Op upsample_op("upsample_nearest", {.channels = upsample_channels, .homogeneous = true, .moves = true},
                     [](const auto& a) { return upsample_nearest(a[0], a.size2("scale")); });

Tensor upsample_nearest(const Tensor& x, const Size2& scale) {
  const char* name = upsample_op.name;
  check(x.rank() == 3 || x.rank() == 4, name, ": input ", x.shape(), " is not (n, c, h, w) or (n, c, l)");
  check(at_least(scale, 1) && at_most(scale, most_pixels), name, ": scale ", scale, ", expected 1 to 2^24");
  const bool image = x.rank() == 4;
  const int64_t rows = image ? scale.h : 1, columns = scale.w, w = x.size(-1);
  Tensor y(image ? Shape{x.size(0), x.size(1), x.size(2) * rows, w * columns}
                 : Shape{x.size(0), x.size(1), w * columns});
  // Calls f(i, j) for each element j of the result, which is element i of x.
  const auto for_each = [=](int64_t numbers, auto f) {
    parallel_for(numbers, 1 + (1 << 14) / (rows * columns), [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t corner = i / w * rows * w * columns + i % w * columns;
        for (int64_t r = 0; r < rows; ++r) {
          for (int64_t k = 0; k < columns; ++k) f(i, corner + r * w * columns + k);
        }
      }
    });
  };
  for_each(x.numel(), [from = x.data(), to = y.mutable_data()](int64_t i, int64_t j) { to[j] = from[i]; });
  const auto backward = [=, x = autograd::place_of(x)](const Tensor& grad_y) {  // the sum over its copies
    autograd::hand_on_grad(x, [&](float* grad_x) {
      std::fill_n(grad_x, x.numel(), 0.0F);
      for_each(x.numel(), [grad_x, from = grad_y.data()](int64_t i, int64_t j) { grad_x[i] += from[j]; });
    });
  };
  return autograd::record(upsample_op, y, {x}, backward, {{"scale", scale}});
}

std::vector<const Op*> ops::pad() { return {&pad_op, &upsample_op}; }

}  // namespace tinynn
