#include <algorithm>
#include <cmath>
#include <limits>

#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/shape.hpp>
#include <tinynn/kernels/strided.hpp>
#include <tinynn/ops/reduce.hpp>
#include <tinynn/ops/registry.hpp>

namespace tinynn {
namespace {

// Which elements of x are reduced to which element of the result.
struct Reduced {
  Shape result;
  kernels::Strided walk;
  std::vector<int64_t> dims;  // counted from the front
  bool keepdim;
};

Reduced reduced_places(const char* name, const Shape& x, const std::vector<int64_t>& dims, bool keepdim) {
  std::vector<bool> reduced(static_cast<size_t>(x.rank()), dims.empty());
  std::vector<int64_t> kept(x.begin(), x.end()), result, from_front;
  for (const int64_t dim : dims) {
    from_front.push_back(x.index(dim));
    auto flag = reduced[from_front.back()];
    check(!flag, name, ": dimension ", dim, " of ", x, " is named twice");
    flag = true;
  }
  for (size_t d = 0; d < kept.size(); ++d) {
    if (reduced[d]) kept[d] = 1;
    if (!reduced[d] || keepdim) result.push_back(kept[d]);
  }
  return {Shape(result), kernels::Strided(x, kernels::broadcast_strides(Shape(kept), x)), from_front,
          keepdim};
}

// What is not reduced is carried.
void reduce_channels(autograd::Channels& c) {
  using autograd::Link, autograd::result;
  const int64_t rank = c.shape(0)->rank();
  const auto dims = c.attributes().list("dim");
  std::vector<bool> reduced(static_cast<size_t>(rank), dims.empty());
  for (const int64_t dim : dims) reduced[dim] = true;
  const bool keepdim = c.attributes().flag("keepdim");
  for (int64_t d = 0, to = 0; d < rank; ++d) {
    const bool kept = !reduced[d];
    if (kept) c.link(Link::carries, {0, d}, {result, to});
    if (kept || keepdim) ++to;
  }
}

constexpr autograd::Properties reduces{.channels = reduce_channels, .homogeneous = true};

Tensor recorded(const Op& op, const Tensor& y, const Tensor& x, const Reduced& r,
                autograd::BackwardFunction backward) {
  return autograd::record(op, y, {x}, std::move(backward), {{"keepdim", r.keepdim}, {"dim", r.dims}});
}

Tensor scaled_sum(const Op& op, const Tensor& x, const Reduced& r, double scale) {
  Tensor y(r.result);
  kernels::sum(r.walk, x.data(), scale, y.numel(), y.mutable_data());
  // grad_x = scale * grad_y, repeated along the reduced dimensions
  const auto backward = [=, x = autograd::place_of(x)](const Tensor& grad_y) {
    autograd::hand_on_grad(x, [&](float* to) {
      kernels::for_each(r.walk, grad_y.data(), grad_y.data(),
                        [=, s = static_cast<float>(scale)](int64_t i, float g, float) { to[i] = g * s; });
    });
  };
  return recorded(op, y, x, r, backward);
}

// Calls f(index in x, index in y) for every element.
template <class F>
void for_each_place(const kernels::Strided& walk, F f) {
  const int64_t step = walk.stride_a(0);
  walk.rows(0, walk.count(), [=](int64_t i, int64_t length, int64_t at, int64_t) {
    for (int64_t j = 0; j < length; ++j) f(i + j, at + j * step);
  });
}

bool beats(float a, float b) { return a > b || (std::isnan(a) && !std::isnan(b)); }

// Along the middle dimension of x (outer, size, inner), the index in x of each largest element.
std::vector<int64_t> places_of_max(const char* name, const Tensor& x, int64_t dim) {
  const Slices slices(x.shape(), dim);
  const int64_t outer = slices.outer, size = slices.size, inner = slices.inner;
  check(size > 0, name, ": dimension ", dim, " of ", x.shape(), " has no elements to choose from");
  std::vector<int64_t> places(static_cast<size_t>(outer * inner));
  parallel_for(outer, std::max<int64_t>(1, kernels::pointwise_grain / std::max<int64_t>(1, size * inner)),
               [&](int64_t begin, int64_t end) {
                 for (int64_t o = begin; o < end; ++o) {
                   for (int64_t i = 0; i < inner; ++i) {
                     int64_t best = o * size * inner + i;
                     for (int64_t at = best, s = 1; s < size; ++s) {
                       at += inner;
                       if (beats(x.data()[at], x.data()[best])) best = at;
                     }
                     places[o * inner + i] = best;
                   }
                 }
               });
  return places;
}

}  // namespace

const Op sum_op("sum", reduces, [](const auto& a) { return sum(a[0], a.list("dim"), a.flag("keepdim")); });

Tensor sum(const Tensor& x, const std::vector<int64_t>& dims, bool keepdim) {
  return scaled_sum(sum_op, x, reduced_places(sum_op.name, x.shape(), dims, keepdim), 1);
}

const Op mean_op("mean", reduces, [](const auto& a) { return mean(a[0], a.list("dim"), a.flag("keepdim")); });

Tensor mean(const Tensor& x, const std::vector<int64_t>& dims, bool keepdim) {
  const auto r = reduced_places(mean_op.name, x.shape(), dims, keepdim);
  return scaled_sum(mean_op, x, r, static_cast<double>(r.result.numel()) / static_cast<double>(x.numel()));
}

const Op amax_op("amax", reduces, [](const auto& a) { return amax(a[0], a.list("dim"), a.flag("keepdim")); });

Tensor amax(const Tensor& x, const std::vector<int64_t>& dims, bool keepdim) {
  const auto r = reduced_places(amax_op.name, x.shape(), dims, keepdim);
  check(x.numel() > 0 || r.result.numel() == 0, "amax: ", x.shape(), " has no elements to choose from");
  Tensor y = full(r.result, -std::numeric_limits<double>::infinity());
  for_each_place(r.walk, [from = x.data(), to = y.mutable_data()](int64_t i, int64_t at) {
    if (beats(from[i], to[at])) to[at] = from[i];
  });
  // grad_x = grad_y / t at each of the t elements that equal the maximum
  const auto backward = [=, values = y.detach()](const Tensor& grad_y) {
    const auto largest = [a = x.data(), b = values.data()](int64_t i, int64_t at) {
      return a[i] == b[at] || (std::isnan(a[i]) && std::isnan(b[at]));
    };
    std::vector<int64_t> ties(static_cast<size_t>(values.numel()));
    for_each_place(r.walk, [&](int64_t i, int64_t at) { ties[at] += largest(i, at) ? 1 : 0; });
    autograd::hand_on_grad(x, [&](float* to) {
      for_each_place(r.walk, [&, g = grad_y.data()](int64_t i, int64_t at) {
        to[i] = largest(i, at) ? g[at] / static_cast<float>(ties[at]) : 0;
      });
    });
  };
  return recorded(amax_op, y, x, r, backward);
}

Tensor max(const Tensor& x) { return amax(x); }

const Op max_op("max", reduces, [](const auto& a) { return max(a[0], a.whole("dim"), a.flag("keepdim")); });

Tensor max(const Tensor& x, int64_t dim, bool keepdim) {
  const auto places = places_of_max(max_op.name, x, dim);
  const auto r = reduced_places(max_op.name, x.shape(), {dim}, keepdim);
  Tensor y(r.result);
  std::ranges::transform(places, y.mutable_data(), [from = x.data()](int64_t place) { return from[place]; });
  // the gradient goes to each maximum
  const auto backward = [=, x = autograd::place_of(x)](const Tensor& grad_y) {
    Tensor grad_x = zeros(x.shape());
    for (size_t i = 0; i < places.size(); ++i) grad_x.mutable_data()[places[i]] = grad_y.data()[i];
    autograd::accumulate_grad(x, std::move(grad_x));
  };
  return recorded(max_op, y, x, r, backward);
}

Labels argmax(const Tensor& x) {
  check(x.rank() == 2 && x.size(1) >= 1, "argmax: ", x.shape(), " is not (n, classes)");
  return argmax(x, 1);
}

Labels argmax(const Tensor& x, int64_t dim) {
  auto places = places_of_max("argmax", x, dim);
  const Slices slices(x.shape(), dim);
  for (int64_t& place : places) place = slices.slice_of(place);
  return Labels(std::move(places));
}

std::vector<const Op*> ops::reduce() { return {&sum_op, &mean_op, &amax_op, &max_op}; }

}  // namespace tinynn
