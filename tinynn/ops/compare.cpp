#include <functional>

#include <tinynn/autograd/no_grad.hpp>
#include <tinynn/autograd/record.hpp>
#include <tinynn/ops/broadcast.hpp>
#include <tinynn/ops/compare.hpp>
#include <tinynn/ops/registry.hpp>

namespace tinynn {
namespace {

// Of two tensors, or of one and a number.
template <class Compare>
Tensor applied(const autograd::Arguments& a, Compare holds) {
  return a.inputs.size() == 2 ? holds(a[0], a[1]) : holds(a[0], a.attributes.number("value"));
}

constexpr auto pinned = "it compares";
const autograd::Op gt_op{.name = "gt",
                         .apply =
                             [](const autograd::Arguments& a) {
                               return applied(a, [](const auto& x, const auto& y) { return x > y; });
                             },
                         .pinned = pinned};
const autograd::Op lt_op{.name = "lt",
                         .apply =
                             [](const autograd::Arguments& a) {
                               return applied(a, [](const auto& x, const auto& y) { return x < y; });
                             },
                         .pinned = pinned};
const autograd::Op ge_op{.name = "ge",
                         .apply =
                             [](const autograd::Arguments& a) {
                               return applied(a, [](const auto& x, const auto& y) { return x >= y; });
                             },
                         .pinned = pinned};
const autograd::Op le_op{.name = "le",
                         .apply =
                             [](const autograd::Arguments& a) {
                               return applied(a, [](const auto& x, const auto& y) { return x <= y; });
                             },
                         .pinned = pinned};
const autograd::Op eq_op{.name = "eq",
                         .apply =
                             [](const autograd::Arguments& a) {
                               return applied(a, [](const auto& x, const auto& y) { return x == y; });
                             },
                         .pinned = pinned};
const autograd::Op ne_op{.name = "ne",
                         .apply =
                             [](const autograd::Arguments& a) {
                               return applied(a, [](const auto& x, const auto& y) { return x != y; });
                             },
                         .pinned = pinned};

// Observers see a comparison like any operation, but there is no way back through it.
Tensor seen(const autograd::Op& op, const Tensor& y, std::initializer_list<Tensor> inputs,
            std::initializer_list<autograd::Attribute> attributes = {}) {
  const NoGrad no_grad;
  return autograd::record(op, y, inputs, nullptr, attributes);
}

template <class Holds>
Tensor compare(const autograd::Op& op, const Tensor& a, const Tensor& b, Holds holds) {
  const detail::Broadcast with(op.name, a.shape(), b.shape());
  Tensor y(with.shape);
  kernels::for_each(with.walk, a.data(), b.data(),
                    [=, to = y.mutable_data()](int64_t i, float u, float v) { to[i] = holds(u, v) ? 1 : 0; });
  return seen(op, y, {a, b});
}

template <class Holds>
Tensor compare(const autograd::Op& op, const Tensor& a, double b, Holds holds) {
  Tensor y(a.shape());
  kernels::map(a.numel(), a.data(), y.mutable_data(),
               [=, v = static_cast<float>(b)](float u) { return holds(u, v) ? 1.0F : 0.0F; });
  return seen(op, y, {a}, {{"value", b}});
}

}  // namespace

Tensor operator>(const Tensor& a, const Tensor& b) { return compare(gt_op, a, b, std::greater<>()); }
Tensor operator>(const Tensor& a, double b) { return compare(gt_op, a, b, std::greater<>()); }
Tensor operator<(const Tensor& a, const Tensor& b) { return compare(lt_op, a, b, std::less<>()); }
Tensor operator<(const Tensor& a, double b) { return compare(lt_op, a, b, std::less<>()); }
Tensor operator>=(const Tensor& a, const Tensor& b) { return compare(ge_op, a, b, std::greater_equal<>()); }
Tensor operator>=(const Tensor& a, double b) { return compare(ge_op, a, b, std::greater_equal<>()); }
Tensor operator<=(const Tensor& a, const Tensor& b) { return compare(le_op, a, b, std::less_equal<>()); }
Tensor operator<=(const Tensor& a, double b) { return compare(le_op, a, b, std::less_equal<>()); }
Tensor operator==(const Tensor& a, const Tensor& b) { return compare(eq_op, a, b, std::equal_to<>()); }
Tensor operator==(const Tensor& a, double b) { return compare(eq_op, a, b, std::equal_to<>()); }
Tensor operator!=(const Tensor& a, const Tensor& b) { return compare(ne_op, a, b, std::not_equal_to<>()); }
Tensor operator!=(const Tensor& a, double b) { return compare(ne_op, a, b, std::not_equal_to<>()); }

std::vector<const autograd::Op*> ops::compare() { return {&gt_op, &lt_op, &ge_op, &le_op, &eq_op, &ne_op}; }

}  // namespace tinynn
