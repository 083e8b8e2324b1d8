// Given: the dense products that sparse ones have to beat, and random weights. Layouts as in lab5.hpp.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lab5 {

/// y = weight x + bias: weight (rows, columns), bias (rows), x (columns, batch), y (rows, batch).
void dense_forward(std::span<const float> weight, std::int64_t rows, std::int64_t columns,
                   std::span<const float> bias, std::span<const float> x, std::int64_t batch,
                   std::span<float> y);

/// dx = weight^T dy: dy (rows, batch), dx (columns, batch).
void dense_backward_input(std::span<const float> weight, std::int64_t rows, std::int64_t columns,
                          std::span<const float> dy, std::int64_t batch, std::span<float> dx);

/// dweight = dy x^T: dy (rows, batch), x (columns, batch), dweight (rows, columns).
void dense_backward_weight(std::int64_t rows, std::int64_t columns, std::span<const float> dy,
                           std::span<const float> x, std::int64_t batch, std::span<float> dweight);

/// A weight (rows, columns) whose elements are zero with probability `zeros`, otherwise from -1 to 1. Equal
/// arguments give equal weights, on any machine.
std::vector<float> random_weight(std::int64_t rows, std::int64_t columns, double zeros, std::uint64_t seed);

}  // namespace lab5
