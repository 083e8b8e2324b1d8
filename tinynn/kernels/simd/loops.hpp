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
void add_rows(int64_t rows, int64_t width, const float* from, int64_t from_pitch, float* to,
              int64_t to_pitch);

void transpose(int64_t rows, int64_t columns, const float* from, int64_t from_pitch, float* to,
               int64_t to_pitch);
void sparse_rows(int64_t begin_row, int64_t end_row, const int32_t* begin, const int32_t* offset,
                 const float* values, const float* bias, const Places& places, const float* x, float* y,
                 int64_t stride);
void sparse_dots(int64_t begin_row, int64_t end_row, const int32_t* begin, const int32_t* offset,
                 const Places& places, const float* g, int64_t stride, const float* x, float* sums);
void max_pool_2x2(int64_t width, const float* top, const float* bottom, float* y);
void max_pool_2x2_where(int64_t width, const float* top, const float* bottom, int32_t top_at,
                        int32_t bottom_at, float* y, int32_t* argmax);
void max_pool_2x2_backward(int64_t width, const float* grad_y, const int32_t* argmax, int32_t top_at,
                           int32_t bottom_at, float* top, float* bottom);

void relu(int64_t count, const float* x, float* y);
void relu_backward(int64_t count, const float* grad_y, const float* y, float* grad_x);

void sgd_step(int64_t count, const SgdStep& step, const float* grad, float* w, float* m);
void adam_step(int64_t count, const AdamStep& step, const float* grad, float* w, float* m, float* v);
void rmsprop_step(int64_t count, const RmspropStep& step, const float* grad, float* w, float* v, float* a,
                  float* m);

double sum(int64_t count, const float* x);
void add_moments(int64_t count, const float* x, double shift, double* sums);
void add_products(int64_t count, const float* g, const float* x, double mean, double* sums);
void normalize(int64_t count, const float* x, float mean, float scale, float shift, float* y);
void normalize_backward(int64_t count, const float* grad_y, const float* x, float mean, float scale,
                        float shift, float slope, float* grad_x);

}  // namespace tinynn::kernels::simd::TINYNN_ISA
