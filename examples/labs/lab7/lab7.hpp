// Lab 7, "On a microcontroller": a sparse network in eight bits, for a processor without floating point,
// operating system or heap: 16 KiB of flash, 2 KiB of RAM. C++17: this file and yours are also compiled for a
// Cortex-M3.
#pragma once

#include <cstdint>

#ifdef __arm__
// Only your own code ends up on the chip.
[[noreturn]] void not_written(const char* function);
#define LAB7_PICTURES __attribute__((section(".pictures"))) inline constexpr Picture pictures[]
#else
#include "../support/lab.hpp"
#define LAB7_PICTURES inline constexpr Picture pictures[]
#endif

namespace lab7 {

/// A linear layer of which few weights are left. Row o, the weights of output o, has counts[o] of them. All
/// rows lie one behind the other: in `values` one int8 a live weight, in `gaps` how far each is to the right
/// of the one before in its row, and the first of a row to the right of column 0.
struct Layer {
  int inputs, outputs;
  const std::uint16_t* counts;
  const std::uint8_t* gaps;  // as next_gap reads them
  const std::int8_t* values;
  const std::int32_t* biases;  // one an output
  // One an output, for requantise; null in the last layer, whose sums are the scores.
  const std::int32_t* factors;
  int shift;
};

struct Network {
  const Layer* layers;
  int depth;  // how many layers, 1 or more
};

constexpr int widest = 320;  // no layer but the last has more outputs

/// Where reading has come to in the gaps and values of a layer.
struct Cursor {
  const std::uint8_t* gap;
  const std::int8_t* value;
};

/// A picture as it is drawn in pictures.hpp, 28 x 28 greys.
struct Picture {
  int label;
  char greys[28 * 28 + 1];
};

/// The pixels of a picture, 784 bytes. Given.
inline void read_picture(const Picture& picture, std::uint8_t* pixels) {
  constexpr char greys[] = " .:-=+*#%@";
  for (int i = 0; i < 28 * 28; ++i) {
    int grey = 0;
    while (greys[grey] != picture.greys[i]) ++grey;
    pixels[i] = static_cast<std::uint8_t>(28 * grey);
  }
}

/// Reads one gap and leaves `at` behind it. A byte below 255 is the gap. A byte of 255 says that the gap is
/// 255 plus what the next bytes say, by the same rule: 3 is {3}, 255 is {255, 0}, 600 is {255, 255, 90}.
int next_gap(const std::uint8_t*& at);

/// One row: `sum` plus value * x[column] over its `count` live weights. Leaves `at` behind the row, where the
/// next one begins. x has only as many elements as the layer has inputs. Sums fit into 32 bits.
std::int32_t sparse_dot(std::int32_t sum, int count, Cursor& at, const std::uint8_t* x);

/// A sum as the next layer reads it: sum * factor / 2^shift, exact, rounded to the nearest integer (a half
/// up: 2.5 to 3, -0.5 to 0), and what is below 0 becomes 0, what is above 255 becomes 255. 1 <= shift <= 62;
/// `sum` and `factor` may be anything of which the product plus 2^(shift - 1) fits into 64 bits. Cutting off
/// at 0 is the ReLU.
std::uint8_t requantise(std::int32_t sum, std::int32_t factor, int shift);

/// A layer that has factors: y[o] = requantise(the sum of row o, which begins at biases[o]). x has
/// layer.inputs elements, y layer.outputs; they do not overlap.
void sparse_linear(const Layer& layer, const std::uint8_t* x, std::uint8_t* y);

/// The network: all layers in turn, each reading what the one before wrote; the sums of the last become the
/// scores, one an output. No heap, no floating point; what it writes down in between takes as little memory
/// as you can manage (two layers of `widest` bytes are plenty). Called again, it computes the same.
void infer(const Network& network, const std::uint8_t* image, std::int32_t* scores);

/// The weights of `lenet` (network.hpp) in their sparse form: counts, gaps and values, in bytes. How many
/// times as many bytes would inputs x outputs weights of each layer take, zeros too, of int8 each? (2%)
double question1();

/// Of all products that infer(lenet, ...) adds up over the 20 pictures, what percentage has x[column] = 0, so
/// that nobody would miss it? (0.5 points)
double question2();

/// The largest |sum| that any row of any layer ends with, before requantise, bias included, over the 20
/// pictures: how many bits does an integer need that holds it, with its sign? (exactly)
double question3();

}  // namespace lab7
