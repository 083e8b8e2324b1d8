// The checks of lab 6: integers are compared to the bit with naive twins in 64 bits and double, and the
// network of network.hpp is run before and after.
#include <algorithm>
#include <cmath>
#include <limits>

#include "../support/digits.hpp"
#include "../support/grading.hpp"
#include "network.hpp"
using namespace grading;
using namespace lab6;

namespace {

using Int8s = std::vector<std::int8_t>;
using Int32s = std::vector<std::int32_t>;

template <class Numbers>
void require_equal(const Numbers& got, const Numbers& expected, const std::string& of) {
  if (got == expected) return;
  if (got.size() != expected.size()) fail(of, " gave ", got.size(), " numbers, expected ", expected.size());
  const auto i = std::mismatch(got.begin(), got.end(), expected.begin()).first - got.begin();
  fail(of, " gave ", show(got), ", expected ", show(expected), "; number ", i, " is ", +got[i], ", expected ",
       +expected[i]);
}

template <class Call>
void require_invalid(Call call, const std::string& what) {
  try {
    call();
  } catch (const std::invalid_argument&) {
    return;
  }
  fail(what, ": expected std::invalid_argument");
}

int sign(Random& random) { return random.chance(0.5) ? 1 : -1; }

Int8s random_int8s(Random& random, std::int64_t n, int low = -128) {
  Int8s x;
  for (std::int64_t i = 0; i < n; ++i) x.push_back(static_cast<std::int8_t>(random.integer(low, 127)));
  x.shrink_to_fit();
  return x;
}

// ---- scale_zero_point

void range(float low, float high) {
  const Affine got = scale_zero_point(low, high);
  const double from = std::min(low, 0.0F), to = std::max(high, 0.0F),
               scale = from == to ? 1 : (to - from) / 255;
  const std::string of = text("scale_zero_point(", low, ", ", high, ")");
  require(std::abs(got.scale - scale) <= 1e-6 * scale, of, ": the scale is ", got.scale, ", expected ",
          scale);
  const double exact = -128 - from / scale;  // just between two integers, either will do
  require(std::abs(got.zero_point - exact) <= 0.5 + 1e-6, of, ": the zero point is ", got.zero_point,
          ", expected ", exact, ", rounded");
  require(got.zero_point >= -128 && got.zero_point <= 127, of, ": the zero point is ", got.zero_point,
          ", expected an int8, for 0 is one");
}

void both_signs(Random& random) {
  range(-128, 127);
  range(-1, 3);
  for (int i = 0; i < 200; ++i)
    range(random.uniform(-10, 0), random.uniform(0, 1) * std::exp(random.normal()));
}

void one_sign(Random& random) {
  range(0, 255);
  range(3, 6);
  range(-6, -3);
  range(0, 0);
  for (int i = 0; i < 200; ++i) {
    const float a = random.uniform(0, 9), b = a + random.uniform(0, 9);
    range(a, b);
    range(-b, -a);
  }
}

void wrong_ranges(Random&) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN(),
                  infinity = std::numeric_limits<float>::infinity();
  range(-1, 1);
  require_invalid([] { scale_zero_point(1, 0); }, "scale_zero_point(1, 0)");
  require_invalid([] { scale_zero_point(0, infinity); }, "scale_zero_point(0, inf)");
  require_invalid([] { scale_zero_point(nan, 1); }, "scale_zero_point(nan, 1)");
}

// ---- quantize

void quantized(const std::vector<float>& x, Affine affine) {
  Int8s expected;
  for (const float value : x) {
    const double rounded = std::round(static_cast<double>(value) / affine.scale) + affine.zero_point;
    expected.push_back(static_cast<std::int8_t>(std::clamp(rounded, -128.0, 127.0)));
  }
  require_equal(
      quantize(x, affine), expected,
      text("quantize(", show(x), ", {scale ", affine.scale, ", zero point ", affine.zero_point, "})"));
}

