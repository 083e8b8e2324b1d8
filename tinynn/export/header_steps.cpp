#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>

#include <tinynn/core/error.hpp>
#include <tinynn/export/header_scratch.hpp>
#include <tinynn/export/header_steps.hpp>
#include <tinynn/export/header_text.hpp>
#include <tinynn/program/eight_bits.hpp>
#include <tinynn/program/memory_plan.hpp>

namespace tinynn::deploy {
namespace {

using Type = NumberFormat::Type;

bool is_slice(const std::vector<int32_t>& from) {
  return std::ranges::adjacent_find(from, [](int32_t a, int32_t b) { return b != a + 1; }) == from.end();
}

// What runs the steps of a plan in C, and what it needs.
class Printer {
 public:
  explicit Printer(const Plan& plan) : plan_(plan), lifetimes_(plan_), names_(plan_.values.size()) {
    for (const Shape& shape : plan_.values)
      check(shape.numel() <= std::numeric_limits<int32_t>::max(), "header: a value is of shape ", shape,
            ", expected at most 2^31 - 1 numbers");
    declare_values();
    read_input();
    for (number_ = 0; number_ < plan_.steps.size(); ++number_) print(plan_.steps[number_]);
  }

  HeaderSteps made() const {
    return {.functions = functions_,
            .arrays = arrays_,
            .buffers = buffers(),
            .statements = declarations_ + calls_,
            .memory_bytes = memory_bytes(false),
            .vector_memory_bytes = memory_bytes(true)};
  }

 private:
  int64_t memory_bytes(bool vectors) const {
    return bytes_.size() + 4 * floats_.size() + scratch_.bytes(vectors);
  }
  std::string buffers() const {
    std::string text;
    if (bytes_.size() > 0) text += join("tinynn_memory uint8_t tinynn_bytes[", bytes_.size(), "];\n");
    if (floats_.size() > 0) text += join("tinynn_memory float tinynn_floats[", floats_.size(), "];\n");
    return text + scratch_.declarations();
  }
  size_t root(int v) const { return static_cast<size_t>(lifetimes_.same[v]); }
  const Shape& shape(int v) const { return plan_.values[v]; }
  NumberFormat format(int v) const { return plan_.format(static_cast<int>(root(v))); }
  const std::string& name(int v) const { return names_[root(v)]; }

  // A variable for every value, but for those that the caller brings.
  void declare_values() {
    const size_t in = root(plan_.input), out = root(plan_.output);
    for (size_t v = 0; v < plan_.values.size(); ++v) {
      const int value = static_cast<int>(v);
      if (root(value) != v || (lifetimes_.made[v] < 0 && v != in)) continue;
      names_[v] = v == out ? "y" : v == in && format(value).is_float() ? "x" : join("v", v);
      if (names_[v] == "y" || names_[v] == "x") continue;
      const NumberFormat stored = format(value);
      const Lifetime needed{lifetimes_.made[v], std::max(lifetimes_.made[v], lifetimes_.used[v])};
      const int64_t at = (stored.is_float() ? floats_ : bytes_).reserve(needed, shape(value).numel());
      declarations_ += join("  const tinynn_numbers ", names_[v], " = {tinynn_", format_name(stored), ", ",
                            stored.scale, ", tinynn_", stored.is_float() ? "floats" : "bytes", " + ", at,
                            "};  // (", shape(value), ")\n");
    }
  }

  void read_input() {
    const std::string to = name(plan_.input);
    if (to != "x")
      calls_ += "  tinynn_map(" + listed(shape(plan_.input).numel(), "x", to, "tinynn_identity") + ");\n";
  }

  static std::string format_name(const NumberFormat& format) {
    return format.is_float() ? "float32" : format.type == Type::int8 ? "int8" : "uint8";
  }

