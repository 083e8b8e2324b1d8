#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/ops/index.hpp>

namespace tinynn {
namespace {

// x as (outer, size, inner), which is all that choosing along one dimension has to know.
struct Middle {
  Middle(const Tensor& x, int64_t dim)
      : outer(x.shape().outer(dim)), size(x.size(dim)), inner(x.shape().inner(dim)) {}
  int64_t outer, size, inner;
};

}  // namespace

Tensor slice(const Tensor& x, int64_t dim, int64_t begin, int64_t end, int64_t step) {
  static const autograd::Op op{"slice"};
  check(step >= 1, "slice: step ", step, " is not at least 1");
  const Middle s(x, dim);
  const auto cut = [&](int64_t place) {
    return std::clamp<int64_t>(place < 0 ? place + s.size : place, 0, s.size);
  };
  const int64_t first = cut(begin), last = std::max(first, cut(end));
  const int64_t count = (last - first) / step + ((last - first) % step != 0 ? 1 : 0);
  const int64_t pieces = step == 1 ? 1 : count, length = (step == 1 ? count : 1) * s.inner;
  // Calls copy(in x, in y) for every run of `length` elements.
  const auto runs = [=](auto copy) {
    for (int64_t o = 0, in_y = 0; o < s.outer; ++o) {
      for (int64_t i = 0; i < pieces; ++i, in_y += length)
        copy((o * s.size + first + i * step) * s.inner, in_y);
    }
  };
  Tensor y(x.shape().with(dim, count));
  runs([&](int64_t in_x, int64_t in_y) { std::copy_n(x.data() + in_x, length, y.mutable_data() + in_y); });

  // grad_x = grad_y where it came from, 0 elsewhere
  return autograd::record(op, y, {x}, [=](const Tensor& grad_y) {
    Tensor grad_x = zeros(x.shape());
    runs([&](int64_t in_x, int64_t in_y) {
      std::copy_n(grad_y.data() + in_y, length, grad_x.mutable_data() + in_x);
    });
    autograd::accumulate_grad(x, std::move(grad_x));
  });
}

Tensor index_select(const Tensor& x, int64_t dim, const std::vector<int64_t>& indices) {
  static const autograd::Op op{"index_select"};
  const Middle s(x, dim);
  for (const int64_t index : indices) {
    check(index >= 0 && index < s.size, "index_select: index ", index, " is outside dimension ", dim, " of ",
          x.shape());
  }
  Tensor y(x.shape().with(dim, static_cast<int64_t>(indices.size())));
  float* to = y.mutable_data();
  for (int64_t o = 0; o < s.outer; ++o) {
    for (const int64_t i : indices) to = std::copy_n(x.data() + (o * s.size + i) * s.inner, s.inner, to);
  }
  // grad_x = the sum of the grad_y of all places that an element went to
  return autograd::record(op, y, {x}, [=](const Tensor& grad_y) {
    Tensor grad_x = zeros(x.shape());
    const float* from = grad_y.data();
    for (int64_t o = 0; o < s.outer; ++o) {
      for (const int64_t i : indices) {
        float* sum = grad_x.mutable_data() + (o * s.size + i) * s.inner;
        for (int64_t j = 0; j < s.inner; ++j) sum[j] += *from++;
      }
    }
    autograd::accumulate_grad(x, std::move(grad_x));
  });
}

Tensor concat(const std::vector<Tensor>& tensors, int64_t dim) {
  static const autograd::Op op{"concat"};
  check(!tensors.empty(), "concat: no tensors");
  const Shape& first = tensors[0].shape();
  int64_t size = 0;
  for (const Tensor& x : tensors) {
    check(x.rank() == first.rank() && x.shape().with(dim, 0) == first.with(dim, 0), "concat: shapes ", first,
          " and ", x.shape(), " differ in more than dimension ", dim);
    size += x.size(dim);
  }
  Tensor y(first.with(dim, size));
  const Middle s(y, dim);
  // Calls copy(tensor, place in it, place in y, length) for every run of elements.
  const auto runs = [&](auto copy) {
    for (int64_t o = 0, in_y = 0; o < s.outer; ++o) {
      for (const Tensor& x : tensors) {
        const int64_t length = x.size(dim) * s.inner;
        copy(x, o * length, in_y, length);
        in_y += length;
      }
    }
  };
  runs([&](const Tensor& x, int64_t in_x, int64_t in_y, int64_t length) {
    std::copy_n(x.data() + in_x, length, y.mutable_data() + in_y);
  });

  // the gradient of each tensor is its part of grad_y
  return autograd::record(op, y, tensors, [=](const Tensor& grad_y) {
    int64_t begin = 0;
    for (const Tensor& x : tensors) {
      if (x.requires_grad()) autograd::accumulate_grad(x, slice(grad_y, dim, begin, begin + x.size(dim)));
      begin += x.size(dim);
    }
  });
}

std::vector<int64_t> argsort(const Tensor& x, bool descending) {
  check(x.rank() >= 1, "argsort: a scalar has nothing to sort");
  const int64_t n = x.size(-1);
  std::vector<int64_t> order(static_cast<size_t>(x.numel()));
  for (int64_t begin = 0; begin < x.numel(); begin += n) {
    const auto first = order.begin() + begin;
    std::iota(first, first + n, int64_t{0});
    const auto less = [row = x.data() + begin](int64_t i, int64_t j) {
      return row[i] < row[j] || (!std::isnan(row[i]) && std::isnan(row[j]));
    };
    if (descending) {
      std::stable_sort(first, first + n, [&](int64_t i, int64_t j) { return less(j, i); });
    } else {
      std::stable_sort(first, first + n, less);
    }
  }
  return order;
}

}  // namespace tinynn