void to_the_nearest(Random& random) {
  quantized({0, 1, 1.4F, 1.6F, -1.6F}, {1, 0});
  quantized({1.25F, -1.25F, 1.75F, -0.25F}, {0.5, -3});  // halves
  for (int i = 0; i < 50; ++i)
    quantized(random.floats(random.integer(1, 30)),
              {random.uniform(0.01F, 0.1F), static_cast<int>(random.integer(-128, 127))});
}

void cut_off(Random& random) {
  quantized({127, 128, 300, -128, -129, -300}, {1, 0});
  quantized({100, -100, 50}, {1, 100});
  quantized({1e30F, -1e30F, 3e9F, -3e9F, 1}, {0.01, -20});
  for (int i = 0; i < 50; ++i)
    quantized(random.floats(20, -3, 3),
              {random.uniform(0.001F, 0.01F), static_cast<int>(random.integer(-128, 127))});
}

// ---- quantize_weights

void weights(const std::vector<float>& w, int outputs) {
  const Weights got = quantize_weights(w, outputs);
  const std::string of = text("quantize_weights(", show(w), ", ", outputs, ")");
  require(got.scales.size() == static_cast<std::size_t>(outputs), of, ": ", got.scales.size(),
          " scales, expected ", outputs);
  Int8s expected;
  const std::size_t length = w.size() / outputs;
  for (int o = 0; o < outputs; ++o) {
    double largest = 0;
    for (std::size_t i = o * length; i < (o + 1) * length; ++i)
      largest = std::max(largest, std::abs(static_cast<double>(w[i])));
    const double scale = largest == 0 ? 1 : largest / 127;
    require(std::abs(got.scales[o] - scale) <= 1e-9 * scale, of, ": scale ", o, " is ", got.scales[o],
            ", expected ", scale);
    for (std::size_t i = o * length; i < (o + 1) * length; ++i)
      expected.push_back(static_cast<std::int8_t>(std::round(static_cast<double>(w[i]) / scale)));
  }
  require_equal(got.values, expected, of);
}

void one_row(Random& random) {
  weights({1, -2, 0.5F}, 1);
  weights({0.3F, 127, -126.5F}, 1);
  weights({-5, 1}, 1);
  for (int i = 0; i < 50; ++i) weights(random.floats(random.integer(1, 20)), 1);
}

void rows_of_their_own(Random& random) {
  weights({1, -1, 100, 50}, 2);
  weights({0, 0, 3, 4, 0, 0}, 3);
  for (int i = 0; i < 50; ++i) {
    const int outputs = static_cast<int>(random.integer(2, 6)),
              length = static_cast<int>(random.integer(1, 6));
    std::vector<float> w;
    for (int o = 0; o < outputs; ++o)
      for (const float x : random.floats(length, -std::ldexp(1.0F, -o), std::ldexp(1.0F, -o))) w.push_back(x);
    weights(w, outputs);
  }
}

// ---- quantize_bias

void bias(const std::vector<float>& b, double input_scale, const std::vector<double>& scales) {
  Int32s expected;
  for (std::size_t o = 0; o < b.size(); ++o) {
    const double steps = std::round(static_cast<double>(b[o]) / (input_scale * scales[o]));
    expected.push_back(static_cast<std::int32_t>(std::clamp(steps, -2147483648.0, 2147483647.0)));
  }
  require_equal(quantize_bias(b, input_scale, scales), expected,
                text("quantize_bias(", show(b), ", ", input_scale, ", ", show(scales), ")"));
}

void in_steps_of_the_sum(Random& random) {
  bias({1, 1, -3}, 0.5, {0.25, 0.5, 1});
  bias({2.5F, -2.5F}, 1, {1, 1});
  for (int i = 0; i < 50; ++i) {
    std::vector<double> scales;
    const auto b = random.floats(random.integer(1, 8), -2, 2);
    for (std::size_t o = 0; o < b.size(); ++o) scales.push_back(random.uniform(1e-4F, 1e-2F));
    bias(b, random.uniform(0.001F, 0.1F), scales);
  }
}

