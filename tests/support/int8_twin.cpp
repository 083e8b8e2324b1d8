#include "tests/support/int8_twin.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>
#include <string>

namespace test {
namespace {

using namespace tinynn;
using deploy::NumberFormat, deploy::Plan, deploy::Step;

class Twin {
 public:
  Twin(const Plan& plan, size_t step, std::vector<std::vector<float>>& values)
      : plan_(plan), s_(plan.steps[step]), values_(values) {}

  void run() {
    out().assign(static_cast<size_t>(shape(s_.output).numel()), 0);
    const std::string kind = s_.kind->name;
    const auto one = [&](auto f) {
      for (size_t i = 0; i < out().size(); ++i) store(i, f(i));
    };
    const auto per_channel = [&](auto f) {
      const auto each = static_cast<size_t>(shape(s_.inputs[0]).inner(0));
      one([&](size_t i) { return f(i, i / each); });
    };
    if (kind == "linear") return linear();
    if (kind == "conv2d") return conv2d();
    if (kind == "max_pool2d" || kind == "avg_pool2d" || kind == "adaptive_avg_pool2d") return pool();
    if (kind == "softmax" || kind == "log_softmax") return softmax(kind == "softmax");
    if (kind == "concat") return concat();
    if (kind == "pad") return pad();
    if (kind == "sum" || kind == "amax") return reduce(kind == "sum");
    if (kind == "normalize") return normalize();
    if (kind == "reshape") return void(out() = values_[s_.inputs[0]]);
    if (kind == "gather") {
      for (size_t i = 0; i < out().size(); ++i) select(i, values_[s_.inputs[0]][s_.from[i]]);
    } else if (kind == "scale_shift") {
      per_channel([&](size_t i, size_t c) { return load(0, i) * s_.weight.data()[c] + s_.bias.data()[c]; });
    } else if (kind == "scale_channels") {
      per_channel([&](size_t i, size_t c) { return load(0, i) * load(1, c); });
    } else if (kind == "prelu") {
      per_channel([&](size_t i, size_t c) {
        const float v = load(0, i);
        return v > 0 ? v : v * s_.weight.data()[c];
      });
    } else if (kind == "add") {
      one([&](size_t i) { return load(0, i) + load(1, i); });
    } else if (kind == "subtract") {
      one([&](size_t i) { return load(0, i) - load(1, i); });
    } else if (kind == "multiply") {
      one([&](size_t i) { return load(0, i) * load(1, i); });
    } else if (kind == "divide") {
      one([&](size_t i) { return load(0, i) / load(1, i); });
    } else if (kind == "maximum") {
      one([&](size_t i) { return std::max(load(0, i), load(1, i)); });
    } else if (kind == "minimum") {
      one([&](size_t i) { return std::min(load(0, i), load(1, i)); });
    } else if (s_.kind->activate != nullptr) {
      one([&](size_t i) {
        float v = load(0, i);
        s_.kind->activate(1, &v, s_.parameters);
        return v;
      });
    } else {
      throw std::logic_error("no twin of " + kind);
    }
  }

  // A whole number has no minus zero.
  static float stored(const NumberFormat& format, float v) {
    return format.is_float()
               ? v
               : std::nearbyint(std::clamp(v / format.scale, format.lowest(), format.highest())) + 0.0F;
  }

 private:
  const Shape& shape(int value) const { return plan_.values[value]; }
  NumberFormat format(int value) const { return plan_.format(value); }
  std::vector<float>& out() { return values_[s_.output]; }

  float load(size_t input, size_t i) const {
    const NumberFormat f = format(s_.inputs[input]);
    const float v = values_[s_.inputs[input]][i];
    return f.is_float() ? v : v * f.scale;
  }
  void store(size_t i, float v) {
    if (s_.activation != nullptr) s_.activation->activate(1, &v, s_.activation_parameters);
    out()[i] = stored(format(s_.output), v);
  }
  // As it is stored already.
  void select(size_t i, float v) { out()[i] = s_.activation != nullptr ? std::max(v, 0.0F) : v; }

  // The weights and the bias of output o, in steps of its sums: doubles hold whole sums exactly.
  struct Row {
    std::vector<double> weights;
    double bias;
  };
  Row row(int64_t o) const {
    const int64_t each = s_.weight.shape().inner(0);
    Row row{{}, static_cast<double>(s_.bias.data()[o]) / static_cast<double>(sum_scale(o))};
    const auto scale = static_cast<double>(s_.weight_scales[o]);
    for (int64_t i = 0; i < each; ++i)
      row.weights.push_back(std::nearbyint(static_cast<double>(s_.weight.data()[o * each + i]) / scale));
    if (!format(s_.inputs[0]).is_float()) row.bias = std::nearbyint(row.bias);
    return row;
  }
  float sum_scale(int64_t o) const { return s_.weight_scales[o] * format(s_.inputs[0]).scale; }

