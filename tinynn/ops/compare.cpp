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
constexpr Op comparison(const char* name) {
  return Op(name, {.pinned = "it compares"}, [](const auto& a) {
    return a.inputs.size() == 2 ? Compare()(a[0], a[1]) : Compare()(a[0], a.number("value"));
  });
}
const Op gt_op = comparison<std::greater<>>("gt"), lt_op = comparison<std::less<>>("lt"),
         ge_op = comparison<std::greater_equal<>>("ge"), le_op = comparison<std::less_equal<>>("le"),
         eq_op = comparison<std::equal_to<>>("eq"), ne_op = comparison<std::not_equal_to<>>("ne");

// Observers see a comparison like any operation, but there is no way back through it.
Tensor seen(const Op& op, const Tensor& y, std::initializer_list<Tensor> inputs,
            std::initializer_list<autograd::Setting> settings = {}) {
  const NoGrad no_grad;
  return autograd::record(op, y, inputs, nullptr, settings);
}

template <class Holds>
Tensor compare(const Op& op, const Tensor& a, const Tensor& b, Holds holds) {
  const detail::Broadcast with(op.name, a.shape(), b.shape());
  Tensor y(with.shape);
  kernels::for_each(with.walk, a.data(), b.data(),
                    [=, to = y.mutable_data()](int64_t i, float u, float v) { to[i] = holds(u, v) ? 1 : 0; });
  return seen(op, y, {a, b});
}

template <class Holds>
Tensor compare(const Op& op, const Tensor& a, double b, Holds holds) {
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

std::vector<const Op*> ops::compare() { return {&gt_op, &lt_op, &ge_op, &le_op, &eq_op, &ne_op}; }

}  // namespace tinynn
