#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <sstream>

#include <tinynn/core/error.hpp>
#include <tinynn/core/version.hpp>
#include <tinynn/export/header.hpp>
#include <tinynn/export/header_arrays.hpp>
#include <tinynn/export/header_kernels.hpp>
#include <tinynn/program/memory_plan.hpp>

namespace tinynn::deploy {
namespace {

using Kind = Step::Kind;
using Type = NumberFormat::Type;

template <class... Parts>
std::string join(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  return text.str();
}

std::string braces(const Shape& shape) {
  std::string text;
  for (const int64_t size : shape) text += (text.empty() ? "" : ", ") + std::to_string(size);
  return "{" + (text.empty() ? "1" : text) + "}";
}

// The body of predict(), step by step, and what it needs.
class Printer {
 public:
  Printer(const QuantizedPlan& quantized, const HeaderOptions& options)
      : quantized_(quantized), plan_(quantized.plan), lifetimes_(plan_), names_(plan_.values.size()) {
    kernels_.insert("floats");
    for (const Shape& shape : plan_.values)
      check(shape.numel() <= std::numeric_limits<int32_t>::max(), "header: a value is of shape ", shape,
            ", expected at most 2^31 - 1 numbers");
    declare_values(options.raw_input.has_value());
    read_input(options.raw_input);
    for (step_ = 0; step_ < plan_.steps.size(); ++step_) print(plan_.steps[step_]);
  }

  std::string text() const { return declarations_ + calls_; }
  const std::set<std::string>& kernels() const { return kernels_; }
  const HeaderArrays& arrays() const { return arrays_; }
  std::string buffers() const {
    std::string text;
    const auto add = [&](const char* type, const char* name, int64_t size) {
      if (size > 0) text += join("inline ", type, " ", name, "[", size, "];\n");
    };
    add("std::uint8_t", "bytes", bytes_.size());
    add("float", "floats", floats_.size());
    add("std::int32_t", "sums", sums_);
    add("float", "float_sums", float_sums_);
    return text;
  }
  int64_t memory_bytes() const { return bytes_.size() + 4 * (floats_.size() + sums_ + float_sums_); }

 private:
  size_t root(int v) const { return static_cast<size_t>(lifetimes_.same[static_cast<size_t>(v)]); }
  const Shape& shape(int v) const { return plan_.values[static_cast<size_t>(v)]; }
  const NumberFormat& format(int v) const { return quantized_.formats[root(v)]; }

  // A variable for every value, but for those that the caller brings.
  void declare_values(bool raw) {
    const size_t in = root(plan_.input), out = root(plan_.output);
    for (size_t v = 0; v < plan_.values.size(); ++v) {
      const int value = static_cast<int>(v);
      if (root(value) != v || (lifetimes_.made[v] < 0 && v != in)) continue;
      names_[v] = v == out ? "output" : v == in && format(value).is_float() && !raw ? "input" : join("v", v);
      if (names_[v] == "output" || names_[v] == "input") continue;
      const NumberFormat& stored = format(value);
      const Lifetime needed{lifetimes_.made[v], std::max(lifetimes_.made[v], lifetimes_.used[v])};
      const int64_t at = (stored.is_float() ? floats_ : bytes_).place(needed, shape(value).numel());
      declarations_ += stored.is_float() ? join("  float* const ", names_[v], " = floats + ", at, ";")
                                         : join("  const auto ", names_[v], " = place<", type(value),
                                                ">(bytes + ", at, ", ", float_text(stored.step), ");");
      declarations_ += join("  // ", shape(value), "\n");
      if (!stored.is_float()) kernels_.insert("quantized");
    }
  }

  void read_input(const std::optional<data::Normalization>& raw) {
    const Shape& image = shape(plan_.input);
    const std::string to = names_[root(plan_.input)];
    if (raw) {
      const auto channels = static_cast<int64_t>(raw->mean.size());
      check(image.rank() > 0 && image[0] == channels, "header: raw input is normalised with ", channels,
            " means, but the input is ", image);
      std::vector<float> mean, factor;
      for (size_t c = 0; c < raw->mean.size(); ++c) {
        mean.push_back(static_cast<float>(255 * raw->mean[c]));
        factor.push_back(static_cast<float>(1 / (255 * raw->sd[c])));
      }
      arrays_.add("input_mean", mean);
      arrays_.add("input_factor", factor);
      call("normalize", channels, image.inner(0), "input", "input_mean", "input_factor", to);
      kernels_.insert("pixels");
    } else if (to != "input") {
      call("map", image.numel(), "input", to, "[](float v) { return v; }");
    }
  }

