// Comparisons, element by element: 1 where they hold, else 0, without gradient. Tensors broadcast as in
// arithmetic; a number stands for a tensor of any shape, rounded to float32 first. NaN equals nothing.
// torch.gt, lt, ge, le, eq, ne. Mask(abs(w) > 0.1) makes a mask of one.
#pragma once

#include <tinynn/core/tensor.hpp>

namespace tinynn {

Tensor operator>(const Tensor& a, const Tensor& b);
Tensor operator>(const Tensor& a, double b);
Tensor operator<(const Tensor& a, const Tensor& b);
Tensor operator<(const Tensor& a, double b);
Tensor operator>=(const Tensor& a, const Tensor& b);
Tensor operator>=(const Tensor& a, double b);
Tensor operator<=(const Tensor& a, const Tensor& b);
Tensor operator<=(const Tensor& a, double b);
Tensor operator==(const Tensor& a, const Tensor& b);
Tensor operator==(const Tensor& a, double b);
Tensor operator!=(const Tensor& a, const Tensor& b);
Tensor operator!=(const Tensor& a, double b);

inline Tensor operator>(double a, const Tensor& b) { return b < a; }
inline Tensor operator<(double a, const Tensor& b) { return b > a; }
inline Tensor operator>=(double a, const Tensor& b) { return b <= a; }
inline Tensor operator<=(double a, const Tensor& b) { return b >= a; }

}  // namespace tinynn
