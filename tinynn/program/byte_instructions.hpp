// What instructions of plans in eight bits have in common.
#pragma once

#include <tinynn/kernels/simd/isa.hpp>
#include <tinynn/program/instructions.hpp>

namespace tinynn::deploy {

inline kernels::simd::ByteFormat bytes_of(const NumberFormat& format) {
  return {format.type == NumberFormat::Type::int8, format.scale};
}
inline const uint8_t* as_bytes(const float* at) { return reinterpret_cast<const uint8_t*>(at); }
inline uint8_t* as_bytes(float* at) { return reinterpret_cast<uint8_t*>(at); }
inline int32_t* as_words(float* at) { return reinterpret_cast<int32_t*>(at); }

/// What becomes of floats that a step made: its activation, and rounding if they are bytes.
class FloatsTo {
 public:
  explicit FloatsTo(const StepMaker& maker)
      : format_(maker.format_out()),
        activation_(maker.step.activation),
        parameters_(maker.step.activation_parameters) {}

  /// Number `at` of y and those behind it. Overwrites v.
  void operator()(int64_t count, float* v, float* y, int64_t at) const;

 private:
  NumberFormat format_;
  const StepKind* activation_;
  std::array<double, 2> parameters_;
};

// Of layers whose sums are whole.
Instruction make_byte_linear(const StepMaker& maker);
Instruction make_byte_conv2d(const StepMaker& maker);

}  // namespace tinynn::deploy
