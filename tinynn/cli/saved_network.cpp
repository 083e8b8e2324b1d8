#include <tinynn/cli/saved_network.hpp>
#include <tinynn/cli/settings.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/graph/count.hpp>
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
  LoadedModel loaded{std::make_unique<graph::Network>(io::load_network(content)), entry("tinynn.model"),
                     entry("tinynn.dataset"), content.metadata};
  if (loaded.model.empty()) loaded.model = file.stem().string();
  loaded.metadata.erase("tinynn.graph");  // written anew
  try_out(*loaded.module, file);
  return loaded;
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

Settings LoadedModel::settings(const std::string& data) const {
  Settings result = resolve({.model = model, .data = data});
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

std::string data_name(const SavedOptions& options, const LoadedModel& loaded) {
  const std::string& data = options.data.empty() ? loaded.dataset : options.data;
  check(!data.empty() && data != "custom", options.in.string(),
        " does not say what data it was trained on; give --data");
  return data;
}

}  // namespace tinynn::cli
