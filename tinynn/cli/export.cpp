#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include <tinynn/cli/commands.hpp>
#include <tinynn/cli/experiment.hpp>
#include <tinynn/cli/table.hpp>
#include <tinynn/graph/count.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/prune/mask_rules.hpp>

namespace tinynn::cli {
namespace {

struct ExportOptions {
  std::filesystem::path in;
  std::string format;
};

struct Exported {
  int64_t bytes = 0;
  std::string note;  // what to tell the user besides
};

// Writes a network in some format to a file.
using Writer =
    std::function<Exported(const LoadedModel&, const ExportOptions&, const std::filesystem::path& out)>;

// The state dict of the equal PyTorch module. Masks are left out, for load_state_dict(strict=True) refuses
// names that the module has not; what is dead is zero.
Exported write_safetensors(const LoadedModel& loaded, const ExportOptions& options,
                           const std::filesystem::path& out) {
  bool masked = false;
  for (auto& [name, parameter] : loaded.module->named_parameters()) {
    masked |= parameter.mask().defined();
    parameter.set_mask(Mask());
  }
  const auto file = io::to_file(*loaded.module, io::read_metadata(options.in));
  io::write_safetensors(file, out);
  return {io::safetensors_bytes(file), masked ? "its zeros are kept, its masks are not" : ""};
}

const std::map<std::string, Writer> writers{{"safetensors", write_safetensors}};

void run(const ExportOptions& options, const Output& output) {
  check_writable(output);
  const LoadedModel loaded = load_model(options.in);
  const Shape image = models::input_shape(loaded.model);
  const auto counts = graph::count(*loaded.module, zeros({1, image[0], image[1], image[2]}));
  const double sparsity = prune::sparsity(prune::prunable(*loaded.module));
  const Exported exported = writers.at(options.format)(loaded, options, output.file);
  if (!output.metrics.empty()) {
    Metrics metrics{.model = loaded.model, .dataset = loaded.dataset};
    (sparsity > 0 ? metrics.pruned : metrics.dense) = NetworkMetrics{.sparsity = sparsity,
                                                                     .parameters = counts.parameters,
                                                                     .nonzero = counts.nonzero,
                                                                     .macs = counts.macs,
                                                                     .file_bytes = exported.bytes};
    metrics.write(output.metrics);
  }
  if (output.quiet) return;
  std::printf("exported: %s, %s bytes\n", output.file.c_str(), with_commas(exported.bytes).c_str());
  if (!exported.note.empty()) std::printf("%s\n", exported.note.c_str());
}

}  // namespace

void add_export(CLI::App& app) {
  auto* command = app.add_subcommand("export", "Write a saved network in a form that others read");
  auto options = std::make_shared<ExportOptions>();
  auto output = std::make_shared<Output>();
  command->add_option("--in", options->in, "The network, a safetensors file that tinynn wrote")->required();
  command
      ->add_option("--format", options->format,
                   "safetensors: the state dict of the equal PyTorch module, dense and without masks")
      ->required()
      ->check(CLI::IsMember(writers));
  command->add_option("--out", output->file, "Write to this file")->required();
  add_output_options(*command, *output);
  command->footer(
      "\nExample:\n  tinynn export --in pruned.safetensors --format safetensors --out "
      "state_dict.safetensors");
  command->callback([=] { run(*options, *output); });
}

}  // namespace tinynn::cli
