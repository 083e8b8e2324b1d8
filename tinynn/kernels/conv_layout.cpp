#include <algorithm>

#include <tinynn/kernels/conv_layout.hpp>

namespace tinynn::kernels {
namespace {

int64_t round_up(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }

// The numbers a in [0, count) for which first + a * stride lies in [0, size).
struct Inside {
  int64_t begin, end;
  Inside(int64_t first, int64_t stride, int64_t size, int64_t count)
      : begin(first >= 0 ? 0 : (-first + stride - 1) / stride),
        end(first >= size ? 0 : std::min(count, (size - 1 - first) / stride + 1)) {}
  int64_t length() const { return std::max<int64_t>(0, end - begin); }
};

// Copies cost a pass over memory for each kernel column; rows cost the lanes that overlap or stay empty where
// the width is no multiple of a vector. Measured on the layers of our models: 12 and 14 columns go well into
// a vector of 16, 24 do not go into two.
bool copies_pay(const ConvAxis& columns, int64_t lanes) {
  if (columns.stride != 1) return true;
  if (columns.out < lanes) return 4 * columns.out < 3 * lanes;
  return 4 * round_up(columns.out, lanes) > 5 * columns.out;
}

}  // namespace

ConvLayout::ConvLayout(int64_t channels, const ConvAxis& rows, const ConvAxis& columns,
                       const simd::Table& table, int64_t samples)
    : channels_(channels),
      rows_(rows),
      columns_(columns),
      table_(table),
      samples_(samples),
      copies_(copies_pay(columns, table.lanes)),
      shifts_(copies_ ? columns.kernel : 1),
      phases_(std::min(rows.stride, (rows.kernel - 1) * rows.dilation + 1)),
      width_(columns.out + (copies_ ? 0 : (columns.kernel - 1) * columns.dilation)),
      plane_(round_up((rows.out + (rows.kernel - 1) * rows.dilation / rows.stride) * width_, table.lanes)),
      sample_size_(channels * phases_ * shifts_ * plane_) {
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
    cover(rows_.out * columns_.out, 0, 0);
  } else {
    for (int64_t r = 0; r < rows_.out; ++r) cover(columns_.out, r * width_, r * columns_.out);
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
        const int64_t left = shift * columns_.dilation - columns_.before;
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
          .used = std::min(table_.lanes, copies_ ? rows_.out * columns_.out : columns_.out)};
}

}  // namespace tinynn::kernels
