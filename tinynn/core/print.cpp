// Tensors as text, laid out as torch/_tensor_str.py does it.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

#include <tinynn/core/mask.hpp>

namespace tinynn {
namespace {

constexpr int64_t edge = 3, most_elements = 1000, line_width = 80, indent = 7;  // of "tensor("

bool is_elided(const Shape& shape, int64_t dim) {
  return shape.numel() > most_elements && shape[dim] > 2 * edge;
}

// The indices along a dimension that are printed; -1 stands for the dots.
std::vector<int64_t> shown(const Shape& shape, int64_t dim) {
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < shape[dim]; ++i) {
    if (is_elided(shape, dim) && i == edge) {
      indices.push_back(-1);
      i = shape[dim] - edge;
    }
    indices.push_back(i);
  }
  return indices;
}

void for_each_shown(const Shape& shape, int64_t dim, int64_t place, const std::function<void(int64_t)>& f) {
  if (dim == shape.rank()) return f(place);
  for (const int64_t i : shown(shape, dim)) {
    if (i >= 0) for_each_shown(shape, dim + 1, place * shape[dim] + i, f);
  }
}

using Words = std::function<std::string(int64_t place)>;

// The slice at `place` of the dimensions before `dim`.
std::string text_of(const Shape& shape, int64_t dim, int64_t place, const Words& word, int64_t width) {
  if (dim == shape.rank()) return word(place);
  const bool last = dim + 1 == shape.rank();
  const std::string margin(static_cast<size_t>(indent + dim + 1), ' ');
  const int64_t each_line = std::max<int64_t>(1, (line_width - indent - dim) / (width + 2));
  std::string text = "[";
  int64_t count = 0;
  for (const int64_t i : shown(shape, dim)) {
    if (count > 0) {
      const bool breaks = !last || count % each_line == 0;
      text +=
          "," +
          (breaks ? std::string(last ? 1 : static_cast<size_t>(shape.rank() - dim - 1), '\n') + margin : " ");
    }
    text += i >= 0 ? text_of(shape, dim + 1, place * shape[dim] + i, word, width) : last ? " ..." : "...";
    ++count;
  }
  return text + "]";
}

// Words are padded to the longest of those that `counts` says.
std::ostream& print(std::ostream& out, const Shape& shape, const Words& word,
                    const std::function<bool(int64_t)>& counts) {
  if (shape.numel() == 0) {
    out << "tensor([]";
    if (shape.rank() > 1) out << ", size=" << shape;
    return out << ')';
  }
  size_t width = 1;
  for_each_shown(shape, 0, 0, [&](int64_t place) {
    if (counts(place)) width = std::max(width, word(place).size());
  });
  const Words padded = [&](int64_t place) {
    const std::string text = word(place);
    return std::string(width - std::min(width, text.size()), ' ') + text;
  };
  return out << "tensor(" + text_of(shape, 0, 0, padded, static_cast<int64_t>(width)) + ")";
}

std::string number(float value, std::chars_format format, int digits) {
  char text[64];
  return {text, std::to_chars(text, text + sizeof text, static_cast<double>(value), format, digits).ptr};
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) {
  if (!tensor.defined()) return out << "tensor(undefined)";
  const float* data = tensor.data();
  bool whole = true;
  double most = 0, least = std::numeric_limits<double>::infinity();  // of what is finite and not zero
  for_each_shown(tensor.shape(), 0, 0, [&](int64_t place) {
    const auto size = std::abs(static_cast<double>(data[place]));
    if (size == 0 || !std::isfinite(size)) return;
    whole = whole && size == std::ceil(size);
    most = std::max(most, size);
    least = std::min(least, size);
  });
  const bool scientific = most > 0 && (most / least > 1000 || most > 1e8 || (!whole && least < 1e-4));
  const auto word = [=](int64_t place) {
    const float value = data[place];
    if (scientific) return number(value, std::chars_format::scientific, 4);
    if (!whole) return number(value, std::chars_format::fixed, 4);
    return number(value, std::chars_format::fixed, 0) + (std::isfinite(value) ? "." : "");
  };
  return print(out, tensor.shape(), word,
               [=](int64_t place) { return data[place] != 0 && std::isfinite(data[place]); });
}

std::ostream& operator<<(std::ostream& out, const Mask& mask) {
  if (!mask.defined()) return out << "tensor(undefined)";
  return print(
      out, mask.shape(), [&](int64_t place) { return std::string(mask[place] ? "True" : "False"); },
      [](int64_t) { return true; });
}

}  // namespace tinynn
