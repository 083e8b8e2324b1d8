#include <algorithm>
#include <cstdio>
#include <memory>

#include <tinynn/cli/commands.hpp>
#include <tinynn/cli/experiment.hpp>
#include <tinynn/cli/report/command_line.hpp>
#include <tinynn/cli/report/sensitivity_report.hpp>
#include <tinynn/cli/saved_network.hpp>
#include <tinynn/cli/table.hpp>
#include <tinynn/io/atomic_file.hpp>
#include <tinynn/io/json.hpp>
#include <tinynn/prune/sensitivity_scan.hpp>

namespace tinynn::cli {
namespace {

struct SensitivityOptions : SavedOptions {
  std::string granularity = "weight";
  double loss = 0.01;
};

double fraction_of(const prune::Share& share) {
  const int64_t total = share.parameters[0].numel();
  return static_cast<double>(share.amount.to_kill(total, total)) / static_cast<double>(total);
}

void write_metrics(const std::filesystem::path& path, const std::string& model, const std::string& dataset,
                   const std::vector<prune::LayerScan>& scan, const std::vector<prune::Share>& shares) {
  io::Json layers = io::Json::array();
  for (size_t k = 0; k < scan.size(); ++k) {
    layers.push_back({{"name", scan[k].name},
                      {"sparsity", scan[k].sparsities},
                      {"accuracy", scan[k].accuracies},
                      {"share", fraction_of(shares[k])}});
  }
  const io::Json json{{"model", model}, {"dataset", dataset}, {"layers", layers}};
  io::write_file_atomically(path, json.text(2) + "\n");
}

// Accuracies in percent, at as many of the sparsities as fit a terminal; a layer that is sparser already has
// no number.
Table table_of(const std::vector<prune::LayerScan>& scan, const std::vector<prune::Share>& shares,
               double loss) {
  constexpr double shown[] = {0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99};
  std::vector<std::string> heads{"layer, so much of it pruned", "as it is"};
  for (const double sparsity : shown) heads.push_back(fixed(100 * sparsity, 0) + "%");
  heads.push_back("-" + fixed(100 * loss, 1) + " at");
  Table table(heads);
  for (size_t k = 0; k < scan.size(); ++k) {
    const auto& [name, weight, sparsities, accuracies] = scan[k];
    std::vector<std::string> cells{name, fixed(100 * accuracies[0], 1)};
    for (const double sparsity : shown) {
      const auto found = std::ranges::find(sparsities.begin() + 1, sparsities.end(), sparsity);
      const bool there = found != sparsities.end();
      cells.push_back(there ? fixed(100 * accuracies[found - sparsities.begin()], 1) : "sparser");
    }
    cells.push_back(percent(fraction_of(shares[k])));
    table.add(cells);
  }
  return table;
}

void run(const SensitivityOptions& options, const Output& output, const std::string& command) {
  check_writable(output);
  use_threads(options.threads);
  const LoadedModel loaded = load_model(options);
  const DataOptions data = data_options(options, loaded);
  Experiment experiment(loaded.settings(data), output);
  check(experiment.classifies(), "sensitivity is measured in accuracy, which ", loaded.model, " has not");
  const prune::ScanOptions scan_options{
      .rule = {.granularity = options.granularity == "weight" ? prune::element() : prune::slice(0)}};
  const auto scan = prune::scan_sensitivity(
      *loaded.module, [&] { return experiment.validation_score(*loaded.module); }, scan_options);
  const auto shares = prune::shares_within(scan, options.loss);
  if (!output.metrics.empty())
    write_metrics(output.metrics, loaded.model, experiment.dataset(), scan, shares);
  const Table table = table_of(scan, shares, options.loss);
  if (!output.report.empty()) {
    io::write_file_atomically(output.report, sensitivity_page({.command = command,
                                                               .model = loaded.model,
                                                               .data = data.name_or_path,
                                                               .pruned = options.granularity},
                                                              scan, table));
  }
  if (output.quiet) return;
  std::printf("%s", table.text().c_str());
  if (!output.report.empty()) std::printf("report: %s\n", output.report.c_str());
}

}  // namespace

void add_sensitivity(CommandLine& line) {
  const Command command = line.add_command(
      "sensitivity",
      "Show what pruning costs, layer by layer: accuracy against sparsity, without fine-tuning");
  auto options = std::make_shared<SensitivityOptions>();
  auto output = std::make_shared<Output>();
  add_saved_options(
      command, *options,
      "Default: the data set that the network was trained on. 10,000 of its training images are used");
  command.add("--granularity", options->granularity, "What dies together: weight or filter (rows)")
      .one_of({"weight", "filter"})
      .shows_default();
  command
      .add("--loss", options->loss,
           "The last column: how much of a layer can go before this much accuracy is lost, as a fraction")
      .in_range(0.0, 1.0)
      .shows_default();
  add_report_option(command, *output);
  add_output_options(command, *output);
  command.footer("\nExample:\n  tinynn sensitivity --in dense.safetensors --data mnist");
  command.runs([=] { run(*options, *output, command_line(command)); });
}

}  // namespace tinynn::cli
