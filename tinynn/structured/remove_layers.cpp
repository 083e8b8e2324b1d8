#include <algorithm>
#include <cmath>
#include <functional>
#include <list>
#include <map>
#include <sstream>
#include <utility>

#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/structured/remove_layers.hpp>

namespace tinynn::structured {
namespace {

// Where a layer stands, if it is an entry of a Sequential.
struct Place {
  nn::Sequential* parent = nullptr;
  int64_t index = 0;
};

std::map<std::string, Place> entries(nn::Module& model) {
  std::map<std::string, Place> result;
  for (const auto& [name, module] : model.named_modules()) {
    auto* parent = dynamic_cast<nn::Sequential*>(module);
    for (int64_t i = 0; parent != nullptr && i < parent->size(); ++i) {
      result[name + (name.empty() ? "" : ".") + parent->name(i)] = {parent, i};
    }
  }
  return result;
}

// What running the model on the example shows of it.
struct Run {
  struct Layer {
    Shape input, output;  // of the first call in which they differ, else of the last
    int64_t macs = 0;     // of one sample
  };
  std::map<const nn::Module*, Layer> layers;
  int64_t macs = 0;
};

Run observe(nn::Module& model, const graph::Example& example) {
  example.samples("remove_layer");
  Run run;
  std::vector<std::pair<const nn::Module*, Shape>> running;  // with what they got
  const nn::CallObserver calls(
      [&](nn::Module& module, const Tensor& x) { running.emplace_back(&module, x.shape()); },
      [&](nn::Module& module, const Tensor& y) {
        Run::Layer& layer = run.layers[&module];
        if (layer.input == layer.output) {
          layer.input = running.back().second;
          layer.output = y.shape();
        }
        running.pop_back();
      });
  const autograd::Observer operations([&](const autograd::Call& call) {
    if (call.op.macs == nullptr) return;
    const int64_t macs = call.op.macs(call.inputs, call.output);
    run.macs += macs;
    for (const auto& [module, input] : running) run.layers[module].macs += macs;
  });
  graph::run(model, example);
  run.macs /= example.inputs[0].size(0);
  for (auto& [module, layer] : run.layers) layer.macs /= example.inputs[0].size(0);
  return run;
}

// Without the layer the model would have no weight.
bool has_all_weights(nn::Module& model, nn::Module& layer) {
  return prune::weights(layer).size() == prune::weights(model).size();
}

// Why an entry of a Sequential cannot go; empty if it can.
std::string obstacle(const Run& run, nn::Module& model, nn::Module& layer) {
  const auto ran = run.layers.find(&layer);
  if (ran == run.layers.end()) return "does not run on the example";
  if (ran->second.input != ran->second.output) {
    TextStream text;
    text << "makes " << ran->second.output << " of " << ran->second.input;
    return text.str();
  }
  if (prune::weights(layer).empty()) return "has no weight";
  return has_all_weights(model, layer) ? "has all the weights" : "";
}

std::vector<LayerChoice> removable(nn::Module& model, const Run& run) {
  const auto places = entries(model);
  std::vector<LayerChoice> choices;
  for (const auto& [name, module] : model.named_modules()) {
    if (!places.contains(name) || !obstacle(run, model, *module).empty()) continue;
    LayerChoice choice{.name = name, .macs = run.layers.at(module).macs};
    for (const Parameter& parameter : module->parameters()) choice.parameters += parameter.numel();
    choices.push_back(choice);
  }
  return choices;
}

// What a graph costs, by what ran when it was traced.
struct Cost {
  int64_t parameters = 0, weights = 0, macs = 0;
};

Cost cost_of(const graph::Graph& graph) {
  Cost cost;
  for (const graph::Value& value : graph.values) {
    if (value.kind != graph::Value::Kind::parameter) continue;
    cost.parameters += value.tensor.numel();
    cost.weights += value.shape.rank() >= 2;
  }
  for (const graph::Operation& operation : graph.operations) cost.macs += graph.macs(operation);
  cost.macs /= graph.samples;
  return cost;
}

std::vector<LayerChoice> removable_blocks(const graph::Graph& graph) {
  const Cost all = cost_of(graph);
  std::vector<LayerChoice> choices;
  for (const auto& [name, input, output] : graph.blocks) {
    if (graph.values[input].shape != graph.values[output].shape) continue;
    if (std::ranges::find(choices, name, &LayerChoice::name) != choices.end()) continue;
    const Cost rest = cost_of(graph::without_block(graph, name));
    if (rest.weights == all.weights || rest.weights == 0) continue;
    choices.push_back(
        {.name = name, .parameters = all.parameters - rest.parameters, .macs = all.macs - rest.macs});
  }
  return choices;
}

// What can go now, and the MACs of one sample.
struct Look {
  std::vector<LayerChoice> choices;
  int64_t macs;
};

Look look_at(nn::Module& model, const graph::Example& example) {
  if (dynamic_cast<graph::Network*>(&model) != nullptr) {
    const graph::Graph graph = graph::trace(model, example);
    return {removable_blocks(graph), cost_of(graph).macs};
  }
  const Run run = observe(model, example);
  return {removable(model, run), run.macs};
}

std::vector<LayerChoice> ranked(nn::Module& model, std::vector<LayerChoice> choices,
                                const std::function<double()>& accuracy) {
  for (LayerChoice& choice : choices) {
    const WithoutLayer without(model, choice.name);
    choice.accuracy = accuracy();
    check(!std::isnan(*choice.accuracy), "rank_layers: the accuracy without \"", choice.name, "\" is NaN");
  }
  std::ranges::stable_sort(choices, std::greater(), &LayerChoice::accuracy);
  return choices;
}

}  // namespace

std::vector<LayerChoice> removable_layers(nn::Module& model, const graph::Example& example) {
  return look_at(model, example).choices;
}

WithoutLayer::WithoutLayer(nn::Module& model, const std::string& name)
    : network_(dynamic_cast<graph::Network*>(&model)) {
  if (network_ != nullptr) {
    before_ = *network_;
    network_->remove(name);
    const bool is_empty = prune::weights(model).empty();
    if (is_empty) *network_ = *before_;
    check(!is_empty, "remove_layer: without \"", name, "\" no weight would be left");
    return;
  }
  const auto modules = model.named_modules();
  check(std::ranges::any_of(modules, [&](const auto& entry) { return entry.first == name; }),
        "remove_layer: there is no module \"", name, '"');
  const auto places = entries(model);
  const auto place = places.find(name);
  check(place != places.end(), "remove_layer: \"", name, "\" is no entry of a Sequential");
  parent_ = place->second.parent;
  index_ = place->second.index;
  nn::Module& layer = (*parent_)[index_];
  check(!has_all_weights(model, layer), "remove_layer: without \"", name, "\" no weight would be left");
  Removed nothing;
  nothing.train(layer.is_training());
  layer_ = parent_->replace(index_, nn::Sequential::Entry(nothing));
}

WithoutLayer::~WithoutLayer() {
  if (layer_) parent_->replace(index_, std::move(*layer_));
  if (before_) {
    const bool trains = network_->is_training();
    *network_ = std::move(*before_);
    network_->train(trains);
  }
}

void remove_layer(nn::Module& model, const std::string& name) { WithoutLayer(model, name).let_go(); }

void remove_layer(nn::Module& model, const std::string& name, const graph::Example& example) {
  if (dynamic_cast<graph::Network*>(&model) != nullptr) {
    const auto choices = removable_layers(model, example);
    check(std::ranges::find(choices, name, &LayerChoice::name) != choices.end(), "remove_layer: \"", name,
          "\" is no block of the network that can go");
    return remove_layer(model, name);
  }
  const Run run = observe(model, example);
  std::string reason;
  for (const auto& [its_name, module] : model.named_modules()) {
    if (its_name == name) reason = obstacle(run, model, *module);
  }
  WithoutLayer layer(model, name);
  check(reason.empty(), "remove_layer: \"", name, "\" ", reason);
  layer.let_go();
}

std::vector<std::string> removed_layers(nn::Module& model) {
  if (const auto* network = dynamic_cast<const graph::Network*>(&model)) return network->removed();
  std::vector<std::string> names;
  for (const auto& [name, module] : model.named_modules()) {
    if (dynamic_cast<Removed*>(module) != nullptr) names.push_back(name);
  }
  return names;
}

std::vector<LayerChoice> rank_layers(nn::Module& model, const graph::Example& example,
                                     const std::function<double()>& accuracy) {
  return ranked(model, removable_layers(model, example), accuracy);
}

std::vector<LayerChoice> remove_layers(nn::Module& model, const graph::Example& example,
                                       const RemoveLayersOptions& options,
                                       const std::function<double()>& accuracy) {
  check(options.count.has_value() != options.to_macs.has_value(),
        "remove_layers: give either a count or a fraction of the MACs");
  check(options.count.value_or(0) >= 0, "remove_layers: ", options.count.value_or(0),
        " layers, expected 0 or more");
  check(options.to_macs.value_or(1) > 0 && options.to_macs.value_or(1) <= 1, "remove_layers: to ",
        options.to_macs.value_or(1), " of the MACs, expected a fraction above 0 and up to 1");
  Look look = look_at(model, example);
  const auto macs = static_cast<double>(look.macs);
  std::list<WithoutLayer> gone;
  std::vector<LayerChoice> removed;
  const auto enough = [&] {
    return options.count ? static_cast<int64_t>(removed.size()) >= *options.count
                         : static_cast<double>(look.macs) <= *options.to_macs * macs;
  };
  while (!enough()) {
    const auto& choices = look.choices;
    check(!choices.empty(), "remove_layers: after ", removed.size(), " layers no other can go; asked for ",
          options.count ? static_cast<double>(*options.count) : *options.to_macs,
          options.count ? " layers" : " of the MACs");
    removed.push_back(ranked(model, choices, accuracy)[0]);
    gone.emplace_back(model, removed.back().name);
    look = look_at(model, example);
  }
  for (WithoutLayer& layer : gone) layer.let_go();
  return removed;
}

}  // namespace tinynn::structured
