#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <tinynn/cli/commands.hpp>
#include <tinynn/cli/export_header.hpp>
#include <tinynn/cli/table.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/export/compile.hpp>
#include <tinynn/export/share_weights.hpp>
#include <tinynn/graph/count.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/program/plan_file.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/recipe/table.hpp>
#ifdef TINYNN_HAS_ONNX
#include <tinynn/export/onnx.hpp>
#endif

namespace tinynn::cli {
namespace {

struct ExportOptions {
  HeaderExport header;  // what the formats have in common, too
  std::string format, quantize;
  std::optional<int64_t> threads;

  // K of codebook:K, 0 for anything else.
  int64_t clusters() const {
    return quantize.starts_with("codebook") ? static_cast<int64_t>(recipe::number_of("--quantize", quantize))
                                            : 0;
  }
};

// Writes a network in some format to a file, and says what to tell the user besides.
using Writer =
    std::function<std::string(const LoadedModel&, const ExportOptions&, const std::filesystem::path& out)>;

// The state dict of the equal PyTorch module. Masks are left out, for load_state_dict(strict=True) refuses
// names that the module has not; what is dead is zero. With a codebook it is a file for tinynn, which keeps
// them.
std::string write_safetensors(const LoadedModel& loaded, const ExportOptions& options,
                              const std::filesystem::path& out) {
  check(!options.header.raw_input, "--raw-input: PyTorch's module has no place for it");
  const auto metadata = io::read_metadata(options.header.in);
  if (options.clusters() > 0) {
    for (const Parameter& weight : prune::weights(*loaded.module))
      deploy::share_weights(weight, options.clusters());
    io::save(*loaded.module, out, metadata, io::Storage::smallest);
    return "for tinynn; weights with masks are stored as indices of the values that they share";
  }
  bool masked = false;
  for (auto& [name, parameter] : loaded.module->named_parameters()) {
    masked |= parameter.mask().defined();
    parameter.set_mask(Mask());
  }
  io::write_safetensors(io::to_file(*loaded.module, metadata), out);
  return masked ? "its zeros are kept, its masks are not" : "";
}

deploy::Plan plan_of(const LoadedModel& loaded, const ExportOptions& all) {
  const HeaderExport& options = all.header;
  const Shape image = models::input_shape(loaded.model);
  auto plan = deploy::plan(*loaded.module, zeros({1, image[0], image[1], image[2]}));
  if (!options.raw_input) return plan;
  const auto [mean, std] =
      pixel_normalization(open_dataset(options.data.empty() ? loaded.dataset : options.data));
  return deploy::with_normalization(std::move(plan), mean, std);
}

std::string write_program(const LoadedModel& loaded, const ExportOptions& options,
                          const std::filesystem::path& out) {
  deploy::save(plan_of(loaded, options), out, io::read_metadata(options.header.in));
  return "for deploy::Program(deploy::load(file))";
}

std::string write_onnx(const LoadedModel& loaded, const ExportOptions& options,
                       const std::filesystem::path& out) {
#ifdef TINYNN_HAS_ONNX
  deploy::write_onnx(plan_of(loaded, options), loaded.model, out);
  return "";
#else
  static_cast<void>(plan_of(loaded, options));
  fail("cannot write ", out.string(), ": this tinynn was built without libonnx-dev, which has the schema");
#endif
}

const std::map<std::string, Writer> writers{
    {"safetensors", write_safetensors}, {"onnx", write_onnx}, {"program", write_program}};

void run(ExportOptions options, const Output& output) {
  use_threads(options.threads);
  options.header.int8 = options.quantize == "int8";
  if (options.format == "header") {
    check(options.quantize.empty() || options.header.int8,
          "--quantize codebook: only --format safetensors has one");
    return export_header(options.header, output);
  }
  check(!options.header.int8, "--quantize int8: only --format header has bytes");
  const bool codebook = !options.quantize.empty() && !options.header.int8;
  check(!codebook || options.format == "safetensors",
        "--quantize codebook: only --format safetensors has one");
  check(!codebook || (options.clusters() >= 1 && options.clusters() <= 256), "--quantize ", options.quantize,
        ": expected codebook:K with K from 1 to 256");
  check_writable(output);
  const LoadedModel loaded = load_model(options.header.in);
  const Shape image = models::input_shape(loaded.model);
  const auto counts = graph::count(*loaded.module, zeros({1, image[0], image[1], image[2]}));
  const double sparsity = prune::sparsity(prune::weights(*loaded.module));
  const std::string note = writers.at(options.format)(loaded, options, output.file);
  const auto bytes = static_cast<int64_t>(std::filesystem::file_size(output.file));
  if (!output.metrics.empty()) {
    Metrics metrics{.model = loaded.model, .dataset = loaded.dataset};
    (sparsity > 0 ? metrics.pruned : metrics.dense) = NetworkMetrics{.sparsity = sparsity,
                                                                     .parameters = counts.parameters,
                                                                     .nonzero = counts.nonzero,
                                                                     .macs = counts.macs,
                                                                     .file_bytes = bytes};
    metrics.write(output.metrics);
  }
  if (output.quiet) return;
  std::printf("exported: %s, %s bytes\n", output.file.c_str(), with_commas(bytes).c_str());
  if (!note.empty()) std::printf("%s\n", note.c_str());
}

}  // namespace

void add_export(CommandLine& line) {
  const Command command =
      line.add_command("export", "Write a saved network in a form that others read or run");
  auto options = std::make_shared<ExportOptions>();
  auto output = std::make_shared<Output>();
  HeaderExport& header = options->header;
  command.add("--in", header.in, "The network, a safetensors file that tinynn wrote").required();
  command
      .add("--format", options->format,
           "header: one header in C99 and C++17 that needs nothing else; onnx: for ONNX Runtime and others; "
           "program: for deploy::Program, without the code that made the network; safetensors: the "
           "state dict of the equal PyTorch module, dense and without masks")
      .required()
      .one_of({"header", "onnx", "program", "safetensors"});
  command.add("--out", output->file, "Write it to this file").required();
  command.add("--name", header.name, "What a header's names begin with: NAME_predict ...").shows_default();
  command
      .add("--quantize", options->quantize,
           "int8: weights and activations of a header are bytes; codebook:K: the live weights of a "
           "layer share K values, of which a safetensors file for tinynn holds the indices, compressed")
      .check([](const std::string& text) {
        return text == "int8" || text.substr(0, text.find(':')) == "codebook"
                   ? ""
                   : "\"" + text + "\" is none of int8, codebook:K";
      });
  command.add_flag("--raw-input", header.raw_input, "It takes pixels of 0 to 255 and normalises them itself");
  command.add("--data", header.data,
              "mnist, fashion-mnist, cifar10, or a folder of IDX files: to measure accuracy, calibrate "
              "activations and normalise pixels. Default, where it is needed: the data set that the "
              "network was trained on");
  add_threads_option(command, options->threads);
  add_output_options(command, *output);
  command.footer(
      "\nExamples:\n  tinynn export --in pruned.safetensors --format header --name digits --quantize int8 "
      "--raw-input --data mnist --out digits.hpp\n  tinynn export --in pruned.safetensors --format onnx "
      "--out digits.onnx\n  tinynn export --in pruned.safetensors --format safetensors --out "
      "state_dict.safetensors");
  command.runs([=] { run(*options, *output); });
}

}  // namespace tinynn::cli