void too_large(Random&) {
  bias({1}, 0.001, {0.001});
  bias({3e9F, -3e9F, 1}, 1, {1, 1, 1});
  bias({1e30F, -1e30F, 5}, 1e-6, {1e-6, 1e-6, 1});
}

// ---- int8_linear

std::int8_t twin_requantize(std::int64_t sum, double ratio, int zero, bool relu) {
  const double y = std::round(static_cast<double>(sum) * ratio) + zero;
  return static_cast<std::int8_t>(std::clamp(y, relu ? static_cast<double>(zero) : -128.0, 127.0));
}

// Bias and ratio such that outputs fill the range, and sometimes more.
template <class Layer>
void set_numbers(Random& random, Layer& layer, int outputs, int terms) {
  layer.weights = random_int8s(random, static_cast<std::int64_t>(outputs) * terms, -127);
  layer.input_zero = static_cast<int>(random.integer(-128, 127));
  layer.output_zero = static_cast<int>(random.integer(-128, 127));
  layer.relu = random.chance(0.5);
  for (int o = 0; o < outputs; ++o) {
    layer.bias.push_back(static_cast<std::int32_t>(random.integer(-5000, 5000)));
    layer.ratios.push_back(random.uniform(0.3F, 1.5F) / (80 * std::sqrt(static_cast<double>(terms))));
  }
}

void linear(const Linear& layer, const Int8s& x) {
  Int8s expected;
  for (int o = 0; o < layer.outputs; ++o) {
    std::int64_t sum = layer.bias[o];
    for (int i = 0; i < layer.inputs; ++i)
      sum += std::int64_t{layer.weights[o * layer.inputs + i]} * (std::int64_t{x[i]} - layer.input_zero);
    expected.push_back(twin_requantize(sum, layer.ratios[o], layer.output_zero, layer.relu));
  }
  require_equal(int8_linear(layer, x), expected,
                text("int8_linear of x ", show(x), ", weights ", show(layer.weights), ", bias ",
                     show(layer.bias), ", ratios ", show(layer.ratios), ", input_zero ", layer.input_zero,
                     ", output_zero ", layer.output_zero, layer.relu ? ", relu" : ""));
}

void small_linear(Random& random) {
  linear({2, 1, {3, -2}, {10}, {0.5}, 0, 0, false}, {4, 1});
  linear({1, 2, {1, 1}, {0, 0}, {1, 1}, 5, 0, false}, {7});
  for (int i = 0; i < 200; ++i) {
    Linear layer;
    layer.inputs = static_cast<int>(random.integer(1, 4)),
    layer.outputs = static_cast<int>(random.integer(1, 3));
    set_numbers(random, layer, layer.outputs, layer.inputs);
    linear(layer, random_int8s(random, layer.inputs));
  }
}

void linear_ends(Random& random) {
  linear({1, 3, {1, 1, 1}, {0, 1, -1}, {0.5, 0.5, 0.5}, 0, 0, false}, {0});  // 0, 0.5, -0.5
  linear({1, 1, {1}, {0}, {1}, 0, 10, true}, {-100});                        // relu: 10 stands for 0
  linear({1, 1, {1}, {0}, {1}, 0, -100, true}, {-100});
  linear({1, 2, {127, -127}, {0, 0}, {1, 1}, -128, 3, false}, {127});
  for (int i = 0; i < 200; ++i) {
    Linear layer;
    layer.inputs = 1, layer.outputs = 4;
    set_numbers(random, layer, 4, 1);
    for (double& ratio : layer.ratios) ratio = random.chance(0.5) ? 0.25 : 0.5;  // many halves
    for (auto& b : layer.bias) b = static_cast<std::int32_t>(random.integer(-300, 300));
    linear(layer, random_int8s(random, 1));
  }
}

