#include "lab7.hpp"

#include "network.hpp"
#include "pictures.hpp"

namespace lab7 {

// A byte of 255 goes on.
int next_gap(const std::uint8_t*& at) {
  // BEGIN SOLUTION next_gap
  int gap = 0;
  while (*at == 255) gap += *at++;
  return gap + *at++;
  // END SOLUTION
}

// Where most of the time goes.
std::int32_t sparse_dot(std::int32_t sum, int count, Cursor& at, const std::uint8_t* x) {
  // BEGIN SOLUTION sparse_dot
  // Registers: through the reference, each step would go to memory.
  auto [gap, value] = at;
  const auto add_product = [&] {
    // One comparison where next_gap has two, for nearly all gaps are below 255.
    if (__builtin_expect(*gap < 255, 1))
      x += *gap++;
    else
      x += next_gap(gap);
    sum += *value++ * *x;
  };
  // Four at a time, for to count and to jump back costs as much as half a product.
  for (; count >= 4; count -= 4) add_product(), add_product(), add_product(), add_product();
  for (; count > 0; --count) add_product();
  at = {gap, value};
  return sum;
  // END SOLUTION
}

// Rounds, and is the ReLU.
std::uint8_t requantise(std::int32_t sum, std::int32_t factor, int shift) {
  // BEGIN SOLUTION requantise
  // Half a step more and then rounded down is: rounded down to half steps, one more, and half of that rounded
  // down.
  const std::int64_t product = std::int64_t{sum} * factor;
  const auto finish = [](auto halves) {
    const auto y = (halves + 1) >> 1;
    return static_cast<std::uint8_t>(y < 0 ? 0 : y > 255 ? 255 : y);
  };
  // 64 bits are two registers. After a shift by 32 or more, only the upper one is left, and the rest is
  // cheap.
  return shift > 32 ? finish(static_cast<std::int32_t>(product >> 32) >> (shift - 33))
                    : finish(product >> (shift - 1));
  // END SOLUTION
}

void sparse_linear(const Layer& layer, const std::uint8_t* x, std::uint8_t* y) {
  // BEGIN SOLUTION sparse_linear
  Cursor at{layer.gaps, layer.values};
  for (int o = 0; o < layer.outputs; ++o) {
    const std::int32_t sum = sparse_dot(layer.biases[o], layer.counts[o], at, x);
    y[o] = requantise(sum, layer.factors[o], layer.shift);
  }
  // END SOLUTION
}

// Two buffers take turns.
void infer(const Network& network, const std::uint8_t* image, std::int32_t* scores) {
  // BEGIN SOLUTION infer
  std::uint8_t buffers[2][widest];
  const std::uint8_t* x = image;
  for (int i = 0; i + 1 < network.depth; ++i) {
    std::uint8_t* y = buffers[i % 2];
    sparse_linear(network.layers[i], x, y);
    x = y;
  }
  const Layer& last = network.layers[network.depth - 1];
  Cursor at{last.gaps, last.values};
  for (int o = 0; o < last.outputs; ++o) scores[o] = sparse_dot(last.biases[o], last.counts[o], at, x);
  // END SOLUTION
}

// BEGIN SOLUTION
// Calls see(layer, o, at, x) for every row of lenet on every picture, where `at` is its beginning.
template <class See>
static void on_all_pictures(See see) {
  for (const Picture& picture : pictures) {
    std::uint8_t x[28 * 28], y[widest];
    read_picture(picture, x);
    for (int i = 0; i < lenet.depth; ++i) {
      const Layer& layer = lenet.layers[i];
      Cursor at{layer.gaps, layer.values};
      for (int o = 0; o < layer.outputs; ++o) {
        see(layer, o, at, x);
        sparse_dot(0, layer.counts[o], at, x);
      }
      if (layer.factors == nullptr) break;
      sparse_linear(layer, x, y);
      for (int o = 0; o < layer.outputs; ++o) x[o] = y[o];
    }
  }
}
// END SOLUTION

double question1() {
  // BEGIN SOLUTION question1
  double dense = 0, sparse = 0;
  for (int i = 0; i < lenet.depth; ++i) {
    const Layer& layer = lenet.layers[i];
    dense += layer.inputs * layer.outputs;
    const std::uint8_t* gap = layer.gaps;
    for (int o = 0; o < layer.outputs; ++o) {
      sparse += 2 + layer.counts[o];  // the count, and values
      for (int k = 0; k < layer.counts[o]; ++k) next_gap(gap);
    }
    sparse += static_cast<double>(gap - layer.gaps);
  }
  return dense / sparse;
  // END SOLUTION
}

double question2() {
  // BEGIN SOLUTION question2
  double products = 0, zeros = 0;
  on_all_pictures([&](const Layer& layer, int o, Cursor at, const std::uint8_t* x) {
    for (int k = 0; k < layer.counts[o]; ++k) {
      x += next_gap(at.gap);
      ++products, zeros += *x == 0;
    }
  });
  return 100 * zeros / products;
  // END SOLUTION
}

double question3() {
  // BEGIN SOLUTION question3
  std::int64_t most = 0;
  on_all_pictures([&](const Layer& layer, int o, Cursor at, const std::uint8_t* x) {
    const std::int64_t sum = sparse_dot(layer.biases[o], layer.counts[o], at, x);
    most = sum > most ? sum : -sum > most ? -sum : most;
  });
  int bits = 1;  // the sign
  for (; most > 0; most /= 2) ++bits;
  return bits;
  // END SOLUTION
}

}  // namespace lab7
