// What moves numbers between the lanes of vectors.
#pragma once

#include <tinynn/kernels/simd/vector.hpp>

namespace tinynn::kernels::simd::TINYNN_ISA {

// The numbers 0 .. n-1 as a pack.
template <int... i>
struct Sequence {};
template <int n, int... i>
struct Count : Count<n - 1, n - 1, i...> {};
template <int... i>
struct Count<0, i...> {
  using Numbers = Sequence<i...>;
};

template <int stage, int... i>
static inline Vector low_part(Vector a, Vector b, Sequence<i...>) {
  return __builtin_shufflevector(a, b, ((i & stage) != 0 ? lanes + i - stage : i)...);
}
template <int stage, int... i>
static inline Vector high_part(Vector a, Vector b, Sequence<i...>) {
  return __builtin_shufflevector(a, b, ((i & stage) != 0 ? lanes + i : i + stage)...);
}

/// Of two vectors, exchanges the elements off the diagonal of their blocks of `stage` lanes.
template <int stage>
static inline void exchange(Vector& a, Vector& b) {
  const Vector low = low_part<stage>(a, b, Count<lanes>::Numbers());
  b = high_part<stage>(a, b, Count<lanes>::Numbers());
  a = low;
}

/// Element j of the result is the sum of the lanes of v[j]. Overwrites v.
static inline Vector sums_of_lanes(Vector* v) {
  const auto join = [v](auto exchange_pair, int count) {
#pragma GCC unroll 8
    for (int i = 0; i < count; ++i) {
      exchange_pair(v[2 * i], v[2 * i + 1]);
      v[i] = v[2 * i] + v[2 * i + 1];
    }
  };
  join(exchange<1>, lanes / 2);
  join(exchange<2>, lanes / 4);
  if constexpr (lanes > 4) join(exchange<4>, lanes / 8);
  if constexpr (lanes > 8) join(exchange<8>, lanes / 16);
  return v[0];
}

/// Vector i becomes element i of all vectors.
static inline void transpose_block(Vector* v) {
  const auto exchange_all = [v](auto exchange_pair, int stage) {
#pragma GCC unroll 16
    for (int i = 0; i < lanes; ++i) {
      if ((i & stage) == 0) exchange_pair(v[i], v[i + stage]);
    }
  };
  exchange_all(exchange<1>, 1);
  exchange_all(exchange<2>, 2);
  if constexpr (lanes > 4) exchange_all(exchange<4>, 4);
  if constexpr (lanes > 8) exchange_all(exchange<8>, 8);
}

/// Writes the first `used` lanes.
static inline void store_some(float* y, Vector v, int64_t used) {
  if (used == lanes) return store(y, v);
  constexpr int half = lanes / 2;
  using Half = float __attribute__((vector_size(half * sizeof(float)), aligned(alignof(float)), may_alias));
  float all[lanes];
  store(all, v);
  if (used >= half) {  // two halves that overlap
    *reinterpret_cast<Half*>(y) = *reinterpret_cast<const Half*>(all);
    *reinterpret_cast<Half*>(y + used - half) = *reinterpret_cast<const Half*>(all + used - half);
  } else {
    for (int64_t i = 0; i < used; ++i) y[i] = all[i];
  }
}

}  // namespace tinynn::kernels::simd::TINYNN_ISA