void long_sums(Random& random) {
  for (int i = 0; i < 10; ++i) {
    Linear layer;
    layer.inputs = 4000, layer.outputs = 3;
    set_numbers(random, layer, 3, 4000);
    layer.input_zero = -128;
    // A sum of 10^8 that floats could not count in ones, brought back by the bias.
    std::fill_n(layer.weights.begin(), 4000, std::int8_t{127});
    Int8s x = random_int8s(random, 4000, 100);
    std::int64_t sum = 0;
    for (const int q : x) sum += 127 * (q + 128);
    layer.bias[0] = static_cast<std::int32_t>(-sum + random.integer(-200, 200));
    layer.ratios[0] = 0.5;
    linear(layer, x);
  }
}

// ---- int8_conv

void conv(const Conv& layer, const Int8s& x) {
  const Sizes& s = layer.sizes;
  Int8s expected;
  for (int o = 0; o < s.outputs; ++o) {
    for (int oy = 0; oy < s.out_height(); ++oy) {
      for (int ox = 0; ox < s.out_width(); ++ox) {
        std::int64_t sum = layer.bias[o];
        for (int c = 0; c < s.channels; ++c) {
          for (int ky = 0; ky < s.kernel; ++ky) {
            for (int kx = 0; kx < s.kernel; ++kx) {
              const int row = oy * s.stride + ky - s.padding, column = ox * s.stride + kx - s.padding;
              const bool inside = row >= 0 && row < s.height && column >= 0 && column < s.width;
              const int q = inside ? x[(c * s.height + row) * s.width + column] : layer.input_zero;
              sum += layer.weights[((o * s.channels + c) * s.kernel + ky) * s.kernel + kx] *
                     (q - layer.input_zero);
            }
          }
        }
        expected.push_back(twin_requantize(sum, layer.ratios[o], layer.output_zero, layer.relu));
      }
    }
  }
  require_equal(
      int8_conv(layer, x), expected,
      text("int8_conv of ", s.channels, " x ", s.height, " x ", s.width, " with ", s.outputs, " kernels of ",
           s.kernel, ", stride ", s.stride, ", padding ", s.padding, ": x ", show(x), ", weights ",
           show(layer.weights), ", bias ", show(layer.bias), ", ratios ", show(layer.ratios), ", input_zero ",
           layer.input_zero, ", output_zero ", layer.output_zero, layer.relu ? ", relu:" : ":"));
}

void random_conv(Random& random, const Sizes& sizes) {
  Conv layer;
  layer.sizes = sizes;
  set_numbers(random, layer, sizes.outputs, sizes.channels * sizes.kernel * sizes.kernel);
  conv(layer, random_int8s(random, sizes.channels * sizes.height * sizes.width));
}

void one_channel(Random& random) {
  conv({{1, 2, 2, 1, 2, 1, 0}, {1, 2, 3, 4}, {0}, {1}, 0, 0, false}, {1, 1, 2, 3});
  for (int i = 0; i < 60; ++i) {
    const int kernel = static_cast<int>(random.integer(1, 3));
    random_conv(random, {1, kernel + static_cast<int>(random.integer(0, 2)),
                         kernel + static_cast<int>(random.integer(0, 2)), 1, kernel, 1, 0});
  }
}

void many_channels(Random& random) {
  for (int i = 0; i < 60; ++i) {
    const int kernel = static_cast<int>(random.integer(1, 3));
    random_conv(random,
                {static_cast<int>(random.integer(1, 4)), kernel + static_cast<int>(random.integer(0, 5)),
                 kernel + static_cast<int>(random.integer(0, 5)), static_cast<int>(random.integer(1, 4)),
                 kernel, static_cast<int>(random.integer(1, 3)), 0});
  }
}

void padding(Random& random) {
  conv({{1, 1, 1, 1, 3, 1, 1}, {1, 1, 1, 1, 1, 1, 1, 1, 1}, {0}, {1}, 10, 0, false}, {12});
  for (int i = 0; i < 100; ++i) {
    const int kernel = static_cast<int>(random.integer(1, 4)),
              pad = static_cast<int>(random.integer(1, kernel));
    random_conv(random,
                {static_cast<int>(random.integer(1, 3)), kernel + static_cast<int>(random.integer(0, 4)),
                 kernel + static_cast<int>(random.integer(0, 4)), static_cast<int>(random.integer(1, 3)),
                 kernel, static_cast<int>(random.integer(1, 3)), pad});
  }
}

