// The table of steps: what is known of a kind of step of a program stands in one row. check_plan() and the
// programs go by its functions, the compiler and the exporters by its strings; a kind that is one element of
// one tensor at a time, an activation, is a row and nothing else.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include <tinynn/core/shape.hpp>

namespace tinynn::deploy {

struct Step;
struct Plan;
struct Frame;
class StepReader;
class StepMaker;

/// A step ready to run on memory that is laid out in advance.
using Instruction = std::function<void(const Frame& frame)>;

/// x[i] = f(x[i], parameters) for `count` numbers in place.
using Activate = void (*)(int64_t count, float* x, const std::array<double, 2>& parameters);

struct StepKind {
  const char* name;  // in plan files
  /// The shape of what the step gives. Refuses, through the reader, what does not fit.
  Shape (*shape)(const StepReader& step);
  /// What runs it; none for a step that gives the same numbers where they are, in another shape.
  Instruction (*make)(const StepMaker& step);
  int inputs = 1;  // `any`: one or more
  /// The operation that is this step, if one is: its attributes of the parameters' names are the parameters.
  const char* operation = nullptr;
  std::array<const char*, 2> parameters = {};
  /// What it is in ONNX: operators on x and y (its inputs), w and b (weight, bias), p and q (parameters) and
  /// numbers, with attributes behind a semicolon, as "Mul(x, Sigmoid(x))"; export/onnx.cpp says what may
  /// stand there.
  const char* onnx = nullptr;
  /// The function of the exported header that is called for it.
  const char* header = nullptr;
  Activate activate = nullptr;  // of an activation
  bool has_weight = false;      // multiplies by a weight, whose first dimension are its outputs
  bool selects = false;         // gives numbers that it reads, as they are
  bool in_floats = false;       // its input is never quantized, and it takes no activation
  /// The same function where `from` counts up: what it reads is in one piece.
  const char* header_of_slice = nullptr;

  static constexpr int any = -1;
};

namespace steps {

// Those that have something that the table cannot say, and are asked for by name.
extern const StepKind linear, conv2d, scale_shift, max_pool2d, avg_pool2d, adaptive_avg_pool2d, add, subtract,
    multiply, divide, maximum, minimum, scale_channels, prelu, pad, sum, amax, normalize, concat, gather,
    softmax, log_softmax, reshape, relu;

}  // namespace steps

/// All rows.
std::span<const StepKind* const> step_table();
/// Null if there is none of that name.
const StepKind* find_step(std::string_view name);
/// The row of an operation that is one step by itself; null if there is none.
const StepKind* step_of_operation(std::string_view operation);

/// Whether steps of this kind can have this activation: what gives numbers as it reads them keeps them as
/// they are stored, for which relu alone is defined; a softmax has none.
bool takes_activation(const StepKind& kind, const StepKind& activation);

}  // namespace tinynn::deploy
