#include <algorithm>

#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/conv2d_kernel.hpp>

namespace tinynn::kernels {
namespace {

// With stride 1, x[p] took part in y[p + padding - k * dilation]: a convolution of grad_y with the kernel
// flipped.
Conv2dSizes input_convolution(const Conv2dSizes& s) {
  const int64_t rows = s.rows().reach() - 1, columns = s.columns().reach() - 1;
  Conv2dSizes result = s;
  result.c = s.o;
  result.o = s.c;
  result.h = s.oh();
  result.w = s.ow();
  result.padding = {rows - s.padding.top, rows - s.padding.bottom, columns - s.padding.left,
                    columns - s.padding.right};
  return result;
}

// The weight of input_convolution: per group (c, o, kh, kw) from (o, c, kh, kw), kernels flipped.
Buffer flipped(const Conv2dSizes& s, const float* weight) {
  const int64_t c = s.c / s.groups, o = s.o / s.groups, kernel = s.kh * s.kw;
  Buffer result(s.o * c * kernel);
  float* to = result.data();
  for (int64_t group = 0; group < s.groups; ++group, weight += o * c * kernel) {
    for (int64_t j = 0; j < c; ++j) {
      for (int64_t i = 0; i < o; ++i, to += kernel) {
        const float* from = weight + (i * c + j) * kernel;
        std::reverse_copy(from, from + kernel, to);
      }
    }
  }
  return result;
}

}  // namespace

Conv2dKernel::Conv2dKernel(const Conv2dSizes& s) : s_(s), layout_(s) {}

Conv2dKernel::Conv2dKernel(const Conv2dSizes& s, const float* weight, const SparsePattern* live)
    : Conv2dKernel(s) {
  if (live == nullptr) {
    pack(weight);
  } else {
    live_.emplace(live->by_rows(), weight,
                  [&](int64_t, int64_t term) { return layout_.places().offsets[term]; });
  }
}

Conv2dKernel Conv2dKernel::backward_input(const Conv2dSizes& s, const float* weight,
                                          const SparsePattern* live) {
  Conv2dKernel result(input_convolution(s));
  if (live == nullptr) {
    result.pack(flipped(s, weight).data());
    return result;
  }
  const int64_t* offsets = result.layout_.places().offsets;
  const int64_t kernel = s.kh * s.kw;  // columns of the weight that read one channel
  result.live_.emplace(
      live->by_columns(), weight,
      [=](int64_t column, int64_t o) { return offsets[(o + 1) * kernel - 1 - column % kernel]; }, kernel);
  return result;
}

void Conv2dKernel::pack(const float* weight) {
  const int64_t outputs = s_.o / s_.groups, terms = layout_.places().terms;
  packed_ = Buffer(s_.o * terms);
  for (int64_t at = 0; at < s_.o * terms; at += outputs * terms) {
    table_.pack(outputs, terms, weight + at, packed_.data() + at);
  }
}

void Conv2dKernel::operator()(const float* x, const float* bias, float* scratch, float* y) const {
  const simd::Places places = layout_.places();
  const int64_t outputs = s_.o / s_.groups, image = s_.c / s_.groups * s_.h * s_.w,
                positions = s_.oh() * s_.ow();
  for (int64_t group = 0; group < s_.groups; ++group, x += image, y += outputs * positions) {
    layout_.fill(x, scratch);
    if (live_) {
      table_.sparse_rows(live_->rows(0, outputs), bias, places, scratch, y, positions);
    } else {
      table_.correlate(places, outputs, scratch, packed_.data() + group * outputs * places.terms,
                       bias == nullptr ? nullptr : bias + group * outputs, y, positions);
    }
  }
}

void Conv2dKernel::operator()(const float* x, const float* bias, float* y) const {
  const int64_t image = s_.c * s_.h * s_.w, result = s_.o * s_.oh() * s_.ow();
  parallel_for(s_.n, s_.samples_per_chunk(), [&](int64_t begin, int64_t end) {
    const Buffer scratch(scratch_size());
    std::fill_n(scratch.data(), scratch_size(), 0.0F);
    for (int64_t n = begin; n < end; ++n) (*this)(x + n * image, bias, scratch.data(), y + n * result);
  });
}

}  // namespace tinynn::kernels
