#include <algorithm>
#include <cstdlib>
#include <iomanip>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <typeinfo>

#include <cxxabi.h>

#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/graph/network.hpp>
#include <tinynn/graph/summary.hpp>

namespace tinynn::graph {
namespace {

// "tinynn::nn::Conv2d" is Conv2d: asked of the compiler, so that no module has to say its name.
std::string type_of(const nn::Module& module) {
  const char* mangled = typeid(module).name();
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(mangled, nullptr, nullptr, nullptr), &std::free);
  const std::string name = text ? text.get() : mangled;
  const auto colons = name.substr(0, name.find('<')).rfind("::");
  return colons == std::string::npos ? name : name.substr(colons + 2);
}

// Lists what belongs to one module itself, not to those below.
class OwnParameters final : public nn::Visitor {
 public:
  explicit OwnParameters(nn::Module& module) { module.members(*this); }
  void operator()(const std::string&, Parameter& parameter) override {
    if (parameter.defined()) parameters.push_back(parameter);
  }
  void operator()(const std::string&, Tensor&) override {}
  void operator()(const std::string&, nn::Module&) override { has_modules = true; }

  std::vector<Parameter> parameters;
  bool has_modules = false;
};

// What belongs to a layer of parameters of its own: their number, and that of weights.
void add_parameter(LayerSummary& layer, const Parameter& parameter) {
  layer.parameters += parameter.numel();
  if (parameter.rank() < 2) return;
  layer.weights += parameter.numel();
  layer.nonzero += count_nonzero(parameter);
}

// A network has no modules: what reads parameters of one name up to the last dot is a layer.
std::vector<LayerSummary> layers_of(Network& network, const Example& example) {
  const Graph graph = trace(network, example);
  std::vector<LayerSummary> result;
  std::set<int> counted;
  for (const Operation& operation : graph.operations) {
    const auto is_parameter = [&](int v) { return v >= 0 && graph.values[v].kind == Value::Kind::parameter; };
    const auto first = std::ranges::find_if(operation.inputs, is_parameter);
    if (first == operation.inputs.end()) continue;
    const std::string& whole = graph.values[*first].name;
    const std::string name = whole.substr(0, std::min(whole.rfind('.'), whole.size()));
    auto layer = std::ranges::find(result, name, &LayerSummary::name);
    if (layer == result.end())
      layer = result.insert(result.end(), {.name = name, .type = operation.op->name, .output = {}});
    layer->output = graph.values[operation.output].shape;
    for (const int input : operation.inputs) {
      if (is_parameter(input) && counted.insert(input).second)
        add_parameter(*layer, Parameter::of(graph.values[input].tensor));
    }
    layer->macs += graph.macs(operation) / graph.samples;
  }
  return result;
}

}  // namespace

std::vector<LayerSummary> layers(nn::Module& module, const Example& example) {
  if (auto* network = dynamic_cast<Network*>(&module)) return layers_of(*network, example);
  const int64_t samples = example.samples("summary");
  struct Run {
    Shape output;
    int64_t macs = 0;
  };
  std::map<const nn::Module*, Run> runs;
  {
    std::vector<const nn::Module*> running;
    const nn::CallObserver calls([&](nn::Module& m, const Tensor&) { running.push_back(&m); },
                                 [&](nn::Module& m, const Tensor& y) {
                                   runs[&m].output = y.shape();
                                   running.pop_back();
                                 });
    const autograd::Observer operations([&](const autograd::Call& call) {
      if (call.op.macs != nullptr && !running.empty())
        runs[running.back()].macs += call.op.macs(call.inputs, call.output);
    });
    graph::run(module, example);
  }

  std::vector<LayerSummary> result;
  std::set<const void*> counted;
  for (const auto& [name, m] : module.named_modules()) {
    const OwnParameters own(*m);
    const Run& run = runs[m];
    if (own.has_modules && own.parameters.empty() && run.macs == 0) continue;
    LayerSummary layer{.name = name, .type = type_of(*m), .output = run.output, .macs = run.macs / samples};
    for (const Parameter& parameter : own.parameters) {
      if (counted.insert(parameter.handle().get()).second) add_parameter(layer, parameter);
    }
    result.push_back(std::move(layer));
  }
  return result;
}

std::string summary(nn::Module& module, const Example& example) {
  using Row = std::vector<std::string>;
  std::vector<Row> rows{{"layer", "type", "output", "parameters", "MACs", "density"}};
  const auto add_row = [&](const LayerSummary& layer, const std::string& output) {
    TextStream density;
    density << std::fixed << std::setprecision(2);
    if (layer.weights > 0) {
      density << static_cast<double>(layer.nonzero) / static_cast<double>(layer.weights);
    }
    rows.push_back({layer.name, layer.type, output, std::to_string(layer.parameters),
                    std::to_string(layer.macs), density.str()});
  };
  LayerSummary total{.name = "total", .type = {}, .output = {}};
  for (const LayerSummary& layer : layers(module, example)) {
    TextStream output;
    if (layer.output.rank() > 0) output << layer.output;
    add_row(layer, output.str());
    total.parameters += layer.parameters;
    total.macs += layer.macs;
    total.weights += layer.weights;
    total.nonzero += layer.nonzero;
  }
  add_row(total, "");

  TextStream text;
  for (const Row& row : rows) {
    std::string line;
    for (size_t column = 0; column < row.size(); ++column) {
      size_t width = 0;
      for (const Row& other : rows) width = std::max(width, other[column].size());
      const std::string padding(width - row[column].size(), ' ');
      const bool number = column >= 3;
      line += (column > 0 ? "  " : "") + (number ? padding + row[column] : row[column] + padding);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text << line << '\n';
  }
  return text.str();
}

}  // namespace tinynn::graph
