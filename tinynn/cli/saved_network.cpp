#include <sstream>

#include <tinynn/cli/saved_network.hpp>
#include <tinynn/cli/settings.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/graph/count.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/structured/remove_layers.hpp>

namespace tinynn::cli {
namespace {

// The layers of which a file says that they are gone: "layer1.1,layer2.2".
void remove_listed(nn::Module& module, const std::string& names, const std::filesystem::path& file) {
  std::istringstream list(names);
  for (std::string name; std::getline(list, name, ',');) {
    try {
      structured::remove_layer(module, name);
    } catch (const Error& error) {
      fail(file.string(), ": metadata \"tinynn.removed\": ", error.what());
    }
  }
}

}  // namespace

Option add_in_option(const Command& command, std::filesystem::path& in) {
  return command.add("--in", in, "The network, a safetensors file that tinynn wrote");
}

void add_saved_options(const Command& command, SavedOptions& options, const std::string& used) {
  add_in_option(command, options.in).required();
  command.add("--data", options.data, (data_help() + ". " + used).c_str()).suggests(data_names());
  add_threads_option(command, options.threads);
}

LoadedModel load_model(const std::filesystem::path& file) {
  const auto content = io::read_safetensors(file);
  const auto entry = [&](const char* key) {
    const auto found = content.metadata.find(key);
    return found == content.metadata.end() ? "" : found->second;
  };
  const std::string name = entry("tinynn.model");
  check(!name.empty(), file.string(), ": the metadata has no \"tinynn.model\", expected the name of a model");
  LoadedModel loaded{models::make(name), name, entry("tinynn.dataset"), content.metadata};
  remove_listed(*loaded.module, entry("tinynn.removed"), file);
  io::load(*loaded.module, content);
  return loaded;
}

Tensor LoadedModel::blank(int64_t count) const {
  const Shape image = models::input_shape(model);
  return zeros({count, image[0], image[1], image[2]});
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

std::string data_name(const SavedOptions& options, const LoadedModel& loaded) {
  const std::string& data = options.data.empty() ? loaded.dataset : options.data;
  check(!data.empty() && data != "custom", options.in.string(),
        " does not say what data it was trained on; give --data");
  return data;
}

}  // namespace tinynn::cli
