#include <array>
#include <functional>

#include <tinynn/kernels/bytes.hpp>
#include <tinynn/program/byte_instructions.hpp>
#include <tinynn/program/eight_bits.hpp>

namespace tinynn::deploy {
namespace {

using kernels::simd::byte_table;

// What becomes of the sums of a layer.
class SumsTo {
 public:
  explicit SumsTo(const StepMaker& maker) : floats_(maker), whole_(requantization(maker.plan(), maker.step)) {
    high_ = static_cast<int32_t>(maker.format_out().highest());
    for (int64_t o = 0; o < maker.step.bias.numel(); ++o)
      scales_.push_back(scale_of_sums(maker.plan(), maker.step, o));
    const int64_t room = kernels::round_up(std::ssize(scales_), 16);  // whole vectors are read
    if (whole_) whole_->multipliers.resize(static_cast<size_t>(room));
  }

  // `rows` rows of `width` sums, which are `pitch` apart, become number `at` of y and those behind it; of
  // output o, or with step 1 of the outputs from o on.
  void operator()(int64_t o, int64_t step, int64_t rows, int64_t width, const int32_t* sums, int64_t pitch,
                  float* y, int64_t at) const {
    if (whole_) {
      const kernels::simd::Requantize to{&whole_->multipliers[o], step, whole_->shift, whole_->low, high_};
      return byte_table().requantize(to, rows, width, sums, pitch, as_bytes(y) + at);
    }
    std::array<float, 256> v;
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t begin = 0; begin < width; begin += std::ssize(v)) {
        const int64_t count = std::min(std::ssize(v), width - begin);
        for (int64_t i = 0; i < count; ++i)
          v[i] = static_cast<float>(sums[r * pitch + begin + i]) * scales_[o + step * (begin + i)];
        floats_(count, v.data(), y, at + r * width + begin);
      }
    }
  }

 private:
  FloatsTo floats_;
  std::optional<Requantization> whole_;
  std::vector<float> scales_;
  int32_t high_;
};

// What a layer multiplies with, while its kernel is made.
struct Weight {
  explicit Weight(const StepMaker& maker)
      : values(whole_weight(maker.step)),
        bias(whole_bias(maker.plan(), maker.step)),
        of{values.data(), bias.data(), maker.format_in().type == NumberFormat::Type::int8} {}
  std::vector<int8_t> values;
  std::vector<int32_t> bias;
  kernels::ByteWeight of;
};

}  // namespace

Instruction make_byte_conv2d(const StepMaker& maker) {
  const kernels::ByteConv2d kernel(conv2d_sizes(maker.plan(), maker.step), Weight(maker).of);
  const int64_t at = maker.scratch(kernel.scratch_size());
  return [=, x = maker.x(), y = maker.y(), width = maker.out()[2], each = maker.out().inner(0),
          to = SumsTo(maker)](const Frame& frame) {
    float* made = y(frame);
    const auto take = [&](int64_t o, int64_t row, int64_t rows, const int32_t* sums) {
      to(o, 0, rows, width, sums, kernel.pitch(), made, o * each + row * width);
    };
    kernel(as_bytes(x.read(frame)), as_words(frame.scratch + at),
           std::ref(take));  // without memory of its own
  };
}

Instruction make_byte_linear(const StepMaker& maker) {
  const Slot x = maker.x(), y = maker.y();
  const int64_t outputs = maker.out().numel(), inputs = maker.in().numel();
  const SumsTo to(maker);
  if (maker.order == Order::sample) {
    const kernels::ByteLinearOfOne kernel(outputs, inputs, Weight(maker).of);
    const int64_t at = maker.scratch(kernel.scratch_size());
    return [=](const Frame& frame) {
      const int32_t* sums = kernel(as_bytes(x.read(frame)), as_words(frame.scratch + at));
      to(0, 1, 1, outputs, sums, 0, y(frame), 0);
    };
  }
  // Bytes of a block lie four numbers to a word; floats a number after the other, as in any program.
  const kernels::ByteLinear kernel(outputs, inputs, block_size, Weight(maker).of);
  const int64_t at = maker.scratch(kernel.scratch_size());
  return [=, floats = maker.format_out().is_float()](const Frame& frame) {
    float* made = y(frame);
    constexpr int64_t pitch = block_size / 4 + 16;  // floats; requantize writes a little beyond
    std::array<float, 4 * pitch> bytes;
    kernel(frame.samples, as_words(x(frame)), as_words(frame.scratch + at),
           [&](int64_t first, int64_t count, const int32_t* sums) {
             for (int64_t q = 0; q < count; ++q)
               to(first + q, 0, 1, block_size, sums + q * block_size, 0,
                  floats ? made : bytes.data() + q * pitch, floats ? (first + q) * block_size : 0);
             if (floats) return;
             std::array<const uint8_t*, 4> rows;  // of those that are not there, the last: they count nothing
             for (int64_t q = 0; q < 4; ++q)
               rows[q] = as_bytes(bytes.data() + std::min(q, count - 1) * pitch);
             byte_table().interleave(block_size, rows.data(), 0, as_words(made) + first / 4 * block_size);
           });
  };
}

}  // namespace tinynn::deploy
