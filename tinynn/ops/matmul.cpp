#include <algorithm>
#include <vector>

#include <tinynn/autograd/parameter.hpp>
#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/gemm.hpp>
#include <tinynn/ops/broadcast.hpp>
#include <tinynn/ops/matmul.hpp>
#include <tinynn/ops/registry.hpp>

namespace tinynn {

using kernels::Layout;

namespace {

// What is multiplied with what: for each product, the place of its matrices in the stacks a and b.
struct Sizes {
  Shape result;
  int64_t m, k, p, count_a, count_b;
  std::vector<int64_t> in_a, in_b;
  int64_t count() const { return static_cast<int64_t>(in_a.size()); }
  const float* matrix_a(const Tensor& a, int64_t i) const { return a.data() + in_a[i] * m * k; }
  const float* matrix_b(const Tensor& b, int64_t i) const { return b.data() + in_b[i] * k * p; }
};

Sizes checked_sizes(const Shape& a, const Shape& b) {
  check(a.rank() >= 1 && b.rank() >= 1, "matmul: shapes ", a, " and ", b, ": neither may be a scalar");
  const bool row = a.rank() == 1, column = b.rank() == 1;
  const int64_t m = row ? 1 : a[-2], k = a[-1], p = column ? 1 : b[-1];
  const Shape stack_a(std::span(a.begin(), row ? a.begin() : a.end() - 2));
  const Shape stack_b(std::span(b.begin(), column ? b.begin() : b.end() - 2));
  bool fits = k == b[column ? -1 : -2];
  for (int64_t d = -1; d >= -std::min(stack_a.rank(), stack_b.rank()); --d) {
    fits = fits && (stack_a[d] == stack_b[d] || stack_a[d] == 1 || stack_b[d] == 1);
  }
  check(fits, "matmul: shapes ", a, " and ", b, " do not fit (..., m, k) times (..., k, p)");
  const detail::Broadcast stack("matmul", stack_a, stack_b);

  std::vector<int64_t> result(stack.shape.begin(), stack.shape.end());
  if (!row) result.push_back(m);
  if (!column) result.push_back(p);
  Sizes s{Shape(result), m, k, p, stack_a.numel(), stack_b.numel(), {}, {}};
  if (s.count_b == 1 && s.count_a > 0) {  // all rows are multiplied by one matrix: one large product
    s.m *= s.count_a;
    s.count_a = 1;
    s.in_a = s.in_b = {0};
    return s;
  }
  const int64_t step_a = stack.walk.stride_a(0), step_b = stack.walk.stride_b(0);
  stack.walk.rows(0, stack.walk.count(), [&](int64_t, int64_t length, int64_t in_a, int64_t in_b) {
    for (int64_t j = 0; j < length; ++j) {
      s.in_a.push_back(in_a + j * step_a);
      s.in_b.push_back(in_b + j * step_b);
    }
  });
  return s;
}

// Calls product(i, place in the result, accumulate) for every product. The result is `count_result` matrices
// of `size` elements. Where several add up in one place, they come one after the other.
template <class F>
void for_each_product(int64_t count, const std::vector<int64_t>* in_result, int64_t count_result,
                      int64_t size, float* result, F product) {
  const auto place = [=](int64_t i) { return result + (in_result ? (*in_result)[i] : i) * size; };
  if (count == count_result) {
    parallel_for(count, std::max<int64_t>(1, (count + 15) / 16), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) product(i, place(i), false);
    });
    return;
  }
  std::fill_n(result, count_result * size, 0.0F);
  for (int64_t i = 0; i < count; ++i) product(i, place(i), true);
}

// Every live element of a weight is multiplied once for each element of the result that it reaches.
int64_t live_macs(const std::vector<Tensor>& inputs, const Tensor& y) {
  const Sizes s = checked_sizes(inputs[0].shape(), inputs[1].shape());
  const auto times = [&](const Tensor& weight) {
    return weight.numel() == 0 ? 0 : count_nonzero(weight) * (y.numel() * s.k / weight.numel());
  };
  if (Parameter::of(inputs[1]).defined()) return times(inputs[1]);
  return Parameter::of(inputs[0]).defined() ? times(inputs[0]) : 0;
}

// The dimension that is summed over is consumed by whichever operand is the weight; with none, nothing says
// whose zeros make a term of the sum vanish, and it stays pinned.
void matmul_channels(autograd::Channels& c) {
  using autograd::Link, autograd::result;
  const int64_t rank_a = c.shape(0)->rank(), rank_b = c.shape(1)->rank(), rank_y = c.shape(result)->rank();
  if (rank_a < 2 || rank_b != 2) return;
  c.carry_all(0, rank_a - 1);
  c.link(Link::consumes, {1, 0}, {0, rank_a - 1});
  c.link(Link::produces, {1, 1}, {result, rank_y - 1});
}

}  // namespace

const Op matmul_op("matmul", {.channels = matmul_channels, .macs = live_macs},
                   [](const auto& a) { return matmul(a[0], a[1]); });

Tensor matmul(const Tensor& a, const Tensor& b) {
  const Sizes s = checked_sizes(a.shape(), b.shape());
  Tensor y(s.result);
  for_each_product(s.count(), nullptr, s.count(), s.m * s.p, y.mutable_data(),
                   [&](int64_t i, float* to, bool accumulate) {
                     kernels::gemm(s.m, s.p, s.k, s.matrix_a(a, i), Layout::plain, s.matrix_b(b, i),
                                   Layout::plain, to, accumulate);
                   });
  return autograd::record(matmul_op, y, {a, b}, [=](const Tensor& grad_y) {
    const auto grad_of = [&](int64_t i) { return grad_y.data() + i * s.m * s.p; };
    autograd::hand_on_grad(a, [&](float* grad_a) {  // grad_a = grad_y b^T
      for_each_product(s.count(), &s.in_a, s.count_a, s.m * s.k, grad_a,
                       [&](int64_t i, float* to, bool accumulate) {
                         kernels::gemm(s.m, s.k, s.p, grad_of(i), Layout::plain, s.matrix_b(b, i),
                                       Layout::transposed, to, accumulate);
                       });
    });
    autograd::hand_on_grad(b, [&](float* grad_b) {  // grad_b = a^T grad_y
      for_each_product(s.count(), &s.in_b, s.count_b, s.k * s.p, grad_b,
                       [&](int64_t i, float* to, bool accumulate) {
                         kernels::gemm(s.k, s.p, s.m, s.matrix_a(a, i), Layout::transposed, grad_of(i),
                                       Layout::plain, to, accumulate);
                       });
    });
  });
}

std::vector<const Op*> ops::matmul() { return {&matmul_op}; }

}  // namespace tinynn