  // What becomes of a sum. To another scale of whole numbers by a factor of 31 bits and a shift.
  void finish(size_t i, int64_t o, double sum) {
    const NumberFormat made = format(s_.output);
    const bool relu = s_.activation == &deploy::steps::relu;
    if (format(s_.inputs[0]).is_float() || made.is_float() || (s_.activation != nullptr && !relu))
      return store(i, static_cast<float>(sum) * sum_scale(o));
    const auto ratio = [&](int64_t of) {
      return static_cast<double>(sum_scale(of)) / static_cast<double>(made.scale);
    };
    double largest = 0;
    for (int64_t k = 0; k < s_.bias.numel(); ++k) largest = std::max(largest, ratio(k));
    const int shift = std::clamp(30 - std::ilogb(largest), 1, 62);
    const auto factor = std::min<int64_t>(std::llround(std::ldexp(ratio(o), shift)), (int64_t{1} << 31) - 1);
    const int64_t whole = (static_cast<int64_t>(sum) * factor + (int64_t{1} << (shift - 1))) >> shift;
    if (std::abs(static_cast<double>(whole) - sum * ratio(o)) > 0.5 + std::ldexp(std::abs(sum), -shift))
      throw std::logic_error("a sum is not rounded to the nearest");
    const float low = relu ? 0 : made.lowest();
    out()[i] = std::clamp(static_cast<float>(whole), low, made.highest());
  }

  void linear() {
    for (int64_t o = 0; o < s_.bias.numel(); ++o) {
      const Row r = row(o);
      double sum = r.bias;
      for (size_t i = 0; i < r.weights.size(); ++i)
        sum += r.weights[i] * static_cast<double>(values_[s_.inputs[0]][i]);
      finish(static_cast<size_t>(o), o, sum);
    }
  }

  void conv2d() {
    const Shape &x = shape(s_.inputs[0]), &y = shape(s_.output), &w = s_.weight.shape();
    const float* from = values_[s_.inputs[0]].data();
    for (int64_t o = 0, at = 0; o < y[0]; ++o) {
      const Row r = row(o);
      const int64_t first = o / (y[0] / s_.groups) * w[1];
      for (int64_t i = 0; i < y[1] * y[2]; ++i, ++at) {
        double sum = r.bias;
        const int64_t top = i / y[2] * s_.stride.h - s_.padding.top,
                      left = i % y[2] * s_.stride.w - s_.padding.left;
        const double* weight = r.weights.data();
        for (int64_t c = first; c < first + w[1]; ++c) {
          for (int64_t h = top; h < top + w[2] * s_.dilation.h; h += s_.dilation.h) {
            for (int64_t v = left; v < left + w[3] * s_.dilation.w; v += s_.dilation.w, ++weight) {
              if (h >= 0 && h < x[1] && v >= 0 && v < x[2])
                sum += *weight * static_cast<double>(from[(c * x[1] + h) * x[2] + v]);
            }
          }
        }
        finish(static_cast<size_t>(at), o, sum);
      }
    }
  }

  void pool() {
    const Shape &x = shape(s_.inputs[0]), &y = shape(s_.output);
    const bool adaptive = s_.kind == &deploy::steps::adaptive_avg_pool2d;
    for (int64_t i = 0; i < y.numel(); ++i) {
      const int64_t c = i / (y[1] * y[2]), row = i / y[2] % y[1], column = i % y[2];
      std::vector<int64_t> seen;  // places in x, in their order
      if (adaptive) {
        for (int64_t h = row * x[1] / y[1]; h * y[1] < (row + 1) * x[1]; ++h) {
          for (int64_t v = column * x[2] / y[2]; v * y[2] < (column + 1) * x[2]; ++v)
            seen.push_back((c * x[1] + h) * x[2] + v);
        }
      }
      for (int64_t k = 0; k < s_.kernel.h * s_.kernel.w; ++k) {
        const int64_t h = row * s_.stride.h - s_.padding.top + k / s_.kernel.w * s_.dilation.h,
                      v = column * s_.stride.w - s_.padding.left + k % s_.kernel.w * s_.dilation.w;
        if (h >= 0 && h < x[1] && v >= 0 && v < x[2]) seen.push_back((c * x[1] + h) * x[2] + v);
      }
      if (s_.kind->selects) {
        float largest = values_[s_.inputs[0]][seen.at(0)];
        for (const int64_t p : seen) largest = std::max(largest, values_[s_.inputs[0]][p]);
        select(static_cast<size_t>(i), largest);
        continue;
      }
      float sum = 0;
      for (const int64_t p : seen) sum += load(0, static_cast<size_t>(p));
      const int64_t count = s_.count_include_pad ? s_.kernel.h * s_.kernel.w : std::ssize(seen);
      store(static_cast<size_t>(i), sum / static_cast<float>(count));
    }
  }