std::span<const float> some_images() {
  return std::span(digits().images).first(784 * std::min<std::size_t>(500, digits().labels.size()));
}

void network_in_int8(Random&) {
  (void)scale_zero_point(0, 1);  // if it is not written, nothing has to be trained to say so
  const FloatNetwork& network = trained_network();
  const Int8Network rounded = to_int8(network, some_images());
  const double before = accuracy(network), after = accuracy(rounded);
  note(digits().name, ": ", before, "% right in floats, ", after, "% in int8");
  require(before > 70, "the float network is ", before,
          "% right, expected 70 or more; it is not to be blamed on you");
  require(after >= before - 0.3, "the network is ", before, "% right in floats and ", after,
          "% in int8, expected to lose 0.3 or less");
}

// ---- kmeans_codebook

struct Twin {
  std::vector<double> centres;
  std::vector<std::uint8_t> index;
};

Twin twin_codebook(const std::vector<float>& w, int k) {
  const double low = *std::min_element(w.begin(), w.end()), high = *std::max_element(w.begin(), w.end());
  Twin twin;
  for (int c = 0; c < k; ++c)
    twin.centres.push_back(k == 1 ? (low + high) / 2 : low + (high - low) * c / (k - 1));
  for (bool changed = true; changed;) {
    std::vector<std::uint8_t> index;
    for (const float x : w) {
      int best = 0;
      for (int c = 1; c < k; ++c)
        if (std::abs(x - twin.centres[c]) < std::abs(x - twin.centres[best])) best = c;
      index.push_back(static_cast<std::uint8_t>(best));
    }
    changed = index != twin.index;
    twin.index = index;
    for (int c = 0; c < k; ++c) {
      double sum = 0, count = 0;
      for (std::size_t i = 0; i < w.size(); ++i)
        if (index[i] == c) sum += w[i], ++count;
      if (count > 0) twin.centres[c] = sum / count;
    }
  }
  return twin;
}

void codebook(const std::vector<float>& w, int k) {
  const Codebook got = kmeans_codebook(w, k);
  const Twin twin = twin_codebook(w, k);
  const std::string of = text("kmeans_codebook(", show(w), ", ", k, ")");
  require_near(got.centres, std::vector<float>(twin.centres.begin(), twin.centres.end()), 1e-5,
               of + ".centres");
  require(got.index.size() == w.size(), of, ": ", got.index.size(), " indices, expected ", w.size());
  for (std::size_t i = 0; i < w.size(); ++i) {
    const int mine = got.index[i], best = twin.index[i];
    require(mine < k, of, ": index ", i, " is ", mine, ", expected less than ", k);
    // Sums in another order may move a tie.
    const double further = std::abs(w[i] - twin.centres[mine]) - std::abs(w[i] - twin.centres[best]);
    require(mine == best || (w.size() > 20 && further < 1e-6), of, ": index ", i, ", of ", w[i], ", is ",
            mine, ", expected ", best, " of the centres ", show(twin.centres));
  }
}

void few_weights(Random& random) {
  codebook({1, 2, 9, 10}, 2);
  codebook({5}, 1);
  codebook({1, 2, 6}, 1);
  codebook({3, 3, 3}, 2);
  codebook({0, 4, 4.5F, 7, 7.5F, 10}, 3);
  for (int i = 0; i < 100; ++i)
    codebook(random.floats(random.integer(1, 9)), static_cast<int>(random.integer(1, 4)));
}

void ties_and_lonely_centres(Random& random) {
  codebook({0, 1, 2}, 2);    // 1 is as near to 0 as to 2
  codebook({0, 1, 100}, 5);  // nothing is near 25, 50 and 75
  codebook({-1, -0.9F, 0.9F, 1, 1}, 4);
  for (int i = 0; i < 100; ++i) {
    std::vector<float> w;
    for (std::int64_t n = random.integer(2, 8); n > 0; --n)
      w.push_back(static_cast<float>(random.integer(0, 12)));
    codebook(w, static_cast<int>(random.integer(2, 7)));
  }
}

