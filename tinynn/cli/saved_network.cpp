#include <tinynn/cli/data_metadata.hpp>
#include <tinynn/cli/saved_network.hpp>
#include <tinynn/cli/settings.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/graph/count.hpp>
#include <tinynn/io/state_dict.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/prune/mask_rules.hpp>

namespace tinynn::cli {
namespace {

// Throws Error, naming the file, if the sizes of the network do not fit each other.
void try_out(graph::Network& network, const std::filesystem::path& file) {
  try {
    graph::run(network, {network.blank()});
  } catch (const Error& error) {
    fail(file.string(), ": the network cannot be run: ", error.what());
  }
}

// A network by name or text with the weights of a file.
std::unique_ptr<graph::Network> network_of_weights(const io::SafetensorsFile& file, const std::string& model,
                                                   const WeightsOptions& options,
                                                   std::vector<std::string>& left_out) {
  const bool is_name = models::is_name(model);
  check(is_name || !options.sample.empty(), "--model \"", model,
        "\" needs --sample C,H,W, the shape of what it takes");
  const Shape sample = is_name ? models::input_shape(model) : Shape(options.sample);
  manual_seed(1);  // what the file lacks starts alike each time
  const auto module = models::make(model, sample);
  if (options.partial) {
    left_out = io::load_what_fits(*module, file);
  } else {
    io::load(*module, file);
  }
  std::vector<int64_t> sizes{1};
  sizes.insert(sizes.end(), sample.begin(), sample.end());
  return std::make_unique<graph::Network>(*module, zeros(Shape(sizes)));
}

}  // namespace

void add_sample_options(const Command& command, WeightsOptions& options) {
  command
      .add("--sample", options.sample,
           "Shape of one sample, such as 1,28,28, for weights of a --model that is given by its layers")
      .delimiter(',')
      .in_range(int64_t{1}, int64_t{1} << 20);
  command.add_flag(
      "--partial", options.partial,
      "Of weights, take those whose names and shapes fit the --model, and leave the rest as it starts");
}

void add_weights_options(const Command& command, WeightsOptions& options) {
  command
      .add("--in", options.in,
           "The network: a file that tinynn wrote, or weights (safetensors, .pt, .pth) of the --model")
      .required();
  command
      .add("--model", options.model,
           "What weights are of, where the file does not say: a name, or its layers")
      .suggests(models::names());
  add_sample_options(command, options);
}

void add_saved_options(const Command& command, SavedOptions& options, const std::string& used) {
  add_weights_options(command, options);
  command.add("--data", options.data.name_or_path, (data_help() + ". " + used).c_str())
      .suggests(data_names());
  add_reading_options(command, options.data);
  add_threads_option(command, options.threads);
}

LoadedModel load_model(const WeightsOptions& options) {
  const std::filesystem::path& file = options.in;
  const auto content = io::read_weights(file);
  const auto entry = [&](const char* key) {
    const auto found = content.metadata.find(key);
    return found == content.metadata.end() ? "" : found->second;
  };
  const bool has_graph = content.metadata.contains("tinynn.graph");
  LoadedModel loaded{nullptr, options.model.empty() ? entry("tinynn.model") : options.model,
                     entry("tinynn.dataset"), content.metadata};
  if (has_graph && options.model.empty()) {
    loaded.module = std::make_unique<graph::Network>(io::load_network(content));
    if (loaded.model.empty()) loaded.model = file.stem().string();
  } else {
    check(!loaded.model.empty(), file.string(),
          " has weights, but does not say of which network; give --model, a name or its layers");
    loaded.module = network_of_weights(content, loaded.model, options, loaded.left_out);
    loaded.metadata["tinynn.model"] = loaded.model;
  }
  loaded.metadata.erase("tinynn.graph");  // written anew
  try_out(*loaded.module, file);
  return loaded;
}

std::string LoadedModel::loss() const {
  const auto found = metadata.find("tinynn.loss");
  return found == metadata.end() ? "" : found->second;
}

Shape LoadedModel::sample_shape() const {
  const Shape input = blank(1).shape();
  return Shape(std::span(input.begin() + 1, input.end()));
}

Tensor LoadedModel::blank(int64_t count) const { return module->blank(count)[0]; }

std::unique_ptr<nn::Module> LoadedModel::as_made() const {
  try {
    return models::make(model, sample_shape());
  } catch (const Error&) {  // a name of the user's own
    return nullptr;
  }
}

Settings LoadedModel::settings(const DataOptions& data) const {
  Settings result = resolve({.model = model, .data = data, .loss = loss()});
  result.input = sample_shape();
  return result;
}

NetworkMetrics LoadedModel::counts() const {
  const auto counts = graph::count(*module, blank(1));
  return {.sparsity = prune::sparsity(prune::weights(*module)),
          .parameters = counts.parameters,
          .nonzero = counts.nonzero,
          .macs = counts.macs};
}

Metrics LoadedModel::metrics(const NetworkMetrics& state) const {
  Metrics result{.model = model, .dataset = dataset};
  (*state.sparsity > 0 ? result.pruned : result.dense) = state;
  return result;
}

DataOptions data_options(const SavedOptions& options, const LoadedModel& loaded) {
  DataOptions data = options.data;
  if (data.name_or_path.empty()) data.name_or_path = loaded.dataset;
  check(!data.name_or_path.empty() && data.name_or_path != "custom", options.in.string(),
        " does not say what data it was trained on; give --data");
  use_metadata(data, loaded.metadata);
  return data;
}

data::Normalization pixel_normalization(const SavedOptions& options, const LoadedModel& loaded) {
  DataOptions known;
  use_metadata(known, loaded.metadata);
  if (known.normalization && loaded.sample_shape().rank() == 3) return in_pixels(*known.normalization);
  const DataSets data = open_dataset(data_options(options, loaded), loaded.sample_shape(), loaded.model);
  check(!data.normalization.mean.empty(), "--raw-input: samples of ", data.name,
        " are no bytes that are normalised");
  return in_pixels(data.normalization);
}

}  // namespace tinynn::cli
