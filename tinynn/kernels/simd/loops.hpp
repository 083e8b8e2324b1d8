// The functions of one instruction set, which table.cpp collects; table.hpp says what they do.
#pragma once

#include <tinynn/kernels/simd/table.hpp>

namespace tinynn::kernels::simd::TINYNN_ISA {

void pack(int64_t outputs, int64_t terms, const float* weight, float* packed);
void correlate(const Places& places, int64_t outputs, const float* x, const float* packed, const float* bias,
               float* y, int64_t stride);
void dot_products(const Places& places, int64_t outputs, const float* x, const float* g, int64_t stride,
                  float* sums);
void spread(const Places& places, const float* row, float* g);
void copy_rows(int64_t rows, int64_t width, const float* from, int64_t from_pitch, int64_t step, float* to,
               int64_t to_pitch);

}  // namespace tinynn::kernels::simd::TINYNN_ISA