void many_weights(Random& random) {
  for (int i = 0; i < 5; ++i) {
    std::vector<float> w;
    for (int n = 0; n < 600; ++n) w.push_back(random.normal() * (random.chance(0.05) ? 5.0F : 1.0F));
    codebook(w, i == 0 ? 256 : static_cast<int>(random.integer(8, 40)));
  }
  require_invalid([] { kmeans_codebook(std::vector<float>{1}, 0); }, "kmeans_codebook of 0 centres");
  require_invalid([] { kmeans_codebook(std::vector<float>{1}, 257); }, "kmeans_codebook of 257 centres");
  require_invalid([] { kmeans_codebook(std::vector<float>{}, 2); }, "kmeans_codebook of no weights");
}

void network_in_codebooks(Random&) {
  (void)kmeans_codebook(std::vector<float>{0, 1}, 2);
  const double most_lost = digits().name == "fashion-mnist" ? 2.5 : 0.7;
  const FloatNetwork& network = trained_network();
  const double before = accuracy(network);
  for (const int k : {4, 8})
    note(digits().name, ": with ", k, " centres a layer ", accuracy(with_codebooks(network, k)), "% right");
  const double after = accuracy(with_codebooks(network, 16));
  note(digits().name, ": with 16 centres ", after, "%, with all weights their own ", before, "%");
  require(after >= before - most_lost, "the network is ", before, "% right, and ", after,
          "% with 16 centres a layer, expected to lose ", most_lost, " or less");
}

// ---- pack

std::vector<std::uint8_t> twin_pack(const std::vector<std::uint8_t>& index, int bits) {
  std::vector<bool> stream;
  for (const int i : index)
    for (int b = 0; b < bits; ++b) stream.push_back((i >> b & 1) != 0);
  std::vector<std::uint8_t> bytes;
  for (std::size_t at = 0; at < stream.size(); at += 8) {
    int byte = 0;
    for (std::size_t b = 0; b < 8 && at + b < stream.size(); ++b) byte += stream[at + b] << b;
    bytes.push_back(static_cast<std::uint8_t>(byte));
  }
  return bytes;
}

void packed(const std::vector<std::uint8_t>& index, int bits) {
  require_equal(pack(index, bits), twin_pack(index, bits), text("pack(", show(index), ", ", bits, ")"));
}

void packs(Random& random) {
  packed({1, 2}, 4);
  packed({1, 0, 1, 1}, 1);
  packed({5, 2, 7}, 3);
  packed({200, 7}, 8);
  for (int i = 0; i < 100; ++i) {
    const int bits = static_cast<int>(random.integer(1, 8));
    std::vector<std::uint8_t> index;
    for (std::int64_t n = random.integer(1, 20); n > 0; --n)
      index.push_back(static_cast<std::uint8_t>(random.integer(0, (1 << bits) - 1)));
    packed(index, bits);
  }
}

void network_in_bytes(Random&) {
  (void)pack(std::vector<std::uint8_t>{1}, 1);
  const FloatNetwork& network = trained_network();
  double before = 0, after = 0;
  const auto add = [&](const std::vector<float>& w, const std::vector<float>& b) {
    const Twin twin = twin_codebook(w, 16);
    const auto bytes = pack(twin.index, 4);
    require(bytes == twin_pack(twin.index, 4), "pack of ", w.size(),
            " indices of a layer, in 4 bits each, is not right");
    before += 4.0 * static_cast<double>(w.size() + b.size());
    after += static_cast<double>(bytes.size()) + 4 * (16 + static_cast<double>(b.size()));
  };
  for (const FloatConv& layer : network.convs) add(layer.weights, layer.bias);
  add(network.weights, network.bias);
  note(before, " bytes in floats, ", after, " with 16 centres a layer, ",
       std::round(10 * before / after) / 10, " times less");
  require(after < before / 7, "the network takes ", after, " bytes, expected less than a seventh of ",
          before);
}

