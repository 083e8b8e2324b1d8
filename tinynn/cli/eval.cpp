#include <cstdio>
#include <memory>

#include <tinynn/cli/commands.hpp>
#include <tinynn/cli/experiment.hpp>
#include <tinynn/cli/saved_network.hpp>
#include <tinynn/cli/table.hpp>

namespace tinynn::cli {
namespace {

void run_eval(const SavedOptions& options, const Output& output) {
  check_writable(output);
  use_threads(options.threads);
  LoadedModel loaded = load_model(options);
  Experiment experiment(loaded.settings(data_options(options, loaded)), output);
  NetworkMetrics result = experiment.measure(*loaded.module, true);
  result.file_bytes = static_cast<int64_t>(std::filesystem::file_size(options.in));
  loaded.dataset = experiment.dataset();
  if (!output.metrics.empty()) loaded.metrics(result).write(output.metrics);
  if (output.quiet) return;
  Table table({heading(loaded.model) + " on " + experiment.dataset(), ""});
  table.add({result.score_name(), result.score_text()});
  table.add({"sparsity of the weights", percent(*result.sparsity)});
  table.add({"parameters", with_commas(result.parameters)});
  table.add({"non-zero parameters", with_commas(result.nonzero)});
  table.add({"live multiply-adds a sample", with_commas(*result.macs)});
  table.add({"bytes on disk", with_commas(*result.file_bytes)});
  for (const auto& [batch, microseconds] : result.latency_us) {
    table.add({"microseconds a batch of " + std::to_string(batch), fixed(microseconds, 1)});
  }
  std::printf("%s", table.text().c_str());
}

}  // namespace

void add_eval(CommandLine& line) {
  const Command command = line.add_command("eval", "Measure a saved network: accuracy, size and time");
  auto options = std::make_shared<SavedOptions>();
  auto output = std::make_shared<Output>();
  add_saved_options(command, *options, "Default: the data set that the network was trained on");
  add_output_options(command, *output);
  command.footer("\nExample:\n  tinynn eval --in pruned.safetensors --data mnist");
  command.runs([=] { run_eval(*options, *output); });
}

}  // namespace tinynn::cli
