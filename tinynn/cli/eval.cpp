#include <cstdio>
#include <memory>

#include <tinynn/cli/commands.hpp>
#include <tinynn/cli/experiment.hpp>
#include <tinynn/cli/table.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>

namespace tinynn::cli {
namespace {

struct EvalOptions {
  std::filesystem::path in;
  std::string data;
  std::optional<int64_t> threads;
};

void run(const EvalOptions& options, const Output& output) {
  check_writable(output);
  use_threads(options.threads);
  const LoadedModel loaded = load_model(options.in);
  const std::string& data = options.data.empty() ? loaded.dataset : options.data;
  check(!data.empty() && data != "custom", options.in.string(),
        " does not say what data it was trained on; give --data");
  Experiment experiment(resolve({.model = loaded.model, .data = data}), output);
  NetworkMetrics result = experiment.measure(*loaded.module, true);
  result.file_bytes = static_cast<int64_t>(std::filesystem::file_size(options.in));
  if (!output.metrics.empty()) {
    Metrics metrics{.model = loaded.model, .dataset = experiment.dataset()};
    (*result.sparsity > 0 ? metrics.pruned : metrics.dense) = result;
    metrics.write(output.metrics);
  }
  if (output.quiet) return;
  Table table({loaded.model + " on " + experiment.dataset(), ""});
  table.add({"test accuracy", percent(*result.test_accuracy)});
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
  auto options = std::make_shared<EvalOptions>();
  auto output = std::make_shared<Output>();
  command.add("--in", options->in, "The network, a safetensors file that tinynn wrote").required();
  command.add("--data", options->data,
              "mnist, fashion-mnist, cifar10, or a folder of IDX files. Default: the data set that "
              "the network was trained on");
  add_threads_option(command, options->threads);
  add_output_options(command, *output);
  command.footer("\nExample:\n  tinynn eval --in pruned.safetensors --data mnist");
  command.runs([=] { run(*options, *output); });
}

}  // namespace tinynn::cli