  void print(const Step& step) {
    step_ = &step;
    step_name_ = join(std::string(step.kind->name), "_", number_);
    for (const Tensor& constants : {step.weight, step.bias}) {
      check(!constants.defined() ||
                std::ranges::all_of(constants.values(), [](float v) { return std::isfinite(v); }),
            "header: ", step.kind->name, " has a constant that is not finite");
    }
    check(step.kind->header != nullptr, "header: there is no call for ", step.kind->name);
    const bool slice = step.kind->header_of_slice != nullptr && is_slice(step.from);
    const std::string call = slice ? step.kind->header_of_slice : step.kind->header;
    if (call.empty()) return;
    if (call.find("$storage") != std::string::npos) weights_ = add_weights(step);
    const size_t times = call.find("$part") != std::string::npos ? step.inputs.size() : 1;
    for (part_ = 0, place_ = 0; part_ < times; place_ += shape(step.inputs[part_++]).numel())
      calls_ += "  " + filled(call) + "\n";
  }

  // The call with what its "$words" stand for.
  std::string filled(const std::string& call) {
    std::string text;
    for (size_t at = 0; at < call.size();) {
      if (call[at] != '$') {
        text += call[at++];
        continue;
      }
      const size_t end = call.find_first_not_of("abcdefghijklmnopqrstuvwxyz", at + 1);
      const auto word = words_.find(call.substr(at + 1, end - at - 1));
      check(word != words_.end(), "header: a call has no ", call.substr(at));
      text += word->second();
      at = end;
    }
    return text;
  }

  // The function of kernels/activation.h of what the step gives; one of its own if that has parameters.
  std::string activation() {
    const bool alone = step_->kind->activate != nullptr;
    const StepKind* kind = alone ? step_->kind : step_->activation;
    if (kind == nullptr) return "tinynn_identity";
    const std::string name = std::string("tinynn_") + kind->name;
    if (kind->parameters[0] == nullptr) return name;
    const std::string bound = "tinynn_" + step_name_ + "_activation";
    if (functions_.find(bound) != std::string::npos) return bound;
    std::string arguments = "v";
    for (size_t i = 0; i < kind->parameters.size() && kind->parameters[i] != nullptr; ++i)
      arguments += ", " + parameter_text((alone ? step_->parameters : step_->activation_parameters)[i]);
    functions_ += join("static inline float ", bound, "(float v) { return ", name, "(", arguments, "); }\n");
    return bound;
  }

  // Bounds may be infinite.
  static std::string parameter_text(double parameter) {
    const auto number = static_cast<float>(parameter);
    if (std::isinf(number)) return number > 0 ? "(float)HUGE_VAL" : "-(float)HUGE_VAL";
    return float_text(number);
  }

  // The weights as they are stored.
  StoredWeights add_weights(const Step& step) {
    const auto each = step.weight.shape().inner(0);
    if (step.weight_scales.empty())
      return arrays_.add_weights(step_name_, step.weight.to_vector(), each, false,
                                 format(step.inputs[0]).is_float() && winograd_suits(plan_, step));
    const std::vector<int8_t> whole = whole_weight(step);
    return arrays_.add_weights(step_name_, std::vector<float>(whole.begin(), whole.end()), each, true);
  }

  bool whole_sums() const { return sums_are_whole(plan_, *step_); }
  std::vector<float> scales_of_sums() const {
    std::vector<float> scales;
    for (int64_t o = 0; o < step_->bias.numel(); ++o) scales.push_back(scale_of_sums(plan_, *step_, o));
    return scales;
  }

  std::string bias() {
    const std::string array = step_name_ + "_bias";
    if (whole_sums()) {
      const std::vector<int32_t> whole = whole_bias(plan_, *step_);
      return arrays_.add(array, "int32", std::vector<int64_t>(whole.begin(), whole.end()));
    }
    std::vector<float> bias = step_->bias.to_vector();
    if (!step_->weight_scales.empty()) {
      const std::vector<float> scales = scales_of_sums();
      for (size_t o = 0; o < bias.size(); ++o) bias[o] /= scales[o];
    }
    return arrays_.add(array, bias);
  }

  // What makes a number of a sum.
  std::string result() {
    const std::string& y = name(step_->output);
    if (step_->weight_scales.empty()) return "tinynn_as_is(" + listed(y, activation()) + ")";
    const auto whole = requantization(plan_, *step_);
    if (!whole)
      return "tinynn_rescale(" +
             listed(y, activation(), arrays_.add(step_name_ + "_scales", scales_of_sums())) + ")";
    const std::string factors =
        arrays_.add(step_name_ + "_multipliers", "int32",
                    std::vector<int64_t>(whole->multipliers.begin(), whole->multipliers.end()));
    return "tinynn_requantize(" + listed(y, factors, whole->shift, whole->low) + ")";
  }

