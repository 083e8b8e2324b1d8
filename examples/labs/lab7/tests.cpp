// The checks of lab 7. First on this machine, under sanitizers, with random networks in buffers of the exact
// size; then device/run.sh runs the file on an emulated Cortex-M3.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <new>
#include <sstream>

#include "../support/grading.hpp"
#include "lab7.hpp"
#include "network.hpp"
#include "pictures.hpp"
using namespace grading;
using namespace lab7;

// Whoever calls new is counted.
static int allocations = 0;
void* operator new(std::size_t size) {
  ++allocations;
  if (void* p = std::malloc(size > 0 ? size : 1)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace {

using Bytes = std::vector<std::uint8_t>;
using Scores = std::vector<std::int32_t>;

// A layer with what its pointers point to, and as dense numbers.
struct Owned {
  int inputs = 0, outputs = 0, shift = 0;
  std::vector<int> dense;
  std::vector<std::uint16_t> counts;
  Bytes gaps;
  std::vector<std::int8_t> values;
  Scores biases, factors;

  Layer view() const {
    return {inputs,
            outputs,
            counts.data(),
            gaps.data(),
            values.data(),
            biases.data(),
            factors.empty() ? nullptr : factors.data(),
            shift};
  }
};

void write_gap(Bytes& gaps, int gap) {
  for (; gap >= 255; gap -= 255) gaps.push_back(255);
  gaps.push_back(static_cast<std::uint8_t>(gap));
}

Owned pack(int inputs, int outputs, const std::vector<int>& dense) {
  Owned layer{inputs, outputs, 0, dense, {}, {}, {}, Scores(static_cast<std::size_t>(outputs)), {}};
  for (int o = 0; o < outputs; ++o) {
    int count = 0, last = 0;
    for (int i = 0; i < inputs; ++i) {
      const int w = dense[static_cast<std::size_t>(o * inputs + i)];
      if (w == 0) continue;
      write_gap(layer.gaps, i - last);
      layer.values.push_back(static_cast<std::int8_t>(w));
      last = i, ++count;
    }
    layer.counts.push_back(static_cast<std::uint16_t>(count));
  }
  // Read one byte too many, and the sanitizer sees it.
  layer.gaps.shrink_to_fit(), layer.values.shrink_to_fit();
  return layer;
}

// In the scale of its inputs: outputs fill 0 to 255, and sometimes more.
Owned random_layer(Random& random, int inputs, int outputs, double density, bool last) {
  std::vector<int> dense(static_cast<std::size_t>(inputs * outputs));
  for (int& w : dense)
    if (random.chance(density)) w = static_cast<int>(random.integer(1, 127)) * (random.chance(0.5) ? 1 : -1);
  // A row without weights, and one with its first and last weight alone.
  if (outputs > 2) std::fill_n(dense.begin() + inputs, inputs, 0);
  if (outputs > 3) {
    std::fill_n(dense.begin() + 2 * inputs, inputs, 0);
    dense[static_cast<std::size_t>(2 * inputs)] = dense[static_cast<std::size_t>(3 * inputs - 1)] = 100;
  }
  Owned layer = pack(inputs, outputs, dense);
  for (auto& b : layer.biases) b = static_cast<std::int32_t>(random.integer(-20000, 20000));
  if (last) return layer;
  layer.shift = static_cast<int>(random.integer(28, 40));
  const double ratio = 1 / (60 * std::sqrt(1 + density * inputs));
  for (int o = 0; o < outputs; ++o) {
    const double factor = std::ldexp(ratio * random.uniform(0.3F, 2), layer.shift);
    layer.factors.push_back(static_cast<std::int32_t>(std::min(factor, 2147483647.0)));
  }
  return layer;
}

Bytes random_bytes(Random& random, int n) {
  Bytes x;
  for (int i = 0; i < n; ++i)
    x.push_back(static_cast<std::uint8_t>(random.chance(0.5) ? 0 : random.integer(0, 255)));
  x.shrink_to_fit();
  return x;
}

// sum * factor / 2^shift in 128 bits: floor(2 a + 1 halves).
int twin_requantise(std::int64_t sum, std::int64_t factor, int shift) {
  const __int128 y =
      (static_cast<__int128>(sum) * factor + (static_cast<__int128>(1) << (shift - 1))) >> shift;
  return static_cast<int>(y < 0 ? 0 : y > 255 ? 255 : y);
}

Scores twin_sums(const Owned& layer, const Bytes& x) {
  Scores sums = layer.biases;
  for (int o = 0; o < layer.outputs; ++o)
    for (int i = 0; i < layer.inputs; ++i)
      sums[static_cast<std::size_t>(o)] +=
          layer.dense[static_cast<std::size_t>(o * layer.inputs + i)] * x[static_cast<std::size_t>(i)];
  return sums;
}

Bytes twin_outputs(const Owned& layer, const Bytes& x) {
  Bytes y;
  const Scores sums = twin_sums(layer, x);
  for (std::size_t o = 0; o < sums.size(); ++o)
    y.push_back(static_cast<std::uint8_t>(twin_requantise(sums[o], layer.factors[o], layer.shift)));
  return y;
}

// The same of a layer that is written down sparse.
Owned unpack(const Layer& layer) {
  Owned owned;
  owned.inputs = layer.inputs, owned.outputs = layer.outputs, owned.shift = layer.shift;
  owned.dense.resize(static_cast<std::size_t>(layer.inputs * layer.outputs));
  owned.biases.assign(layer.biases, layer.biases + layer.outputs);
  owned.counts.assign(layer.counts, layer.counts + layer.outputs);
  if (layer.factors != nullptr) owned.factors.assign(layer.factors, layer.factors + layer.outputs);
  const std::uint8_t* gap = layer.gaps;
  const std::int8_t* value = layer.values;
  for (int o = 0; o < layer.outputs; ++o) {
    for (int k = 0, i = o * layer.inputs; k < layer.counts[o]; ++k) {
      while (*gap == 255) i += *gap++;
      owned.dense[static_cast<std::size_t>(i += *gap++)] = *value++;
    }
  }
  owned.gaps.assign(layer.gaps, gap);
  owned.values.assign(layer.values, value);
  return owned;
}

std::vector<Owned> unpack(const Network& network) {
  std::vector<Owned> layers;
  for (int i = 0; i < network.depth; ++i) layers.push_back(unpack(network.layers[i]));
  return layers;
}

Scores twin_infer(const std::vector<Owned>& layers, Bytes x) {
  for (std::size_t i = 0; i + 1 < layers.size(); ++i) x = twin_outputs(layers[i], x);
  return twin_sums(layers.back(), x);
}

Bytes pixels_of(const Picture& picture) {
  Bytes x(28 * 28);
  read_picture(picture, x.data());
  return x;
}

// ---- next_gap

void read_gaps(const std::vector<int>& expected) {
  Bytes bytes;
  for (const int gap : expected) write_gap(bytes, gap);
  bytes.shrink_to_fit();
  const std::uint8_t* at = bytes.data();
  std::vector<int> got;
  for (std::size_t k = 0; k < expected.size(); ++k) {
    if (k > 0 && at >= bytes.data() + bytes.size())
      fail("next_gap: of the bytes ", show(bytes), " nothing was left after ", show(got),
           ", expected the gaps ", show(expected));
    got.push_back(next_gap(at));
  }
  require(got == expected, "next_gap: the bytes ", show(bytes), " gave ", show(got), ", expected ",
          show(expected));
  require(at == bytes.data() + bytes.size(), "next_gap: after the ", expected.size(), " gaps of ",
          show(bytes), " it is ", at - bytes.data(), " bytes further, expected ", bytes.size());
}

void short_gaps(Random& random) {
  read_gaps({3});
  read_gaps({1, 0, 254});
  std::vector<int> gaps;
  for (int i = 0; i < 8; ++i) gaps.push_back(static_cast<int>(random.integer(0, 254)));
  read_gaps(gaps);
}

void long_gaps(Random& random) {
  read_gaps({255, 1});
  read_gaps({600, 2, 509, 510});
  for (int round = 0; round < 20; ++round) {
    std::vector<int> gaps;
    for (int i = 0; i < 5; ++i) gaps.push_back(static_cast<int>(random.integer(0, 1100)));
    read_gaps(gaps);
  }
}

// ---- sparse_dot

void dot(Random& random, const std::vector<int>& dense, std::int32_t start) {
  const int inputs = static_cast<int>(dense.size());
  const Owned layer = pack(inputs, 1, dense);
  const Bytes x = random_bytes(random, inputs);
  Cursor at{layer.gaps.data(), layer.values.data()};
  const std::int32_t got = sparse_dot(start, layer.counts[0], at, x.data());
  const std::int32_t expected = start + twin_sums(layer, x)[0];
  require(got == expected, "sparse_dot: gaps ", show(layer.gaps), ", values ", show(layer.values), ", x ",
          show(x), ", sum ", start, " gave ", got, ", expected ", expected);
}

void small_rows(Random& random) {
  dot(random, {0, 5, 0, 0, -3}, 0);
  dot(random, {127, 0, 0, 0, 0, -127}, 1000);
  dot(random, {0, 0, 0}, -7);
  for (int round = 0; round < 50; ++round) {
    std::vector<int> dense(static_cast<std::size_t>(random.integer(1, 12)));
    for (int& w : dense)
      if (random.chance(0.6)) w = static_cast<int>(random.integer(-127, 127));
    dot(random, dense, static_cast<std::int32_t>(random.integer(-1000, 1000)));
  }
}

void long_rows(Random& random) {
  for (int round = 0; round < 40; ++round) {
    std::vector<int> dense(static_cast<std::size_t>(random.integer(500, 2000)));
    const double density = random.chance(0.3) ? 0.9 : 0.003;
    for (int& w : dense)
      if (random.chance(density)) w = static_cast<int>(random.integer(-127, 127));
    dense.back() = 1;
    dot(random, dense, static_cast<std::int32_t>(random.integer(-1000000, 1000000)));
  }
}

void row_after_row(Random& random) {
  for (int round = 0; round < 20; ++round) {
    const int inputs = static_cast<int>(random.integer(1, round < 5 ? 6 : 600)), outputs = 6;
    const Owned layer = random_layer(random, inputs, outputs, random.uniform(0, 0.3F), true);
    const Bytes x = random_bytes(random, inputs);
    const Scores expected = twin_sums(layer, x);
    Cursor at{layer.gaps.data(), layer.values.data()};
    const std::int8_t* value = layer.values.data();
    for (std::size_t o = 0; o < outputs; ++o) {
      const std::int32_t got = sparse_dot(layer.biases[o], layer.counts[o], at, x.data());
      require(at.value - value == layer.counts[o], "sparse_dot: row ", o, " of ", inputs, " inputs and ",
              layer.counts[o], " weights: the cursor is then ", at.value - value, " values further");
      value = at.value;
      require(got == expected[o], "sparse_dot: row ", o, " of ", inputs,
              " inputs, read behind the rows before it (counts ", show(layer.counts), ", gaps ",
              show(layer.gaps), "), gave ", got, ", expected ", expected[o]);
    }
    require(at.gap == layer.gaps.data() + layer.gaps.size(), "sparse_dot: after all rows of the gaps ",
            show(layer.gaps), " the cursor is ", at.gap - layer.gaps.data(), " gaps further, expected ",
            layer.gaps.size());
  }
}

// ---- requantise

void one_number(std::int64_t sum, std::int64_t factor, int shift) {
  const int got = requantise(static_cast<std::int32_t>(sum), static_cast<std::int32_t>(factor), shift);
  const int expected = twin_requantise(sum, factor, shift);
  require(got == expected, "requantise: sum ", sum, ", factor ", factor, ", shift ", shift, " gave ", got,
          ", expected ", expected);
}

void rounds(Random& random) {
  one_number(6, 1, 1);
  one_number(5, 1, 1);  // 2.5
  one_number(7, 3, 2);  // 5.25
  for (int i = 0; i < 500; ++i) {
    const int shift = static_cast<int>(random.integer(1, 8));
    one_number(random.integer(0, 1000), random.integer(1, 20), shift);
  }
}

void cuts_off(Random& random) {
  one_number(-4, 1, 1);
  one_number(1000, 1, 1);
  one_number(511, 1, 1);  // 255.5
  one_number(-1, 1, 1);   // -0.5
  for (int i = 0; i < 500; ++i) one_number(random.integer(-3000, 3000), random.integer(1, 40), 6);
}

void in_64_bits(Random& random) {
  one_number(100000, 1 << 30, 40);
  one_number(-100000, 1 << 30, 40);
  one_number(2147483647, 2147483647, 62);
  one_number(-2147483647 - 1, 2147483647, 54);
  for (int i = 0; i < 5000; ++i) {
    const int shift = static_cast<int>(random.integer(20, 62));
    const auto factor = random.integer(1LL << 28, 2147483647);
    // Most results lie in 0..255.
    const double middle = std::ldexp(random.uniform(-20, 300), shift) / static_cast<double>(factor);
    one_number(static_cast<std::int64_t>(std::clamp(middle, -2147483648.0, 2147483647.0)), factor, shift);
  }
}

void halves(Random& random) {
  for (int i = 0; i < 2000; ++i) {
    const int shift = static_cast<int>(random.integer(25, 45));
    const std::int64_t odd = 2 * random.integer(-5, 256) + 1;
    // odd / 2 exactly: odd * 2^(shift - 1) as a product.
    const int in_sum = std::min(shift - 1, 20), in_factor = shift - 1 - in_sum;
    one_number(odd << in_sum, 1LL << in_factor, shift);
    one_number((odd << in_sum) - 1, 1LL << in_factor, shift);
  }
}

// ---- sparse_linear

void linear(Random& random, int inputs, int outputs, double density) {
  const Owned layer = random_layer(random, inputs, outputs, density, false);
  const Bytes x = random_bytes(random, inputs), expected = twin_outputs(layer, x);
  Bytes y(static_cast<std::size_t>(outputs), 77);
  y.shrink_to_fit();
  sparse_linear(layer.view(), x.data(), y.data());
  for (std::size_t o = 0; o < y.size(); ++o)
    require(y[o] == expected[o], "sparse_linear: ", inputs, " inputs ", show(x), ", ", outputs,
            " outputs, counts ", show(layer.counts), ", gaps ", show(layer.gaps), ", values ",
            show(layer.values), ", biases ", show(layer.biases), ", factors ", show(layer.factors),
            ", shift ", layer.shift, ": y[", o, "] is ", static_cast<int>(y[o]), ", expected ",
            static_cast<int>(expected[o]));
}

void small_layers(Random& random) {
  for (int round = 0; round < 30; ++round) linear(random, static_cast<int>(random.integer(1, 4)), 2, 0.6);
  for (int round = 0; round < 30; ++round) linear(random, static_cast<int>(random.integer(2, 9)), 5, 0.5);
}

void large_layers(Random& random) {
  for (int round = 0; round < 10; ++round)
    linear(random, static_cast<int>(random.integer(300, 1000)), static_cast<int>(random.integer(1, widest)),
           0.02);
  linear(random, 784, 4, 1);
}

// ---- infer

void random_network(Random& random, int depth, int most) {
  std::vector<Owned> owned;
  std::vector<Layer> layers;
  int inputs = static_cast<int>(random.integer(1, 2 * most));
  for (int i = 0; i < depth; ++i) {
    const bool last = i + 1 == depth;
    const int outputs =
        last ? static_cast<int>(random.integer(1, 10)) : static_cast<int>(random.integer(1, most));
    owned.push_back(random_layer(random, inputs, outputs, random.uniform(0.1F, 0.6F), last));
    inputs = outputs;
  }
  for (const auto& layer : owned) layers.push_back(layer.view());
  const Network network{layers.data(), depth};
  const Bytes first = random_bytes(random, owned[0].inputs), second = random_bytes(random, owned[0].inputs);
  // The first again: nothing may be left of the second.
  for (const auto& image : {first, second, first}) {
    Scores got(static_cast<std::size_t>(inputs), -1);
    got.shrink_to_fit();
    infer(network, image.data(), got.data());
    const Scores expected = twin_infer(owned, image);
    std::vector<int> widths{owned[0].inputs};
    for (const auto& layer : owned) widths.push_back(layer.outputs);
    require(got == expected, "infer: a network of widths ", show(widths), " on the image ", show(image),
            " gave ", show(got), ", expected ", show(expected));
  }
}

void random_networks(Random& random) {
  for (int round = 0; round < 10; ++round) random_network(random, 1, 4);
  for (int round = 0; round < 10; ++round) random_network(random, 2, 4);
  for (int round = 0; round < 30; ++round) random_network(random, static_cast<int>(random.integer(3, 6)), 20);
  for (int round = 0; round < 3; ++round) random_network(random, 4, widest);
}

void twenty_digits(Random&) {
  const auto layers = unpack(lenet);
  int right = 0;
  for (const auto& picture : pictures) {
    Bytes image = pixels_of(picture);
    Scores got(10, -1);
    const int before = allocations;
    infer(lenet, image.data(), got.data());
    require(allocations == before, "infer: ", allocations - before,
            " calls of new for one picture, expected none");
    const Scores expected = twin_infer(layers, image);
    require(got == expected, "infer: the picture of a ", picture.label, " gave the scores ", show(got),
            ", expected ", show(expected));
    right += std::max_element(got.begin(), got.end()) - got.begin() == picture.label;
  }
  note(right, " of 20 pictures are recognised");
}

// ---- on the chip

struct Report {
  long flash = -1, variables = -1, stack = 0, pictures = 0;
  double instructions = 0;  // an image
  std::string floats;
};

// Right scores come first: whoever computes nothing is fast and small.
Report run_on_chip() {
  const auto layers = unpack(lenet);
  Scores scores(10);
  infer(lenet, pixels_of(pictures[0]).data(), scores.data());  // not written? Then it says so here

  const std::string command =
      "bash '" + (lab_folder() / "device/run.sh").string() + "' '" + student_file().string() + "' 2>&1";
  FILE* output = popen(command.c_str(), "r");
  require(output != nullptr, "infer: cannot run device/run.sh");
  std::string text;
  for (int c; (c = std::fgetc(output)) != EOF;) text += static_cast<char>(c);
  pclose(output);

  Report report;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key;
    long number = 0;
    words >> key;
    if (key == "scores") {
      Scores got;
      for (std::int32_t score; words >> score;) got.push_back(score);
      require(report.pictures < 20, "infer: on the Cortex-M3 there are more than 20 lines of scores");
      const Picture& picture = pictures[report.pictures++];
      const Scores expected = twin_infer(layers, pixels_of(picture));
      require(got == expected, "infer: on the Cortex-M3, the picture of a ", picture.label, " gave ",
              show(got), ", expected ", show(expected));
    } else if (key == "float") {
      words >> report.floats;
    } else if (words >> number && key == "flash") {
      report.flash = number;
    } else if (words && key == "variables") {
      report.variables = number;
    } else if (words && key == "stack") {
      report.stack = std::max(report.stack, number);
    } else if (words && key == "instructions") {
      report.instructions += static_cast<double>(number) / 20;
    } else {
      fail("infer: on the Cortex-M3: ", line);
    }
  }
  require(report.pictures == 20 && report.flash > 0 && report.variables > 0, "infer: on the Cortex-M3 ",
          report.pictures, " pictures were read, expected 20");
  return report;
}

void same_on_chip(Random&) { run_on_chip(); }

constexpr long most_flash = 16 * 1024, most_ram = 2 * 1024;

void flash_and_ram(Random&) {
  const Report report = run_on_chip();
  const long ram = report.variables + report.stack;
  note(report.flash, " bytes of flash, ", ram, " of RAM (variables ", report.variables, ", stack ",
       report.stack, ")");
  require(report.floats.empty(), "infer: there is floating point on the chip (", report.floats,
          "), expected none");
  require(report.flash <= most_flash, "infer: takes ", report.flash, " bytes of flash, expected ", most_flash,
          " or less");
  require(ram <= most_ram, "infer: takes ", ram, " bytes of RAM (variables ", report.variables, ", stack ",
          report.stack, "), expected ", most_ram, " or less");
}

void instructions(Random&) {
  const Report report = run_on_chip();
  long live = 0;
  for (const auto& layer : unpack(lenet)) live += static_cast<long>(layer.values.size());
  note(std::lround(report.instructions), " instructions an image, ",
       std::round(10 * report.instructions / static_cast<double>(live)) / 10, " for each of ", live,
       " weights");
  int steps = 0;
  for (const double limit : {115000, 90000, 64000}) steps += report.instructions <= limit;
  require(steps > 0, "infer: ", std::lround(report.instructions),
          " instructions an image, expected 115000 or less");
  earn(steps / 3.0);
}

// ---- questions

void answer(const char* name, double got, double expected, double tolerance) {
  // The right number is not told.
  require(std::abs(got - expected) <= tolerance, name, ": ", got, " is not what is measured here");
}

void bytes_saved(Random&) {
  double dense = 0, sparse = 0;
  for (const auto& layer : unpack(lenet)) {
    dense += static_cast<double>(layer.dense.size());
    sparse += static_cast<double>(2 * layer.counts.size() + layer.gaps.size() + layer.values.size());
  }
  answer("question1", question1(), dense / sparse, 0.02 * dense / sparse);
}

void products_with_zero(Random&) {
  double products = 0, zeros = 0;
  const auto layers = unpack(lenet);
  for (const auto& picture : pictures) {
    Bytes x = pixels_of(picture);
    for (const auto& layer : layers) {
      for (std::size_t i = 0; i < layer.dense.size(); ++i) {
        if (layer.dense[i] == 0) continue;
        ++products;
        zeros += x[i % static_cast<std::size_t>(layer.inputs)] == 0;
      }
      if (!layer.factors.empty()) x = twin_outputs(layer, x);
    }
  }
  answer("question2", question2(), 100 * zeros / products, 0.5);
}

void bits_of_sums(Random&) {
  double most = 0;
  const auto layers = unpack(lenet);
  for (const auto& picture : pictures) {
    Bytes x = pixels_of(picture);
    for (const auto& layer : layers) {
      for (const std::int32_t sum : twin_sums(layer, x))
        most = std::max(most, std::abs(static_cast<double>(sum)));
      if (!layer.factors.empty()) x = twin_outputs(layer, x);
    }
  }
  answer("question3", question3(), std::floor(std::log2(most)) + 2, 0);
}

}  // namespace

const std::vector<Check> grading::checks = {
    {"next_gap", 1, "gaps of one byte", short_gaps},
    {"next_gap", 1, "gaps of 255 and more", long_gaps},
    {"sparse_dot", 2, "short rows", small_rows},
    {"sparse_dot", 1, "long rows, few and many weights", long_rows},
    {"sparse_dot", 1, "row after row, and where the cursor is then", row_after_row},
    {"requantise", 1, "to the nearest", rounds},
    {"requantise", 1, "0 and 255 are the ends", cuts_off},
    {"requantise", 1, "products of 64 bits", in_64_bits},
    {"requantise", 1, "halves go up", halves},
    {"sparse_linear", 2, "small layers", small_layers},
    {"sparse_linear", 1, "large layers", large_layers},
    {"infer", 2, "random networks of 1 to 6 layers", random_networks},
    {"infer", 1, "twenty digits, without a heap", twenty_digits},
    {"infer", 3, "the same scores on a Cortex-M3", same_on_chip, When::release},
    {"infer", 2, "16 KiB of flash, 2 KiB of RAM, no floating point", flash_and_ram, When::release},
    {"infer", 3, "few instructions", instructions, When::release},
    {"question1", 1, "bytes saved", bytes_saved},
    {"question2", 1, "products with zero", products_with_zero},
    {"question3", 1, "bits of a sum", bits_of_sums},
};
