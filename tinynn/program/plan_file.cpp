#include <algorithm>

#include <nlohmann/json.hpp>

#include <tinynn/core/error.hpp>
#include <tinynn/io/safetensors_header.hpp>
#include <tinynn/program/check_plan.hpp>
#include <tinynn/program/plan_file.hpp>

namespace tinynn::deploy {
namespace {

using nlohmann::ordered_json;

constexpr auto last_kind = Step::Kind::reshape;
constexpr auto last_activation = Activation::gelu_tanh;
constexpr int deepest = 4;             // a list of inputs, in a step, in the steps, in the plan
constexpr size_t most_text = 1 << 22;  // of thousands of steps

// The enumerator of that name.
template <class Enum>
Enum named(const std::string& name, Enum last) {
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    if (name_of(static_cast<Enum>(i)) == name) return static_cast<Enum>(i);
  }
  fail(io::detail::in_quotes(name), " is no kind of step or activation");
}

ordered_json to_json(const Step& step) {
  ordered_json json{{"kind", name_of(step.kind)}, {"inputs", step.inputs}, {"output", step.output}};
  const Step usual{.kind = step.kind, .inputs = {}, .output = 0, .weight = {}, .bias = {}, .from = {}};
  const auto add = [&](const char* name, const auto& value, const auto& otherwise) {
    if (value != otherwise) json[name] = value;
  };
  add("kernel", step.kernel, usual.kernel);
  add("stride", step.stride, usual.stride);
  add("padding", step.padding, usual.padding);
  add("dilation", step.dilation, usual.dilation);
  add("groups", step.groups, usual.groups);
  add("count_include_pad", step.count_include_pad, usual.count_include_pad);
  add("dim", step.dim, usual.dim);
  add("activation", name_of(step.activation), name_of(usual.activation));
  add("slope", step.slope, usual.slope);
  return json;
}

int64_t whole(const ordered_json& json) {
  check(json.is_number_integer(), "a ", json.type_name(), " where a whole number is expected");
  return json.get<int64_t>();
}

std::vector<int64_t> whole_numbers(const ordered_json& json) {
  std::vector<int64_t> result;
  for (const auto& number : json) result.push_back(whole(number));
  return result;
}

// The number of a value; one that is none becomes -1, which check_plan() refuses.
int value_number(int64_t number) { return number >= 0 && number < 1 << 20 ? static_cast<int>(number) : -1; }

Step step_of(const ordered_json& json) {
  Step step{.kind = named(json.at("kind").get<std::string>(), last_kind),
            .inputs = {},
            .output = value_number(whole(json.at("output"))),
            .weight = {},
            .bias = {},
            .from = {}};
  for (const int64_t input : whole_numbers(json.at("inputs"))) step.inputs.push_back(value_number(input));
  const auto read = [&](const char* name, int64_t& number) {
    if (json.contains(name)) number = whole(json[name]);
  };
  read("kernel", step.kernel);
  read("stride", step.stride);
  read("padding", step.padding);
  read("dilation", step.dilation);
  read("groups", step.groups);
  read("dim", step.dim);
  step.count_include_pad = json.value("count_include_pad", step.count_include_pad);
  step.activation = named(json.value("activation", name_of(step.activation)), last_activation);
  step.slope = json.value("slope", step.slope);
  return step;
}

std::vector<int32_t> places(const io::StoredTensor& tensor) {
  check(tensor.dtype == io::Dtype::i32 && tensor.shape.rank() == 1, "tensor ", tensor.name,
        " is no list of I32");
  return io::elements<int32_t>(tensor);
}

Plan parse(const io::SafetensorsFile& file) {
  const auto text = file.metadata.find("tinynn.plan");
  check(text != file.metadata.end(), "no plan: the metadata has no \"tinynn.plan\"");
  check(text->second.size() <= most_text, "metadata \"tinynn.plan\": ", text->second.size(),
        " bytes, expected at most ", most_text);
  const auto json = ordered_json::parse(text->second, [](int depth, auto, auto&) {
    check(depth <= deepest, "metadata \"tinynn.plan\": nested more than ", deepest,
          " deep");  // to leave it takes stack
    return true;
  });
  Plan plan;
  plan.input = value_number(whole(json.at("input")));
  plan.output = value_number(whole(json.at("output")));
  for (const auto& sizes : json.at("values")) plan.values.emplace_back(whole_numbers(sizes));
  for (const auto& entry : json.at("steps")) {
    Step step = step_of(entry);
    const std::string name = std::to_string(plan.steps.size()) + ".";
    if (file.find(name + "weight") != nullptr) step.weight = file.tensor(name + "weight");
    if (file.find(name + "bias") != nullptr) step.bias = file.tensor(name + "bias");
    if (const auto* from = file.find(name + "from")) step.from = places(*from);
    plan.steps.push_back(std::move(step));
  }
  check_plan(plan);
  return plan;
}

}  // namespace

