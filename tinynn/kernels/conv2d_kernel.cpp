#include <algorithm>

#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/conv2d_kernel.hpp>

namespace tinynn::kernels {
namespace {

// Copies cost a pass over memory for each kernel column; rows cost the lanes that overlap or stay empty where
// the width is no multiple of a vector. Measured on the layers of our models: 12 and 14 columns go well into
// a vector of 16, 24 do not go into two.
bool copies_pay(const WindowAxis& columns, int64_t lanes) {
  const int64_t results = columns.out();
  if (columns.stride != 1) return true;
  if (results < lanes) return 4 * results < 3 * lanes;
  return 4 * round_up(results, lanes) > 5 * results;
}

}  // namespace

ConvLayout::ConvLayout(const Conv2dSizes& s, int64_t samples)
    : channels_(s.c / s.groups),
      rows_(s.rows()),
      columns_(s.columns()),
      oh_(s.oh()),
      ow_(s.ow()),
      samples_(samples),
      copies_(copies_pay(columns_, table_.lanes)),
      shifts_(copies_ ? s.kw : 1),
      phases_(std::min(rows_.stride, rows_.reach())),
      width_(ow_ + (copies_ ? 0 : columns_.reach() - 1)),
      plane_(round_up((oh_ + (rows_.reach() - 1) / rows_.stride) * width_, table_.lanes)),
      sample_size_(channels_ * phases_ * shifts_ * plane_) {
  list_vectors();
  list_offsets();
}

void ConvLayout::list_vectors() {
  const int64_t lanes = table_.lanes;
  // A row is covered by vectors from its start; the last of them ends where the row does.
  const auto cover = [&](int64_t length, int64_t from, int64_t to) {
    for (int64_t i = 0; i < length; i += lanes) {
      const int64_t start = std::max<int64_t>(0, std::min(i, length - lanes));
      from_.push_back(from + start);
      to_.push_back(to + start);
    }
  };
  if (copies_) {
    cover(oh_ * ow_, 0, 0);
  } else {
    for (int64_t r = 0; r < oh_; ++r) cover(ow_, r * width_, r * ow_);
  }
  const auto count = from_.size();
  for (size_t i = count; i < static_cast<size_t>(samples_) * count; ++i) {
    from_.push_back(from_[i - count] + sample_size_);
  }
}

void ConvLayout::list_offsets() {
  for (int64_t c = 0; c < channels_; ++c) {
    for (int64_t i = 0; i < rows_.kernel; ++i) {
      const int64_t row = i * rows_.dilation, phase = row % rows_.stride;
      for (int64_t j = 0; j < columns_.kernel; ++j) {
        const int64_t shift = copies_ ? j : 0, column = copies_ ? 0 : j * columns_.dilation;
        offsets_.push_back(((c * phases_ + phase) * shifts_ + shift) * plane_ + row / rows_.stride * width_ +
                           column);
      }
    }
  }
}

void ConvLayout::fill(const float* x, float* scratch, int64_t at) const {
  const int64_t stride = rows_.stride;
  float* plane = scratch + at * sample_size_;
  for (int64_t c = 0; c < channels_; ++c, x += rows_.in * columns_.in) {
    for (int64_t phase = 0; phase < phases_; ++phase) {
      const int64_t top = phase - rows_.before;
      const Inside rows(top, stride, rows_.in, plane_ / width_);
      for (int64_t shift = 0; shift < shifts_; ++shift, plane += plane_) {
        const int64_t left = columns_.first(shift);
        const Inside columns(left, columns_.stride, columns_.in, width_);
        if (rows.length() == 0 || columns.length() == 0) continue;
        table_.copy_rows(
            rows.length(), columns.length(),
            x + (top + rows.begin * stride) * columns_.in + left + columns.begin * columns_.stride,
            stride * columns_.in, columns_.stride, plane + rows.begin * width_ + columns.begin, width_);
      }
    }
  }
}

simd::Places ConvLayout::places(int64_t samples) const {
  return {.terms = static_cast<int64_t>(offsets_.size()),
          .vectors = samples * vectors(),
          .offsets = offsets_.data(),
          .from = from_.data(),
          .to = to_.data(),
          .used = std::min(table_.lanes, copies_ ? oh_ * ow_ : ow_)};
}

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

// Where the products of a training step by Winograd and with live weights alone were measured to take the
// same time, for vectors of 4, 8 and 16.
double sparse_conv2d_density_for(const Conv2dSizes& s) {
  const int64_t lanes = simd::table().lanes;
  return !winograd_suits(s) || s.kh == 5 || lanes <= 4 ? sparse_conv2d_density : lanes == 8 ? 0.25 : 0.15;
}

Conv2dKernel::Conv2dKernel(const Conv2dSizes& s) : s_(s) {}

Conv2dKernel::Conv2dKernel(const Conv2dSizes& s, const float* weight, const SparsePattern* live)
    : Conv2dKernel(s) {
  if (live == nullptr) {
    pack(weight);
  } else {
    layout_.emplace(s);
    live_.emplace(live->by_rows(), weight,
                  [&](int64_t, int64_t term) { return layout_->places().offsets[term]; });
  }
}

Conv2dKernel Conv2dKernel::backward_input(const Conv2dSizes& s, const float* weight,
                                          const SparsePattern* live) {
  Conv2dKernel result(input_convolution(s));
  if (live == nullptr) {
    result.pack(flipped(s, weight).data());
    return result;
  }
  result.layout_.emplace(result.s_);
  const int64_t* offsets = result.layout_->places().offsets;
  const int64_t kernel = s.kh * s.kw;  // columns of the weight that read one channel
  result.live_.emplace(
      live->by_columns(), weight,
      [=](int64_t column, int64_t o) { return offsets[(o + 1) * kernel - 1 - column % kernel]; }, kernel);
  return result;
}

void Conv2dKernel::pack(const float* weight) {
  if (winograd_suits(s_)) {
    winograd_.emplace(s_, weight);
    return;
  }
  layout_.emplace(s_);
  const int64_t outputs = s_.o / s_.groups, terms = layout_->places().terms;
  packed_ = Buffer(s_.o * terms);
  for (int64_t at = 0; at < s_.o * terms; at += outputs * terms) {
    table_.pack(outputs, terms, weight + at, packed_.data() + at);
  }
}

void Conv2dKernel::operator()(const float* x, const float* bias, float* scratch, float* y,
                              ByPixels by_pixels) const {
  if (winograd_) return (*winograd_)(x, bias, scratch, y, by_pixels);
  const simd::Places places = layout_->places();
  const int64_t outputs = s_.o / s_.groups, image = s_.c / s_.groups * s_.h * s_.w,
                positions = s_.oh() * s_.ow();
  for (int64_t group = 0; group < s_.groups; ++group, x += image, y += outputs * positions) {
    layout_->fill(x, scratch);
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
    const Buffer scratch = Buffer::zeros(scratch_size());
    for (int64_t n = begin; n < end; ++n) (*this)(x + n * image, bias, scratch.data(), y + n * result);
  });
}

}  // namespace tinynn::kernels
