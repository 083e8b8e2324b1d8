#include <algorithm>

#include <tinynn/kernels/conv_layout.hpp>

namespace tinynn::kernels {
namespace {

int64_t round_up(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }

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

}  // namespace tinynn::kernels
