#include <cstdio>
#include <memory>
#include <sstream>

#include <tinynn/cli/commands.hpp>
#include <tinynn/cli/experiment.hpp>
#include <tinynn/cli/inspect_data.hpp>
#include <tinynn/cli/saved_network.hpp>
#include <tinynn/cli/table.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/graph/channel_map.hpp>
#include <tinynn/io/atomic_file.hpp>
#include <tinynn/io/state_dict.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/models/text.hpp>
#include <tinynn/structured/groups.hpp>

namespace tinynn::cli {
namespace {

std::string shape_text(const Shape& shape) {
  TextStream text;
  text << shape;
  return text.str();
}

struct InspectOptions : WeightsOptions {
  std::filesystem::path dot;
  bool trace = false, groups = false;
};

// What hangs together in the network, as asked for.
void show_structure(const InspectOptions& options, const graph::Graph& graph) {
  if (options.trace) std::printf("%s\n", graph::to_text(graph).c_str());
  if (options.groups)
    std::printf("%s\n", structured::to_text(structured::groups(graph::ChannelMap(graph))).c_str());
  if (!options.dot.empty()) io::write_file_atomically(options.dot, graph::to_dot(graph));
}

// Of weights of which nobody has said what they are.
void list_tensors(const io::SafetensorsFile& file, const Output& output) {
  if (output.quiet) return;
  Table table({"tensor", "type", "shape", "elements"});
  for (const auto& tensor : file.tensors)
    table.add({tensor.name, std::string(dtype_name(tensor.dtype)), shape_text(tensor.shape),
               with_commas(tensor.shape.numel())});
  std::printf("%s\n\n%s\nWeights without their network: --model says what it is, by a name or its layers.\n",
              file.name.c_str(), table.text().c_str());
}

void run(const InspectOptions& options, const Output& output) {
  const auto& file = options.in;
  check_writable(output);
  const io::SafetensorsFile content = io::read_weights(file);
  if (options.model.empty() && !content.metadata.contains("tinynn.graph") &&
      !content.metadata.contains("tinynn.model"))
    return list_tensors(content, output);
  const LoadedModel loaded = load_model(options);
  Table table({"parameter", "shape", "elements", "non-zero", "density", "masked", "stored as", "bytes"});
  NetworkMetrics totals = loaded.counts();
  int64_t bytes = 0;  // of all parameters
  for (const auto& [name, parameter] : loaded.module->named_parameters()) {
    const int64_t nonzero = count_nonzero(parameter);
    const int64_t dead = parameter.mask().defined() ? parameter.numel() - parameter.mask().count_alive() : 0;
    const io::StoredAs stored = io::stored_as(content, name);
    bytes += stored.bytes;
    table.add({name, shape_text(parameter.shape()), with_commas(parameter.numel()), with_commas(nonzero),
               share(nonzero, parameter.numel()), with_commas(dead),
               std::string(storage_name(stored.storage)), with_commas(stored.bytes)});
  }
  table.add({"all", "", with_commas(totals.parameters), with_commas(totals.nonzero),
             share(totals.nonzero, totals.parameters), "", "", with_commas(bytes)});
  totals.file_bytes = static_cast<int64_t>(std::filesystem::file_size(file));
  if (!output.metrics.empty()) loaded.metrics(totals).write(output.metrics);
  if (output.quiet) return;
  std::printf("%s, %s bytes\n\n%s\n", file.c_str(), with_commas(*totals.file_bytes).c_str(),
              table.text().c_str());
  const auto graph = graph::trace(*loaded.module, graph::Example(loaded.module->blank(), {}));
  if (const auto text = models::to_text(graph)) std::printf("--model \"%s\"\n", text->c_str());
  for (const auto& [key, value] : loaded.metadata) std::printf("%s: %s\n", key.c_str(), value.c_str());
  std::printf("\n");
  show_structure(options, graph);
}

}  // namespace

void add_inspect(CommandLine& line) {
  const Command command = line.add_command(
      "inspect",
      "Show what is in a saved network: shapes, densities, masks, and how each parameter is stored; or, with "
      "--data, what is in a data set");
  auto data = std::make_shared<InspectDataOptions>();
  auto options = std::make_shared<InspectOptions>();
  auto output = std::make_shared<Output>();
  command.add("FILE", options->in,
              "A file that tinynn wrote, or weights (safetensors, .pt, .pth) of the --model");
  command
      .add("--model", options->model,
           "What weights are of, where the file does not say: a name, or its layers")
      .suggests(models::names());
  add_sample_options(command, *options);
  command.add_flag("--trace", options->trace, "Show the operations that the network runs");
  command.add_flag("--groups", options->groups,
                   "Show which channels hang together, and what deleting one of them saves");
  command.add("--dot", options->dot, "Write the operations as a picture in Graphviz's language to this file");
  add_inspect_data_options(command, *data);
  add_output_options(command, *output);
  command.footer(
      "\nExamples:\n  tinynn inspect pruned.safetensors --groups\n"
      "  tinynn inspect --data my_pictures --contact-sheet pictures.png");
  command.runs([=] {
    if (options->in.empty() != data->given()) throw UsageError("expected either FILE or --data");
    if (!data->given() && (!data->contact_sheet.empty() || data->data.says_how()))
      throw UsageError("options of data were given, which need --data");
    if (data->given()) return inspect_data(*data, *output);
    run(*options, *output);
  });
}

}  // namespace tinynn::cli
