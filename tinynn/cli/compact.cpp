#include <cstdio>
#include <memory>

#include <tinynn/cli/commands.hpp>
#include <tinynn/cli/experiment.hpp>
#include <tinynn/cli/prune_tables.hpp>
#include <tinynn/cli/saved_network.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/structured/compact.hpp>

namespace tinynn::cli {
namespace {

// Without data there is no accuracy, and no time.
NetworkMetrics measure(const LoadedModel& loaded, Experiment* experiment) {
  NetworkMetrics metrics =
      experiment != nullptr ? experiment->measure(*loaded.module, true) : loaded.counts();
  metrics.file_bytes = io::safetensors_bytes(
      io::to_file(*loaded.module, {.metadata = loaded.metadata, .storage = io::Storage::smallest}));
  return metrics;
}

NetworkMetrics with_changes(NetworkMetrics metrics, const structured::Compacted& report) {
  metrics.output_change_by_bias = report.output_change_by_bias;
  metrics.output_difference = report.output_difference;
  return metrics;
}

void print(const Metrics& metrics, const structured::Compacted& report) {
  std::printf(
      "%s\n",
      comparison_table({{"before", *metrics.pruned}, {"compacted", *metrics.compact}}).text().c_str());
  std::printf(
      "%lld channels deleted. Largest change of an output, over the largest: %.2g by zeroing the biases of "
      "dead channels, %.2g by deleting them.\n",
      static_cast<long long>(report.channels), report.output_change_by_bias, report.output_difference);
  if (report.kept.empty()) return;
  std::printf("Masked, but not deleted:\n");
  for (const auto& line : report.kept) std::printf("  %s\n", line.c_str());
}

void run_compact(const SavedOptions& options, const Output& output) {
  check_writable(output);
  use_threads(options.threads);
  const LoadedModel loaded = load_model(options);
  std::unique_ptr<Experiment> experiment;
  if (!options.data.name_or_path.empty())
    experiment = std::make_unique<Experiment>(loaded.settings(data_options(options, loaded)), output);
  manual_seed(1);
  const Tensor images = randn(loaded.blank(8).shape());

  Metrics metrics{.model = loaded.model, .dataset = loaded.dataset};
  metrics.pruned = measure(loaded, experiment.get());
  const structured::Compacted report = structured::compact(*loaded.module, images);
  metrics.compact = with_changes(measure(loaded, experiment.get()), report);
  io::save(*loaded.module, output.file, {.metadata = loaded.metadata, .storage = io::Storage::smallest});
  if (!output.metrics.empty()) metrics.write(output.metrics);
  if (output.quiet) return;
  print(metrics, report);
  std::printf("compacted network: %s\n", output.file.c_str());
}

}  // namespace

void add_compact(CommandLine& line) {
  const Command command = line.add_command(
      "compact", "Delete what the masks of a saved network have killed: whole channels, filters and neurons");
  auto options = std::make_shared<SavedOptions>();
  auto output = std::make_shared<Output>();
  command.add("--out", output->file, "Save the small network to this file").required();
  add_saved_options(command, *options, "Measures accuracy and time on it, too");
  add_output_options(command, *output);
  command.footer(
      "\nExample:\n  tinynn prune --in dense.safetensors --data mnist --granularity filter --sparsity 0.5 "
      "--out masked.safetensors\n  tinynn compact --in masked.safetensors --out small.safetensors --data "
      "mnist");
  command.runs([=] { run_compact(*options, *output); });
}

}  // namespace tinynn::cli