  void softmax(bool plain) {
    const Shape& x = shape(s_.inputs[0]);
    const int64_t columns = x[s_.dim], inner = x.inner(s_.dim);
    for (int64_t r = 0; r < x.numel() / columns; ++r) {
      const int64_t begin = r / inner * columns * inner + r % inner;
      const auto in = [&](int64_t k) { return load(0, static_cast<size_t>(begin + k * inner)); };
      float largest = in(0), sum = 0;
      for (int64_t k = 0; k < columns; ++k) largest = std::max(largest, in(k));
      for (int64_t k = 0; k < columns; ++k) sum += std::exp(in(k)-largest);
      for (int64_t k = 0; k < columns; ++k) {
        const float v = in(k)-largest;
        store(static_cast<size_t>(begin + k * inner), plain ? std::exp(v) / sum : v - std::log(sum));
      }
    }
  }

  void concat() {
    for (size_t part = 0, at = 0; part < s_.inputs.size(); ++part) {
      for (size_t i = 0; i < values_[s_.inputs[part]].size(); ++i) store(at++, load(part, i));
    }
  }

  void pad() {
    const Shape &x = shape(s_.inputs[0]), &y = shape(s_.output);
    for (int64_t i = 0; i < y.numel(); ++i) {
      const int64_t h = i / y[2] % y[1] - s_.padding.top, w = i % y[2] - s_.padding.left;
      const bool inside = h >= 0 && h < x[1] && w >= 0 && w < x[2];
      const int64_t from = (i / (y[1] * y[2]) * x[1] + h) * x[2] + w;
      store(static_cast<size_t>(i),
            inside ? load(0, static_cast<size_t>(from)) : static_cast<float>(s_.parameters[0]));
    }
  }

  void reduce(bool sums) {
    const Shape& x = shape(s_.inputs[0]);
    const auto columns = static_cast<size_t>(x[s_.dim]), inner = static_cast<size_t>(x.inner(s_.dim));
    for (size_t i = 0; i < out().size(); ++i) {
      const size_t first = i / inner * columns * inner + i % inner;
      float made = load(0, first);
      for (size_t c = 1; c < columns; ++c) {
        const float v = load(0, first + c * inner);
        made = sums ? made + v : std::max(made, v);
      }
      store(i, made);
    }
  }

  void normalize() {
    const size_t columns = out().size() / static_cast<size_t>(s_.groups);
    for (size_t begin = 0; begin < out().size(); begin += columns) {
      float sum = 0, squares = 0;
      for (size_t i = begin; i < begin + columns; ++i) sum += load(0, i);
      const float mean = sum / static_cast<float>(columns);
      for (size_t i = begin; i < begin + columns; ++i) squares += (load(0, i) - mean) * (load(0, i) - mean);
      const float scale =
          1 / std::sqrt(squares / static_cast<float>(columns) + static_cast<float>(s_.parameters[0]));
      for (size_t i = begin; i < begin + columns; ++i) store(i, (load(0, i) - mean) * scale);
    }
  }

  const Plan& plan_;
  const Step& s_;
  std::vector<std::vector<float>>& values_;
};

}  // namespace

void int8_step(const Plan& plan, size_t step, std::vector<std::vector<float>>& values) {
  Twin(plan, step, values).run();
}

std::vector<std::vector<float>> int8_values(const Plan& plan, const float* sample) {
  std::vector<std::vector<float>> values(plan.values.size());
  for (int64_t i = 0; i < plan.values[plan.input].numel(); ++i)
    values[plan.input].push_back(Twin::stored(plan.format(plan.input), sample[i]));
  for (size_t step = 0; step < plan.steps.size(); ++step) int8_step(plan, step, values);
  return values;
}

Tensor int8_outputs(const Plan& plan, const Tensor& x) {
  const int64_t in = plan.values[plan.input].numel(), out = plan.values[plan.output].numel();
  Tensor y(Shape{x.size(0), out});
  for (int64_t i = 0; i < x.size(0); ++i)
    std::ranges::copy(int8_values(plan, x.data() + i * in)[plan.output], y.mutable_data() + i * out);
  return y;
}

Plan with_all_values(Plan plan) {
  const auto add = [&](Step step, const Shape& shape, const NumberFormat& format) {
    step.output = static_cast<int>(plan.values.size());
    plan.values.push_back(shape);
    plan.formats.push_back(format);
    plan.steps.push_back(std::move(step));
    return plan.steps.back().output;
  };
  std::vector<int> made{plan.input}, flat;
  for (const Step& step : plan.steps) made.push_back(step.output);
  int64_t numbers = 0;
  for (const int value : made) {
    const Shape row{plan.values[value].numel()};
    flat.push_back(
        add({.kind = &deploy::steps::reshape, .inputs = {value}, .output = 0}, row, plan.formats[value]));
    numbers += row.numel();
  }
  plan.output = add({.kind = &deploy::steps::concat, .inputs = flat, .output = 0}, Shape{numbers}, {});
  return plan;
}

}  // namespace test
