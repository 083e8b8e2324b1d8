#include <algorithm>
#include <limits>

#include <tinynn/core/error.hpp>
#include <tinynn/io/json.hpp>
#include <tinynn/io/one_line.hpp>
#include <tinynn/program/check_plan.hpp>
#include <tinynn/program/eight_bits.hpp>
#include <tinynn/program/live_tensor.hpp>
#include <tinynn/program/plan_file.hpp>

namespace tinynn::deploy {
namespace {

using io::Json;

constexpr int deepest = 4;             // a list of inputs, in a step, in the steps, in the plan
constexpr size_t most_text = 1 << 22;  // of thousands of steps

constexpr const char* type_names[] = {"float32", "int8", "uint8"};  // by NumberFormat::Type

NumberFormat format_of(const Json& type, const Json& scale) {
  const auto* const name = std::ranges::find(type_names, type.string());
  check(name != std::end(type_names), io::detail::in_quotes(type.string()), " is no type of numbers");
  return {static_cast<NumberFormat::Type>(name - type_names), static_cast<float>(scale.number())};
}

// The row of that name.
const StepKind* named(const std::string& name) {
  const StepKind* kind = find_step(name);
  check(kind != nullptr, io::detail::in_quotes(name), " is no kind of step or activation");
  return kind;
}

std::vector<int64_t> list(const Size2& size) { return {size.h, size.w}; }
std::vector<int64_t> list(const Padding2d& p) { return {p.top, p.bottom, p.left, p.right}; }
// JSON has no infinity, which bounds may be: the largest double is beyond every float, too.
std::vector<double> list(const std::array<double, 2>& parameters) {
  constexpr double most = std::numeric_limits<double>::max();
  return {std::clamp(parameters[0], -most, most), std::clamp(parameters[1], -most, most)};
}

Json to_json(const Step& step) {
  Json json{{"kind", step.kind->name}, {"inputs", step.inputs}, {"output", step.output}};
  const Step usual{.kind = step.kind, .inputs = {}, .output = 0};
  const auto add_list = [&](const char* name, const auto& value, const auto& otherwise) {
    if (value != otherwise) json.set(name, list(value));
  };
  const auto add = [&](const char* name, const auto& value, const auto& otherwise) {
    if (value != otherwise) json.set(name, value);
  };
  add_list("kernel", step.kernel, usual.kernel);
  add_list("stride", step.stride, usual.stride);
  add_list("padding", step.padding, usual.padding);
  add_list("dilation", step.dilation, usual.dilation);
  add("groups", step.groups, usual.groups);
  add("count_include_pad", step.count_include_pad, usual.count_include_pad);
  add("dim", step.dim, usual.dim);
  add_list("parameters", step.parameters, usual.parameters);
  if (step.activation != nullptr) json.set("activation", step.activation->name);
  add_list("activation_parameters", step.activation_parameters, usual.activation_parameters);
  return json;
}

int64_t whole(const Json& json) {
  check(json.is_whole(), "a ", json.type_name(), " where a whole number is expected");
  return json.whole();
}

std::vector<int64_t> whole_numbers(const Json& json) {
  std::vector<int64_t> result;
  for (const Json& number : json.elements()) result.push_back(whole(number));
  return result;
}

// The number of a value; one that is none becomes -1, which check_plan() refuses.
int value_number(int64_t number) { return number >= 0 && number < 1 << 20 ? static_cast<int>(number) : -1; }

template <size_t size>
std::array<int64_t, size> whole_list(const Json& json, const char* name) {
  const auto numbers = whole_numbers(json);
  check(numbers.size() == size, "\"", name, "\" has ", numbers.size(), " numbers, expected ", size);
  std::array<int64_t, size> list;
  std::ranges::copy(numbers, list.begin());
  return list;
}

Step step_of(const Json& json) {
  Step step{.kind = named(json.at("kind").string()),
            .inputs = {},
            .output = value_number(whole(json.at("output")))};
  for (const int64_t input : whole_numbers(json.at("inputs"))) step.inputs.push_back(value_number(input));
  const auto read = [&](const char* name, int64_t& number) {
    if (json.contains(name)) number = whole(json.at(name));
  };
  const auto read_parameters = [&](const char* name, std::array<double, 2>& parameters) {
    if (!json.contains(name)) return;
    const auto numbers = json.at(name).elements();
    check(numbers.size() == 2, "\"", name, "\" has ", numbers.size(), " numbers, expected 2");
    parameters = {numbers[0].number(), numbers[1].number()};
  };
  const auto read_size = [&](const char* name, Size2& size) {
    if (!json.contains(name)) return;
    const auto [h, w] = whole_list<2>(json.at(name), name);
    size = {h, w};
  };
  read_size("kernel", step.kernel);
  read_size("stride", step.stride);
  read_size("dilation", step.dilation);
  if (json.contains("padding")) {
    const auto [top, bottom, left, right] = whole_list<4>(json.at("padding"), "padding");
    step.padding = {top, bottom, left, right};
  }
  read("groups", step.groups);
  read("dim", step.dim);
  if (json.contains("count_include_pad")) step.count_include_pad = json.at("count_include_pad").boolean();
  read_parameters("parameters", step.parameters);
  if (json.contains("activation")) step.activation = named(json.at("activation").string());
  read_parameters("activation_parameters", step.activation_parameters);
  return step;
}

std::vector<int32_t> indices(const io::StoredTensor& tensor) {
  check(tensor.dtype == io::Dtype::i32 && tensor.shape.rank() == 1, "tensor ", tensor.name,
        " is no list of I32");
  return io::elements<int32_t>(tensor);
}

// A weight in eight bits: I8 times a scale of each output.
void read_whole_weight(const io::SafetensorsFile& file, const std::string& name,
                       const io::StoredTensor& whole, Step& step) {
  const Tensor scales = file.tensor(name + "scales");
  check(whole.shape.rank() > 0 && scales.shape() == Shape{whole.shape[0]}, "tensor ", name, "scales is ",
        scales.shape(), " beside a weight of ", whole.shape);
  step.weight_scales = scales.to_vector();
  step.weight = Tensor(whole.shape);
  const int64_t each = whole.shape.inner(0);
  for (int64_t i = 0; i < step.weight.numel(); ++i)
    step.weight.mutable_data()[i] =
        static_cast<float>(static_cast<int8_t>(whole.bytes[i])) * step.weight_scales[i / each];
}

Plan parse(const io::SafetensorsFile& file) {
  const auto text = file.metadata.find("tinynn.plan");
  check(text != file.metadata.end(), "no plan: the metadata has no \"tinynn.plan\"");
  check(text->second.size() <= most_text, "metadata \"tinynn.plan\": ", text->second.size(),
        " bytes, expected at most ", most_text);
  const auto json = Json::parse(text->second, deepest);  // to leave a deeper one takes stack
  Plan plan;
  plan.input = value_number(whole(json.at("input")));
  plan.output = value_number(whole(json.at("output")));
  for (const Json& sizes : json.at("values").elements()) plan.values.emplace_back(whole_numbers(sizes));
  if (json.contains("formats")) {
    const auto types = json.at("formats").elements(), scales = json.at("scales").elements();
    check(types.size() == scales.size(), types.size(), " formats and ", scales.size(), " scales");
    for (size_t i = 0; i < types.size(); ++i) plan.formats.push_back(format_of(types[i], scales[i]));
  }
  for (const Json& entry : json.at("steps").elements()) {
    Step step = step_of(entry);
    const std::string name = std::to_string(plan.steps.size()) + ".";
    const auto weight = find_whole(file, name + "weight");
    if (weight && weight->dtype == io::Dtype::i8) {
      read_whole_weight(file, name, *weight, step);
    } else if (weight) {
      step.weight = io::to_tensor(*weight, file.name);
    }
    if (file.find(name + "bias") != nullptr) step.bias = file.tensor(name + "bias");
    if (const auto* from = file.find(name + "from")) step.from = indices(*from);
    plan.steps.push_back(std::move(step));
  }
  check_plan(plan);
  return plan;
}

}  // namespace

void save(const Plan& plan, const std::filesystem::path& path, io::Metadata metadata) {
  Json values = Json::array(), steps = Json::array();
  for (const Shape& shape : plan.values) values.push_back(std::vector<int64_t>(shape.begin(), shape.end()));
  io::SafetensorsFile file;
  for (const Step& step : plan.steps) {
    const std::string name = std::to_string(steps.size()) + ".";
    if (step.weight.defined()) {
      auto weight = step.weight_scales.empty()
                        ? io::stored_tensor(name + "weight", io::Dtype::f32, step.weight.to_vector())
                        : io::stored_tensor(name + "weight", io::Dtype::i8, whole_weight(step));
      weight.shape = step.weight.shape();
      add_live(file, std::move(weight));
    }
    if (!step.weight_scales.empty())
      file.tensors.push_back(io::stored_tensor(name + "scales", io::Dtype::f32, step.weight_scales));
    if (step.bias.defined()) file.add(name + "bias", step.bias);
    if (!step.from.empty())
      file.tensors.push_back(io::stored_tensor(name + "from", io::Dtype::i32, step.from));
    steps.push_back(to_json(step));
  }
  Json json{{"input", plan.input}, {"output", plan.output}, {"values", values}, {"steps", steps}};
  if (!plan.formats.empty()) {
    Json types = Json::array(), scales = Json::array();
    for (const NumberFormat& format : plan.formats) {
      types.push_back(type_names[static_cast<size_t>(format.type)]);
      scales.push_back(static_cast<double>(format.scale));
    }
    json.set("formats", types);
    json.set("scales", scales);
  }
  file.metadata = std::move(metadata);
  file.metadata["tinynn.plan"] = json.text();
  io::write_safetensors(file, path);
}

Plan load(const std::filesystem::path& path) { return load(io::read_safetensors(path)); }

Plan load(const io::SafetensorsFile& file) {
  try {
    return parse(file);
  } catch (const io::JsonError& error) {
    fail(file.name, ": metadata \"tinynn.plan\": ", io::detail::one_line(error.what(), 200));
  } catch (const Error& error) {
    fail(file.name, ": ", error.what());
  }
}

Plan with_normalization(Plan plan, const std::vector<double>& mean, const std::vector<double>& std) {
  const Shape input = plan.values[plan.input];
  check(input.rank() >= 1, "with_normalization: an input of one number has no channels");
  const auto channels = static_cast<size_t>(input[0]);
  const auto fits = [&](const std::vector<double>& numbers) {
    return numbers.size() == 1 || numbers.size() == channels;
  };
  check(fits(mean) && fits(std) && std::ranges::all_of(std, [](double s) { return s > 0; }),
        "with_normalization: ", mean.size(), " means and ", std.size(), " deviations for ", channels,
        " channels, expected as many or one, and deviations above 0");
  Step step{.kind = &steps::scale_shift,
            .inputs = {static_cast<int>(plan.values.size())},
            .output = plan.input,
            .weight = Tensor(Shape{input[0]}),
            .bias = Tensor(Shape{input[0]})};
  for (size_t c = 0; c < channels; ++c) {
    const double m = mean[std::min(c, mean.size() - 1)], s = std[std::min(c, std.size() - 1)];
    step.weight.mutable_data()[c] = static_cast<float>(1 / s);
    step.bias.mutable_data()[c] = static_cast<float>(-m / s);
  }
  plan.input = step.inputs[0];
  plan.values.push_back(input);
  if (!plan.formats.empty()) plan.formats.emplace_back();
  plan.steps.insert(plan.steps.begin(), std::move(step));
  return plan;
}

}  // namespace tinynn::deploy