  // "std::int8_t"
  std::string type(int v) const {
    return format(v).is_float() ? "float" : format(v).type == Type::int8 ? "std::int8_t" : "std::uint8_t";
  }
  // A value for load() and store(), from one of its numbers on.
  std::string numbers(int v, int64_t from = 0) const {
    const std::string& name = names_[root(v)];
    if (from == 0) return name;
    if (format(v).is_float()) return join(name, " + ", from);
    return join("Quantized<", type(v), ">{", name, ".data + ", from, ", ", name, ".step}");
  }
  // A pointer to what is stored.
  std::string data(int v) const { return names_[root(v)] + (format(v).is_float() ? "" : ".data"); }

  template <class... Arguments>
  void call(const std::string& kernel, const Arguments&... arguments) {
    kernels_.insert(kernel);
    std::string text, separator;
    ((text += separator + join(arguments), separator = ", "), ...);
    calls_ += "  " + kernel + "(" + text + ");\n";
  }

  // The activation of x in C++.
  std::string activated(const Step& step, const std::string& x) {
    if (step.activation == Activation::none) return x;
    if (step.activation == Activation::tanh) return "std::tanh(" + x + ")";
    const std::string name = name_of(step.activation);
    kernels_.insert(name);
    const bool leaky = step.activation == Activation::leaky_relu;
    return name + "(" + x + (leaky ? ", " + float_text(static_cast<float>(step.slope)) : "") + ")";
  }
  std::string activation(const Step& step) { return "[](float v) { return " + activated(step, "v") + "; }"; }
  // For numbers that are copied as they are stored; those of uint8_t are above zero already.
  std::string activation_of_stored(const Step& step) {
    const bool needless = format(step.output).type == Type::uint8;
    return "[](auto v) { return " + (needless ? "v" : activated(step, "v")) + "; }";
  }

  // The constants of a layer's outputs, and what makes a number of a sum.
  std::string result(const Step& step, const std::string& name) {
    const auto& weight_steps = quantized_.weight_steps[step_];
    if (weight_steps.empty()) {
      kernels_.insert("Store");
      arrays_.add(name + "_bias", step.bias.values());
      return join("store_as(", numbers(step.output), ", ", activation(step), ")");
    }
    const bool whole = !format(step.inputs[0]).is_float();
    const NumberFormat& made = format(step.output);
    std::vector<float> steps;
    for (int64_t o = 0; o < step.bias.numel(); ++o) steps.push_back(step_of_sums(quantized_, step_, o));
    std::vector<float> bias;
    for (size_t o = 0; o < steps.size(); ++o) bias.push_back(step.bias.values()[o] / steps[o]);
    if (whole) {
      for (float& b : bias) b = std::nearbyint(b);
      arrays_.add(name + "_bias", "int32_t", std::vector<int64_t>(bias.begin(), bias.end()));
    } else {
      arrays_.add(name + "_bias", bias);
    }
    const bool relu = step.activation == Activation::relu;
    if (!whole || made.is_float() || (step.activation != Activation::none && !relu)) {
      kernels_.insert("Rescale");
      arrays_.add(name + "_steps", steps);
      return join("rescale_to(", numbers(step.output), ", ", name, "_steps, ", activation(step), ")");
    }
    kernels_.insert("Requantize");
    const double largest = static_cast<double>(std::ranges::max(steps) / made.step);
    const int shift = std::clamp(30 - static_cast<int>(std::floor(std::log2(largest))), 1, 62);
    std::vector<int64_t> multipliers;
    for (const float s : steps) {
      const double exact =
          std::round(std::ldexp(static_cast<double>(s) / static_cast<double>(made.step), shift));
      multipliers.push_back(static_cast<int64_t>(std::min(exact, 0x1p31 - 1)));
    }
    arrays_.add(name + "_multipliers", "int32_t", multipliers);
    return join("Requantize<", type(step.output), ">{", data(step.output), ", ", name, "_multipliers, ",
                shift, ", ", relu ? 0 : static_cast<int>(made.lowest()), ", ",
                static_cast<int>(made.highest()), "}");
  }