void save(const Plan& plan, const std::filesystem::path& path, io::Metadata metadata) {
  ordered_json json{{"input", plan.input},
                    {"output", plan.output},
                    {"values", ordered_json::array()},
                    {"steps", ordered_json::array()}};
  for (const Shape& shape : plan.values)
    json["values"].push_back(std::vector<int64_t>(shape.begin(), shape.end()));
  io::SafetensorsFile file;
  for (const Step& step : plan.steps) {
    const std::string name = std::to_string(json["steps"].size()) + ".";
    if (step.weight.defined()) file.add(name + "weight", step.weight);
    if (step.bias.defined()) file.add(name + "bias", step.bias);
    if (!step.from.empty())
      file.tensors.push_back(io::stored_tensor(name + "from", io::Dtype::i32, step.from));
    json["steps"].push_back(to_json(step));
  }
  file.metadata = std::move(metadata);
  file.metadata["tinynn.plan"] = json.dump();
  io::write_safetensors(file, path);
}

Plan load(const std::filesystem::path& path) { return load(io::read_safetensors(path)); }

Plan load(const io::SafetensorsFile& file) {
  try {
    return parse(file);
  } catch (const nlohmann::json::exception& error) {
    fail(file.name, ": metadata \"tinynn.plan\": ", io::detail::one_line(error.what(), 200));
  } catch (const Error& error) {
    fail(file.name, ": ", error.what());
  }
}

Plan with_normalization(Plan plan, const std::vector<double>& mean, const std::vector<double>& std) {
  const Shape input = plan.values[static_cast<size_t>(plan.input)];
  check(input.rank() >= 1, "with_normalization: an input of one number has no channels");
  const auto channels = static_cast<size_t>(input[0]);
  const auto fits = [&](const std::vector<double>& numbers) {
    return numbers.size() == 1 || numbers.size() == channels;
  };
  check(fits(mean) && fits(std) && std::ranges::all_of(std, [](double s) { return s > 0; }),
        "with_normalization: ", mean.size(), " means and ", std.size(), " deviations for ", channels,
        " channels, expected as many or one, and deviations above 0");
  Step step{.kind = Step::Kind::scale_shift,
            .inputs = {static_cast<int>(plan.values.size())},
            .output = plan.input,
            .weight = Tensor(Shape{input[0]}),
            .bias = Tensor(Shape{input[0]}),
            .from = {}};
  for (size_t c = 0; c < channels; ++c) {
    const double m = mean[std::min(c, mean.size() - 1)], s = std[std::min(c, std.size() - 1)];
    step.weight.mutable_data()[c] = static_cast<float>(1 / s);
    step.bias.mutable_data()[c] = static_cast<float>(-m / s);
  }
  plan.input = step.inputs[0];
  plan.values.push_back(input);
  plan.steps.insert(plan.steps.begin(), std::move(step));
  return plan;
}

}  // namespace tinynn::deploy
