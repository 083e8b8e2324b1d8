#include <cstdio>
#include <memory>

#include <tinynn/cli/commands.hpp>
#include <tinynn/cli/experiment.hpp>
#include <tinynn/cli/saved_network.hpp>
#include <tinynn/cli/table.hpp>

namespace tinynn::cli {
namespace {

void run(const WeightsOptions& options, const Output& output) {
  check_writable(output);
  const LoadedModel loaded = load_model(options);
  io::save(*loaded.module, output.file, {.metadata = loaded.metadata, .storage = io::Storage::smallest});
  NetworkMetrics counts = loaded.counts();
  counts.file_bytes = static_cast<int64_t>(std::filesystem::file_size(output.file));
  if (!output.metrics.empty()) loaded.metrics(counts).write(output.metrics);
  if (output.quiet) return;
  for (const auto& line : loaded.left_out) std::printf("left out: %s\n", line.c_str());
  std::printf("%s parameters, %s of them zero, %s multiply-adds a sample\nimported: %s, %s bytes\n",
              with_commas(counts.parameters).c_str(), with_commas(counts.parameters - counts.nonzero).c_str(),
              with_commas(*counts.macs).c_str(), output.file.c_str(),
              with_commas(*counts.file_bytes).c_str());
}

}  // namespace

void add_import(CommandLine& line) {
  const Command command =
      line.add_command("import", "Make a network of a file of weights, as PyTorch and others write them");
  auto options = std::make_shared<WeightsOptions>();
  auto output = std::make_shared<Output>();
  add_weights_options(command, *options);
  command.add("--out", output->file, "Save the network, with its graph, to this safetensors file").required();
  add_output_options(command, *output);
  command.footer(
      "\nTaken are safetensors files and state dicts of torch.save() (.pt, .pth), of which nothing is "
      "executed; with\n"
      "the names that DataParallel, torch.compile and torch.nn.utils.prune give, and F16, BF16 and F64.\n"
      "\nExamples:\n  tinynn import --in resnet.pth --model resnet-20 --out resnet.safetensors\n"
      "  tinynn import --in mine.pt --model \"conv1: conv 20 5, maxpool 2, fc: linear 10\" --sample 1,28,28 "
      "--out "
      "mine.safetensors");
  command.runs([=] { run(*options, *output); });
}

}  // namespace tinynn::cli