  // The weights as they are stored.
  std::string weights(const Step& step, const std::string& name) {
    std::vector<float> stored = step.weight.to_vector();
    const auto& steps = quantized_.weight_steps[step_];
    const auto each = static_cast<size_t>(step.weight.shape().inner(0));
    for (size_t i = 0; i < stored.size() && !steps.empty(); ++i)
      stored[i] = std::nearbyint(stored[i] / steps[i / each]);
    const std::string reader = arrays_.add_weights(name, stored, static_cast<int64_t>(each), !steps.empty());
    kernels_.insert(reader.substr(0, reader.find('<')));
    return reader;
  }

  void print(const Step& step) {
    const Shape &in = shape(step.inputs[0]), &out = shape(step.output);
    const std::string x = numbers(step.inputs[0]), y = numbers(step.output);
    const std::string name = join(name_of(step.kind), "_", step_);
    for (const Tensor& constants : {step.weight, step.bias}) {
      check(!constants.defined() ||
                std::ranges::all_of(constants.values(), [](float v) { return std::isfinite(v); }),
            "header: ", name_of(step.kind), " has a constant that is not finite");
    }
    const auto combine = [&](const char* sign) {
      call("combine", out.numel(), x, numbers(step.inputs[1]), y,
           "[](float a, float b) { return " + activated(step, join("a ", sign, " b")) + "; }");
    };
    const auto pool = [&] {
      kernels_.insert("pool");
      return join("Pool{", in[0], ", ", in[1], ", ", in[2], ", ", out[1], ", ", out[2], ", ", step.kernel,
                  ", ", step.stride, ", ", step.padding, "}");
    };
    switch (step.kind) {
      case Kind::linear: {
        const std::string reader = weights(step, name), to = result(step, name);
        return call("linear", out.numel(), in.numel(), data(step.inputs[0]), "\n         " + reader,
                    name + "_bias", "\n         " + to);
      }
      case Kind::conv2d: return print_conv2d(step, name);
      case Kind::scale_shift:
        arrays_.add(name + "_scale", step.weight.values());
        arrays_.add(name + "_shift", step.bias.values());
        return call("scale_shift", in[0], in.inner(0), x, name + "_scale", name + "_shift", y,
                    activation(step));
      case Kind::activation: return call("map", out.numel(), x, y, activation(step));
      case Kind::max_pool2d:
        return call("max_pool2d", pool(), data(step.inputs[0]), data(step.output),
                    activation_of_stored(step));
      case Kind::avg_pool2d: {
        const int64_t divisor = step.count_include_pad ? step.kernel * step.kernel : 0;
        return call("avg_pool2d", pool(), x, y, divisor, activation(step));
      }
      case Kind::add: return combine("+");
      case Kind::subtract: return combine("-");
      case Kind::multiply: return combine("*");
      case Kind::scale_channels:
        return call("scale_channels", in[0], in.inner(0), x, numbers(step.inputs[1]), y, activation(step));
      case Kind::concat: {
        int64_t at = 0;
        for (const int part : step.inputs) {
          call("map", shape(part).numel(), numbers(part), numbers(step.output, at), activation(step));
          at += shape(part).numel();
        }
        return;
      }
      case Kind::gather: return print_gather(step, name);
      case Kind::softmax:
      case Kind::log_softmax: {
        const int64_t columns = in[step.dim], inner = in.inner(step.dim);
        call(name_of(step.kind), in.numel() / columns / inner, columns, inner, x, y);
        kernels_.erase("log_softmax");
        kernels_.insert("softmax");
        return;
      }
      case Kind::reshape: return;
    }
    fail("header: there is no C++ for ", name_of(step.kind));
  }

  void print_conv2d(const Step& step, const std::string& name) {
    const Shape &in = shape(step.inputs[0]), &out = shape(step.output), &weight = step.weight.shape();
    const bool whole = !quantized_.weight_steps[step_].empty() && !format(step.inputs[0]).is_float();
    int64_t& sums = whole ? sums_ : float_sums_;
    sums = std::max(sums, out.inner(0));
    const std::string reader = weights(step, name), to = result(step, name);
    const std::string sizes =
        join("Conv{", step.groups, ", ", weight[0] / step.groups, ", ", weight[1], ", ", in[1], ", ", in[2],
             ", ", out[1], ", ", out[2], ", ", weight[2], ", ", weight[3], ", ", step.stride, ", ",
             step.padding, ", ", step.dilation, "}");
    call("conv2d", sizes, data(step.inputs[0]), "\n         " + reader, name + "_bias",
         whole ? "sums" : "float_sums", "\n         " + to);
  }