// ---- questions

void rounding_error(Random& random) {
  const Affine affine = scale_zero_point(-1, 1);
  const auto x = random.floats(100000);
  const auto q = quantize(x, affine);
  require(q.size() == x.size(), "question1: quantize gives ", q.size(), " numbers of ", x.size());
  double squares = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    squares += std::pow(affine.scale * (q[i] - affine.zero_point) - x[i], 2);
  const double error = std::sqrt(squares / 1e5) / affine.scale, got = question1();
  require(std::abs(got - error) <= 0.02 * error, "question1: ", got, " is not what your functions give here");
}

double error_of_rows(const std::vector<float>& w, int rows) {
  double squares = 0;
  const std::size_t length = w.size() / rows;
  for (int o = 0; o < rows; ++o) {
    double largest = 0;
    for (std::size_t i = o * length; i < (o + 1) * length; ++i)
      largest = std::max(largest, std::abs(static_cast<double>(w[i])));
    for (std::size_t i = o * length; i < (o + 1) * length; ++i)
      squares += std::pow(std::round(w[i] / largest * 127) * largest / 127 - w[i], 2);
  }
  return squares;
}

void one_scale_for_all(Random&) {
  const double got = question2();
  const FloatConv& last = trained_network().convs.back();
  const double expected = error_of_rows(last.weights, 1) / error_of_rows(last.weights, last.sizes.outputs);
  require(std::abs(got - expected) <= 0.25 * expected, "question2: ", got, " is not what is measured here");
}

void entropy(Random&) {
  const double got = question3();
  const Twin twin = twin_codebook(trained_network().convs.back().weights, 16);
  double expected = 0;
  for (int c = 0; c < 16; ++c) {
    const double p = static_cast<double>(std::count(twin.index.begin(), twin.index.end(), c)) /
                     static_cast<double>(twin.index.size());
    if (p > 0) expected -= p * std::log2(p);
  }
  require(std::abs(got - expected) <= 0.2, "question3: ", got, " is not what is measured here");
}

}  // namespace

const std::vector<Check> grading::checks = {
    {"scale_zero_point", 1, "ranges with 0 in them", both_signs},
    {"scale_zero_point", 1, "ranges on one side of 0", one_sign},
    {"scale_zero_point", 1, "what is no range", wrong_ranges},
    {"quantize", 1, "to the nearest", to_the_nearest},
    {"quantize", 1, "cut off at the ends", cut_off},
    {"quantize_weights", 1, "one row", one_row},
    {"quantize_weights", 2, "each row with a scale of its own", rows_of_their_own},
    {"quantize_bias", 1, "in steps of the sum", in_steps_of_the_sum},
    {"quantize_bias", 1, "what is too large for int32", too_large},
    {"int8_linear", 2, "small layers", small_linear},
    {"int8_linear", 1, "halves, ends and relu", linear_ends},
    {"int8_linear", 1, "sums above 2^24", long_sums},
    {"int8_conv", 1, "one channel", one_channel},
    {"int8_conv", 1, "channels and strides", many_channels},
    {"int8_conv", 2, "padding", padding},
    {"int8_conv", 2, "the network in int8 loses 0.3 points or less", network_in_int8, When::release},
    {"kmeans_codebook", 1, "few weights", few_weights},
    {"kmeans_codebook", 1, "ties, and centres without weights", ties_and_lonely_centres},
    {"kmeans_codebook", 1, "many weights, and what is not allowed", many_weights},
    {"kmeans_codebook", 1, "the network in 16 centres a layer", network_in_codebooks, When::release},
    {"pack", 1, "bits behind bits", packs},
    {"pack", 1, "the network in bytes", network_in_bytes, When::release},
    {"question1", 1, "the error of rounding", rounding_error},
    {"question2", 1, "one scale for all channels", one_scale_for_all, When::release},
    {"question3", 1, "bits of an index", entropy, When::release},
};
