#include <cstdio>
#include <memory>

#include <tinynn/cli/commands.hpp>
#include <tinynn/cli/experiment.hpp>
#include <tinynn/cli/prune_tables.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/graph/count.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/structured/compact.hpp>

namespace tinynn::cli {
namespace {

struct CompactOptions {
  std::filesystem::path in;
  std::string data;
};

// Without data there is no accuracy; all else needs images only for their shape.
NetworkMetrics measure(nn::Module& module, const Tensor& images, const io::Metadata& metadata,
                       Experiment* experiment) {
  if (experiment != nullptr) return experiment->measure(module, true);
  const auto counts = graph::count(module, images);
  return {.sparsity = prune::sparsity(prune::weights(module)),
          .parameters = counts.parameters,
          .nonzero = counts.nonzero,
          .macs = counts.macs,
          .file_bytes = io::safetensors_bytes(io::to_file(module, metadata, io::Storage::smallest))};
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

void run(const CompactOptions& options, const Output& output) {
  check_writable(output);
  const LoadedModel loaded = load_model(options.in);
  io::Metadata metadata = io::read_metadata(options.in);
  std::unique_ptr<Experiment> experiment;
  if (!options.data.empty())
    experiment = std::make_unique<Experiment>(resolve({.model = loaded.model, .data = options.data}), output);
  const Shape image = models::input_shape(loaded.model);
  manual_seed(1);
  const Tensor images = randn({8, image[0], image[1], image[2]});

  Metrics metrics{.model = loaded.model, .dataset = loaded.dataset};
  metrics.pruned = measure(*loaded.module, images, metadata, experiment.get());
  const structured::Compacted report = structured::compact(*loaded.module, images);
  metrics.compact = with_changes(measure(*loaded.module, images, metadata, experiment.get()), report);
  io::save(*loaded.module, output.file, metadata, io::Storage::smallest);
  if (!output.metrics.empty()) metrics.write(output.metrics);
  if (output.quiet) return;
  print(metrics, report);
  std::printf("compacted network: %s\n", output.file.c_str());
}

}  // namespace

void add_compact(CommandLine& line) {
  const Command command = line.add_command(
      "compact", "Delete what the masks of a saved network have killed: whole channels, filters and neurons");
  auto options = std::make_shared<CompactOptions>();
  auto output = std::make_shared<Output>();
  command.add("--in", options->in, "The pruned network, a safetensors file that tinynn wrote").required();
  command.add("--out", output->file, "Save the small network to this file").required();
  command.add(
      "--data", options->data,
      "mnist, fashion-mnist, cifar10, or a folder of IDX files: measure accuracy and time on it, too");
  add_output_options(command, *output);
  command.footer(
      "\nExample:\n  tinynn prune --in dense.safetensors --data mnist --granularity filter --sparsity 0.5 "
      "--out masked.safetensors\n  tinynn compact --in masked.safetensors --out small.safetensors --data "
      "mnist");
  command.runs([=] { run(*options, *output); });
}

}  // namespace tinynn::cli
