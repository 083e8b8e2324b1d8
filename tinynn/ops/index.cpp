#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/shape.hpp>
#include <tinynn/ops/index.hpp>
#include <tinynn/ops/registry.hpp>

namespace tinynn {
namespace {

void pin_range(autograd::Channels& c, int64_t dim, int64_t begin, int64_t end, const char* reason) {
  for (int64_t i = begin; i < end; ++i) c.pin({0, dim}, i, reason);
}

// Channels are counted from one end: those up to the last one counted must stay, the others may go. Where the
// slice reaches to the end it is as long as they are many.
void slice_channels(autograd::Channels& c) {
  using autograd::Link, autograd::result;
  const Shape& x = *c.shape(0);
  const auto dim = c.attributes().whole("dim");
  const int64_t begin = c.attributes().whole("begin"), end = c.attributes().whole("end");
  const int64_t size = x[dim];
  c.carry_all(0, dim);
  constexpr auto reason = "slice counts to this place: use chunk, or slice to the end";
  if (begin >= 0 && end >= size && c.attributes().whole("step") == 1) {
    const int64_t first = size - (*c.shape(result))[dim];
    pin_range(c, dim, 0, first, reason);
    for (int64_t i = first; i < size; ++i) c.link(Link::carries, {0, dim}, i, {result, dim}, i - first);
  } else if (begin >= 0 && end >= 0) {
    pin_range(c, dim, 0, std::min(size, end), reason);
  } else {
    c.pin({0, dim}, reason);
  }
}

void concat_channels(autograd::Channels& c) {
  using autograd::Link, autograd::result;
  const auto dim = c.attributes().whole("dim");
  for (int64_t input = 0, at = 0; input < c.inputs(); ++input) {
    c.carry_all(input, dim);
    const int64_t size = (*c.shape(input))[dim];
    for (int64_t i = 0; i < size; ++i) c.link(Link::carries, {input, dim}, i, {result, dim}, at++);
  }
}

// The pieces stay of equal size if all lose channels in the same places.
void chunk_channels(autograd::Channels& c) {
  using autograd::Link, autograd::result;
  const Shape &x = *c.shape(0), &y = *c.shape(result);
  const auto dim = c.attributes().whole("dim");
  const auto piece = c.attributes().whole("piece");
  c.carry_all(0, dim);
  for (int64_t i = 0; i < x[dim]; ++i) c.link(Link::couples, {0, dim}, i % y[dim], {0, dim}, i);
  for (int64_t j = 0; j < y[dim]; ++j) {
    c.link(Link::carries, {0, dim}, piece * y[dim] + j, {result, dim}, j);
  }
}

// x[first], x[first + step], ... of `count` elements along one dimension.
Tensor strided_slice(const Op& op, const Tensor& x, int64_t dim, int64_t first, int64_t count, int64_t step,
                     std::initializer_list<autograd::Setting> settings) {
  const Slices s(x.shape(), dim);
  const int64_t pieces = step == 1 ? 1 : count, length = (step == 1 ? count : 1) * s.inner;
  // Calls copy(in x, in y) for every run of `length` elements.
  const auto runs = [=](auto copy) {
    for (int64_t o = 0, in_y = 0; o < s.outer; ++o) {
      for (int64_t i = 0; i < pieces; ++i, in_y += length) copy(s.begin(o, first + i * step), in_y);
    }
  };
  Tensor y(x.shape().with(dim, count));
  runs([&](int64_t in_x, int64_t in_y) { std::copy_n(x.data() + in_x, length, y.mutable_data() + in_y); });

  // grad_x = grad_y where it came from, 0 elsewhere
  const auto backward = [=, x = autograd::place_of(x)](const Tensor& grad_y) {
    Tensor grad_x = zeros(x.shape());
    runs([&](int64_t in_x, int64_t in_y) {
      std::copy_n(grad_y.data() + in_y, length, grad_x.mutable_data() + in_x);
    });
    autograd::accumulate_grad(x, std::move(grad_x));
  };
  return autograd::record(op, y, {x}, backward, settings);
}

}  // namespace

const Op slice_op("slice", {.channels = slice_channels, .moves = true}, [](const auto& a) {
  return slice(a[0], a.whole("dim"), a.whole("begin"), a.whole("end"), a.whole("step"));
});

Tensor slice(const Tensor& x, int64_t dim, int64_t begin, int64_t end, int64_t step) {
  check(step >= 1, "slice: step ", step, " is not at least 1");
  const int64_t size = x.size(dim);
  const auto cut = [&](int64_t place) {
    return std::clamp<int64_t>(place < 0 ? place + size : place, 0, size);
  };
  const int64_t first = cut(begin), last = std::max(first, cut(end));
  const int64_t count = (last - first) / step + ((last - first) % step != 0 ? 1 : 0);
  return strided_slice(slice_op, x, dim, first, count, step,
                       {{"dim", x.shape().index(dim)}, {"begin", begin}, {"end", end}, {"step", step}});
}

namespace {

Tensor piece_of(const Tensor& x, int64_t count, int64_t dim, int64_t piece);

const Op chunk_op("chunk", {.channels = chunk_channels, .moves = true}, [](const auto& a) {
  return piece_of(a[0], a.whole("count"), a.whole("dim"), a.whole("piece"));
});

Tensor piece_of(const Tensor& x, int64_t count, int64_t dim, int64_t piece) {
  const int64_t size = x.size(dim);
  check(count >= 1 && size % count == 0, "chunk: dimension ", dim, " of ", x.shape(), " cannot be cut into ",
        count, " equal pieces");
  check(piece >= 0 && piece < count, "chunk: no piece ", piece, " of ", count);
  return strided_slice(chunk_op, x, dim, piece * (size / count), size / count, 1,
                       {{"dim", x.shape().index(dim)}, {"count", count}, {"piece", piece}});
}

}  // namespace

std::vector<Tensor> chunk(const Tensor& x, int64_t count, int64_t dim) {
  std::vector<Tensor> pieces;
  for (int64_t piece = 0; piece < std::max<int64_t>(1, count); ++piece)
    pieces.push_back(piece_of(x, count, dim, piece));
  return pieces;
}

const Op index_select_op("index_select", {.pinned = "it picks them by number", .moves = true},
                         [](const auto& a) { return index_select(a[0], a.whole("dim"), a.list("index")); });

Tensor index_select(const Tensor& x, int64_t dim, const std::vector<int64_t>& indices) {
  const Slices s(x.shape(), dim);
  for (const int64_t index : indices) {
    check(index >= 0 && index < s.size, "index_select: index ", index, " is outside dimension ", dim, " of ",
          x.shape());
  }
  Tensor y(x.shape().with(dim, static_cast<int64_t>(indices.size())));
  float* to = y.mutable_data();
  for (int64_t o = 0; o < s.outer; ++o) {
    for (const int64_t i : indices) to = std::copy_n(x.data() + s.begin(o, i), s.inner, to);
  }
  // grad_x = the sum of the grad_y of all places that an element went to
  const auto backward = [=, x = autograd::place_of(x)](const Tensor& grad_y) {
    Tensor grad_x = zeros(x.shape());
    const float* from = grad_y.data();
    for (int64_t o = 0; o < s.outer; ++o) {
      for (const int64_t i : indices) {
        float* sum = grad_x.mutable_data() + s.begin(o, i);
        for (int64_t j = 0; j < s.inner; ++j) sum[j] += *from++;
      }
    }
    autograd::accumulate_grad(x, std::move(grad_x));
  };
  return autograd::record(index_select_op, y, {x}, backward,
                          {{"dim", x.shape().index(dim)}, {"index", indices}});
}

const Op concat_op("concat", {.channels = concat_channels},
                   [](const auto& a) { return concat(a.inputs, a.whole("dim")); });

Tensor concat(const std::vector<Tensor>& tensors, int64_t dim) {
  check(!tensors.empty(), "concat: no tensors");
  const Shape& first = tensors[0].shape();
  int64_t size = 0;
  for (const Tensor& x : tensors) {
    check(x.rank() == first.rank() && x.shape().with(dim, 0) == first.with(dim, 0), "concat: shapes ", first,
          " and ", x.shape(), " differ in more than dimension ", dim);
    size += x.size(dim);
  }
  Tensor y(first.with(dim, size));
  const Slices s(y.shape(), dim);
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
  std::vector<Tensor> places;
  std::ranges::transform(tensors, std::back_inserter(places), autograd::place_of);
  const auto backward = [=](const Tensor& grad_y) {
    int64_t begin = 0;
    for (const Tensor& x : places) {
      if (x.requires_grad()) autograd::accumulate_grad(x, slice(grad_y, dim, begin, begin + x.size(dim)));
      begin += x.size(dim);
    }
  };
  return autograd::record(concat_op, y, tensors, backward, {{"dim", first.index(dim)}});
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
    std::stable_sort(first, first + n,
                     [=](int64_t i, int64_t j) { return descending ? less(j, i) : less(i, j); });
  }
  return order;
}

std::vector<const Op*> ops::index() { return {&slice_op, &chunk_op, &index_select_op, &concat_op}; }

}  // namespace tinynn
