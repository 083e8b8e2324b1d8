// Functions of two numbers, for programs, and as text for exported headers; see activation.h.
#ifndef TINYNN_KERNELS_COMBINE_H
#define TINYNN_KERNELS_COMBINE_H

//- section plus
static inline float tinynn_plus(float a, float b) { return a + b; }

//- section minus
static inline float tinynn_minus(float a, float b) { return a - b; }

//- section times
static inline float tinynn_times(float a, float b) { return a * b; }

//- section over
static inline float tinynn_over(float a, float b) { return a / b; }

//- section larger
// NaN wins.
static inline float tinynn_larger(float a, float b) { return a > b || a != a ? a : b; }

//- section smaller
static inline float tinynn_smaller(float a, float b) { return a < b || a != a ? a : b; }

//- end
#endif