  void print_gather(const Step& step, const std::string& name) {
    const std::vector<int64_t> from(step.from.begin(), step.from.end());
    const std::string f = activation_of_stored(step), x = data(step.inputs[0]), y = data(step.output);
    const auto apart = [](int64_t a, int64_t b) { return b != a + 1; };
    if (std::ranges::adjacent_find(from, apart) == from.end())
      return call("copy", from.size(), join(x, " + ", from.empty() ? 0 : from[0]), y, f);
    arrays_.add_unsigned(name + "_from", from);
    call("gather", from.size(), x, name + "_from", y, f);
  }

  const QuantizedPlan& quantized_;
  const Plan& plan_;
  const Lifetimes lifetimes_;
  std::vector<std::string> names_;  // of variables, by value
  size_t step_ = 0;
  std::set<std::string> kernels_;
  HeaderArrays arrays_;
  Packing bytes_, floats_;
  int64_t sums_ = 0, float_sums_ = 0;
  std::string declarations_, calls_;
};

// Letters, digits and single underscores, so that whatever is added makes a name that C++ leaves to its
// users.
void check_name(const std::string& name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const bool good =
      !name.empty() && is_letter(name[0]) && name.back() != '_' && name.find("__") == std::string::npos &&
      std::ranges::all_of(name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; });
  check(good, "header: the name is \"", name,
        "\", expected letters, digits and single underscores, the first a letter and the last no underscore");
}

// One line of a comment, whatever is in it.
std::string comment(const std::string& what, std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\\') c = '?';
  }
  return "//   " + what + std::string(what.size() < 12 ? 12 - what.size() : 1, ' ') + text + "\n";
}

}  // namespace

Header to_header(const QuantizedPlan& quantized, const HeaderOptions& options) {
  check_name(options.name);
  const Printer printer(quantized, options);
  const std::string& name = options.name;
  const Plan& plan = quantized.plan;
  const Shape &in = plan.values[static_cast<size_t>(plan.input)],
              &out = plan.values[static_cast<size_t>(plan.output)];
  Header header{
      .text = {}, .constant_bytes = printer.arrays().bytes(), .memory_bytes = printer.memory_bytes()};
  std::ostringstream text;
  text << "// A neural network in C++17, made by tinynn " << version() << ": include it, and call\n//\n//   "
       << name << "_predict(input, output);  // " << in.numel() << " floats, " << out.numel()
       << " floats\n//\n"
       << comment("input", join(in, options.raw_input ? ", pixels of 0 to 255, channel by channel" : ""))
       << comment("output", join(out));
  for (const auto& [what, value] : options.card) text << comment(what, value);
  text << comment("constants", join(header.constant_bytes, " bytes"))
       << comment("memory", join(header.memory_bytes, " bytes, static: one call at a time"))
       << "#ifndef tinynn_header_of_" << name << "\n#define tinynn_header_of_" << name
       << "\n\n#include <cmath>\n#include <cstddef>\n#include <cstdint>\n\n"
       << "inline constexpr int " << name << "_input_shape[] = " << braces(in) << ";\n"
       << "inline constexpr int " << name << "_output_shape[] = " << braces(out) << ";\n\n"
       << "namespace " << name << "_detail {\n"
       << kernels_text(printer.kernels()) << "\n"
       << printer.arrays().text() << "\n"
       << printer.buffers() << "\n"
       << "template <class Number>\nvoid predict(const Number* input, float* output) {\n"
       << printer.text() << "}\n\n"
       << "}  // namespace " << name << "_detail\n\n";
  std::string sizes;
  for (const auto& array : printer.arrays().names())
    sizes += join(sizes.empty() ? "" : " +\n    ", "sizeof(", name, "_detail::", array, ")");
  text << "inline constexpr std::size_t " << name << "_constant_bytes =\n    "
       << (sizes.empty() ? "0" : sizes) << ";\n\n";
  for (const std::string number : {"float", "std::uint8_t"}) {
    if (number != "float" && !options.raw_input) continue;
    text << "inline void " << name << "_predict(const " << number << "* input, float* output) {\n  " << name
         << "_detail::predict(input, output);\n}\n";
  }
  text << "\n#endif\n";
  header.text = text.str();
  return header;
}

}  // namespace tinynn::deploy
