#include <cstdio>
#include <memory>

#include <tinynn/cli/commands.hpp>
#include <tinynn/cli/experiment.hpp>
#include <tinynn/cli/export_formats.hpp>
#include <tinynn/core/error.hpp>

namespace tinynn::cli {
namespace {

void run(const ExportOptions& options, const Output& output) {
  const FormatRow& format = find(export_formats(), "--format", options.format);
  check(!options.int8() || format.has_bytes, "--quantize int8: only --format header and program have bytes");
  check(!options.codebook() || format.has_codebook, "--quantize codebook: only --format safetensors has one");
  check_writable(output);
  use_threads(options.threads);
  const LoadedModel loaded = load_model(options);
  NetworkMetrics metrics = loaded.counts();
  Table facts({heading(loaded.model), ""});
  facts.add({"sparsity of the weights", percent(*metrics.sparsity)});
  Export to{options, output.file, loaded, metrics, facts};
  format.write(to);
  metrics.file_bytes = static_cast<int64_t>(std::filesystem::file_size(output.file));
  facts.add({"bytes of the file", with_commas(*metrics.file_bytes)});
  if (!output.metrics.empty()) loaded.metrics(metrics).write(output.metrics);
  if (output.quiet) return;
  std::printf("%s\nexported: %s\n", facts.text().c_str(), output.file.c_str());
  if (!to.note.empty()) std::printf("%s\n", to.note.c_str());
}

}  // namespace

void add_export(CommandLine& line) {
  const Command command =
      line.add_command("export", "Write a saved network in a form that others read or run");
  auto options = std::make_shared<ExportOptions>();
  auto output = std::make_shared<Output>();
  std::vector<std::string> formats;
  for (const auto& row : export_formats()) formats.emplace_back(row.name);
  command.add("--format", options->format, "A row of the table below").required().one_of(formats);
  command.add("--out", output->file, "Write it to this file").required();
  command.add("--name", options->name, "What a header's names begin with: NAME_predict ...").shows_default();
  command
      .add("--quantize", options->quantize,
           "int8: a header or program computes with bytes; codebook:K: the live weights of a layer share K "
           "values, "
           "which makes a safetensors file small, for tinynn alone to read")
      .check([](const std::string& text) {
        return text == "int8" || text.substr(0, text.find(':')) == "codebook"
                   ? ""
                   : "\"" + text + "\" is none of int8, codebook:K";
      })
      .suggests({"int8", "codebook:"});
  command.add_flag("--raw-input", options->raw_input,
                   "What is exported takes pixels of 0 to 255 and normalises them itself");
  add_saved_options(command, *options,
                    "Measures accuracy, calibrates activations and normalises pixels. Default, where it is "
                    "needed: the data set that the network was trained on");
  add_output_options(command, *output);
  command.footer(
      "\nFormats:\n" + recipe::help_of(export_formats()) +
      "\nExamples:\n  tinynn export --in pruned.safetensors --format header --name digits --quantize int8 "
      "--raw-input --data mnist --out digits.hpp\n  tinynn export --in pruned.safetensors --format onnx "
      "--out digits.onnx\n  tinynn export --in pruned.safetensors --format safetensors --out "
      "state_dict.safetensors");
  command.runs([=] { run(*options, *output); });
}

}  // namespace tinynn::cli