  const Shape& in() const { return shape(step_->inputs[0]); }
  const Shape& out() const { return shape(step_->output); }

  // What stands in calls, of step_.
  const std::map<std::string, std::function<std::string()>> words_ = {
      {"name", [this] { return step_name_; }},
      {"x", [this] { return name(step_->inputs[0]); }},
      {"second", [this] { return name(step_->inputs[1]); }},
      {"y", [this] { return name(step_->output); }},
      {"f", [this] { return activation(); }},
      // Of numbers that stay as they are stored; those of uint8 are above zero already.
      {"relu",
       [this] {
         return text_of(step_->activation == &steps::relu && format(step_->output).type != Type::uint8);
       }},
      {"count", [this] { return text_of(out().numel()); }},
      {"channels", [this] { return text_of(in()[0]); }},
      {"each", [this] { return text_of(in().inner(0)); }},
      {"inputs", [this] { return text_of(in().numel()); }},
      {"outputs", [this] { return text_of(out().numel()); }},
      {"storage", [this] { return weights_.storage; }},
      {"weights", [this] { return weights_.arguments; }},
      {"bias", [this] { return bias(); }},
      {"result", [this] { return result(); }},
      {"sums", [this] { return scratch_.add(plan_, *step_, weights_.storage, whole_sums()); }},
      {"conv",
       [this] {
         const Step& s = *step_;
         const Shape& weight = s.weight.shape();
         return listed(s.groups, weight[0] / s.groups, weight[1], in()[1], in()[2], out()[1], out()[2],
                       weight[2], weight[3], s.stride.h, s.stride.w, s.padding.top, s.padding.left,
                       s.dilation.h, s.dilation.w);
       }},
      {"pool",
       [this] {
         return listed(in(), out()[1], out()[2], step_->kernel.h, step_->kernel.w, step_->stride.h,
                       step_->stride.w, step_->padding.top, step_->padding.left, step_->dilation.h,
                       step_->dilation.w);
       }},
      {"frame",
       [this] {
         return listed(in(), step_->padding.top, step_->padding.left, out()[1], out()[2],
                       parameter_text(step_->parameters[0]));
       }},
      {"groups", [this] { return text_of(step_->groups); }},
      {"width", [this] { return text_of(in().numel() / step_->groups); }},
      {"eps", [this] { return parameter_text(step_->parameters[0]); }},
      {"divisor",
       [this] { return text_of(step_->count_include_pad ? step_->kernel.h * step_->kernel.w : 0); }},
      {"scale", [this] { return arrays_.add(step_name_ + "_scale", step_->weight.values()); }},
      {"shift", [this] { return arrays_.add(step_name_ + "_shift", step_->bias.values()); }},
      {"part", [this] { return name(step_->inputs[part_]); }},
      {"size", [this] { return text_of(shape(step_->inputs[part_]).numel()); }},
      {"place", [this] { return text_of(place_); }},
      {"first", [this] { return text_of(step_->from.empty() ? 0 : step_->from[0]); }},
      {"from",
       [this] {
         return arrays_.add_smallest(step_name_ + "_from",
                                     std::vector<int64_t>(step_->from.begin(), step_->from.end()));
       }},
      {"outer", [this] { return text_of(in().numel() / in()[step_->dim] / in().inner(step_->dim)); }},
      {"columns", [this] { return text_of(in()[step_->dim]); }},
      {"inner", [this] { return text_of(in().inner(step_->dim)); }},
  };

  const Plan& plan_;
  const Lifetimes lifetimes_;
  std::vector<std::string> names_;  // of variables, by value
  // The step that is printed: which it is, its weights, and which of its inputs.
  const Step* step_ = nullptr;
  size_t number_ = 0, part_ = 0;
  int64_t place_ = 0;
  std::string step_name_;
  StoredWeights weights_;
  HeaderArrays arrays_;
  Packing bytes_, floats_;
  HeaderScratch scratch_;
  std::string functions_, declarations_, calls_;
};

}  // namespace

HeaderSteps header_steps(const Plan& plan) { return Printer(plan).made(); }

}  // namespace tinynn::deploy
