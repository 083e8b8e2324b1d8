#include "model.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace lab2 {
namespace {

/// A matrix that is read where it lies: element (i, j) is at[i * down + j * right], so a transpose costs
/// nothing.
struct View {
  const float* at;
  std::int64_t down, right;
};

// Floats side by side that are multiplied at once; GCC and clang make of them what the machine has. They may
// lie at any address that a float may.
template <int lanes>
struct Lanes {
  typedef float Vector __attribute__((vector_size(4 * lanes), aligned(4), may_alias));
};
template <>
struct Lanes<1> {
  using Vector = float;
};

/// c (rows x columns, in a matrix `width` wide) += a * b. The block is so small that its sums stay in
/// registers.
template <int rows, int columns>
void add_block(float* c, View a, const float* b, std::int64_t width, std::int64_t depth) {
  constexpr int lanes = columns < 8 ? columns : 8;
  using Vector = typename Lanes<lanes>::Vector;
  Vector sums[rows][columns / lanes] = {};
  for (std::int64_t k = 0; k < depth; ++k)
    for (int j = 0; j < columns / lanes; ++j) {
      const Vector row = *reinterpret_cast<const Vector*>(b + k * width + j * lanes);
      for (int i = 0; i < rows; ++i) sums[i][j] += a.at[i * a.down + k * a.right] * row;
    }
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < columns / lanes; ++j)
      *reinterpret_cast<Vector*>(c + i * width + j * lanes) += sums[i][j];
}

/// `columns` columns of c, beginning at `c`, by blocks of four rows.
template <int columns>
void add_columns(float* c, View a, const float* b, std::int64_t height, std::int64_t width,
                 std::int64_t depth) {
  std::int64_t i = 0;
  const auto rows_from = [&] { return View{a.at + i * a.down, a.down, a.right}; };
  for (; i + 4 <= height; i += 4) add_block<4, columns>(c + i * width, rows_from(), b, width, depth);
  for (; i < height; ++i) add_block<1, columns>(c + i * width, rows_from(), b, width, depth);
}

/// c (height x width) += a (height x depth) * b (depth x width).
void add_product(float* c, View a, const float* b, std::int64_t height, std::int64_t width,
                 std::int64_t depth) {
  std::int64_t j = 0;
  for (; j + 16 <= width; j += 16) add_columns<16>(c + j, a, b + j, height, width, depth);
  for (; j + 4 <= width; j += 4) add_columns<4>(c + j, a, b + j, height, width, depth);
  for (; j < width; ++j) add_columns<1>(c + j, a, b + j, height, width, depth);
}

}  // namespace

Mlp::Mlp(std::vector<std::int64_t> sizes, std::uint64_t seed) : sizes_(std::move(sizes)) {
  std::mt19937_64 random(seed);
  for (std::size_t layer = 0; layer + 1 < sizes_.size(); ++layer) {
    const auto inputs = std::size_t(sizes_[layer]);
    const auto outputs = std::size_t(sizes_[layer + 1]);
    const double bound = std::sqrt(6.0 / double(inputs));
    std::vector<float> weight(inputs * outputs);
    // Not std::uniform_real_distribution: the standard does not say which numbers it draws.
    for (float& w : weight) w = float(bound * (double(random() >> 11) * 0x1p-52 - 1));
    parameters_.push_back({weight, std::vector<float>(weight.size())});
    parameters_.push_back({std::vector<float>(outputs), std::vector<float>(outputs)});
  }
}

std::vector<float> Mlp::forward(std::span<const float> images) {
  const std::int64_t batch = std::int64_t(images.size()) / sizes_[0];
  std::vector<float> x(images.begin(), images.end());
  activations_.clear();
  for (std::size_t layer = 0; layer + 1 < sizes_.size(); ++layer) {
    const std::int64_t inputs = sizes_[layer], outputs = sizes_[layer + 1];
    const std::vector<float>& bias = parameters_[2 * layer + 1].value;
    if (layer > 0)
      for (float& value : x) value = std::max(value, 0.0F);
    std::vector<float> y;
    for (std::int64_t i = 0; i < batch; ++i) y.insert(y.end(), bias.begin(), bias.end());
    add_product(y.data(), {x.data(), inputs, 1}, parameters_[2 * layer].value.data(), batch, outputs, inputs);
    activations_.push_back(std::move(x));
    x = std::move(y);
  }
  return x;
}

void Mlp::backward(std::span<const float> logits_gradient) {
  std::vector<float> dy(logits_gradient.begin(), logits_gradient.end());
  const std::int64_t batch = std::int64_t(dy.size()) / sizes_.back();
  for (std::size_t layer = activations_.size(); layer-- > 0;) {
    const std::int64_t inputs = sizes_[layer], outputs = sizes_[layer + 1];
    const std::vector<float>& x = activations_[layer];
    Parameter &weight = parameters_[2 * layer], &bias = parameters_[2 * layer + 1];
    add_product(weight.gradient.data(), {x.data(), 1, inputs}, dy.data(), inputs, outputs, batch);  // x^T dy
    for (std::size_t i = 0; i < dy.size(); ++i) bias.gradient[i % bias.gradient.size()] += dy[i];
    if (layer == 0) break;
    std::vector<float> transposed(weight.value.size()), dx(x.size());
    for (std::int64_t i = 0; i < inputs; ++i)
      for (std::int64_t j = 0; j < outputs; ++j)
        transposed[std::size_t(j * inputs + i)] = weight.value[std::size_t(i * outputs + j)];
    add_product(dx.data(), {dy.data(), outputs, 1}, transposed.data(), batch, inputs, outputs);  // dy W^T
    for (std::size_t i = 0; i < dx.size(); ++i)
      if (x[i] <= 0) dx[i] = 0;  // ReLU: x is what came out of it
    dy = std::move(dx);
  }
}

}  // namespace lab2
