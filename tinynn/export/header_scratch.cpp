#include <algorithm>

#include <tinynn/export/header_scratch.hpp>
#include <tinynn/export/header_text.hpp>

namespace tinynn::deploy {
namespace {

// What tinynn_pad_planes of kernels/conv2d_padded.h writes, in rows of multiples of tinynn_row, and behind it
// tinynn_pair_weights of whole numbers for four outputs, or tinynn_note_live for one.
int64_t padded_size(const Shape& in, const Shape& out, const Step& s, bool is_dense, bool whole) {
  constexpr int64_t row = 8;
  const int64_t kh = s.weight.size(2), kw = s.weight.size(3);
  const int64_t rows = (out[1] - 1) * s.stride.h + (kh - 1) * s.dilation.h + 1;
  const int64_t columns = (out[2] + row - 1) / row * row + (kw - 1) * s.dilation.w / s.stride.w;
  const int64_t numbers = !is_dense ? 2 : whole ? 4 : 0;
  return in[0] * rows * s.stride.w * columns + numbers * s.weight.shape().inner(0);
}

// Of tinynn_conv2d_winograd: what becomes of pixels and of eight outputs' weights, and the padded image.
int64_t winograd_size(const Shape& in, const Shape& out) {
  const int64_t channels = in[0], across = (out[2] + 1) / 2, down = (out[1] + 1) / 2;
  const int64_t pitch = across <= 4 ? 4 : (across + 7) / 8 * 8, blocks = (pitch * down + 15) / 16;
  return 16 * (blocks * 16 * (channels + 1) + 8 * channels) +
         channels * (2 * down + 2) * (2 * std::max<int64_t>(pitch, 8) + 2);
}

}  // namespace

bool winograd_suits(const Plan& plan, const Step& step) {
  const Shape &w = step.weight.shape(), &out = plan.values[step.output];
  return step.kind == &steps::conv2d && w[2] == 3 && w[3] == 3 && step.stride == Size2(1) &&
         step.dilation == Size2(1) && step.groups == 1 && w[0] >= 8 && w[1] >= 8 &&
         std::min(out[1], out[2]) >= 5;
}

std::string HeaderScratch::add(const Plan& plan, const Step& step, const std::string& storage, bool whole) {
  const Shape &in = plan.values[step.inputs[0]], &out = plan.values[step.output];
  Numbers& numbers = whole ? whole_ : floats_;
  numbers.plain = std::max(numbers.plain, out.inner(0));
  numbers.vectors = std::max({numbers.vectors, out.inner(0),
                              storage == "winograd" ? winograd_size(in, out)
                                                    : padded_size(in, out, step, storage == "dense", whole)});
  return whole ? "tinynn_sums" : "tinynn_float_sums";
}

std::string HeaderScratch::declarations() const {
  std::string text;
  const auto add = [&](const char* type, const char* name, const Numbers& numbers) {
    const auto declared = [&](int64_t size) {
      return size == 0 ? "" : join("tinynn_memory ", type, " tinynn_", name, "[", size, "];\n");
    };
    text += numbers.vectors == numbers.plain ? declared(numbers.plain)
                                             : "#ifdef tinynn_vectors\n" + declared(numbers.vectors) +
                                                   "#else\n" + declared(numbers.plain) + "#endif\n";
  };
  add("int32_t", "sums", whole_);
  add("float", "float_sums", floats_);
  return text;
}

int64_t HeaderScratch::bytes(bool vectors) const {
  return 4 * (vectors ? whole_.vectors + floats_.vectors : whole_.plain + floats_.plain);
}

}  // namespace tinynn::deploy
