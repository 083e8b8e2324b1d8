#include <cstdio>
#include <map>
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
#include <tinynn/models/models.hpp>
#include <tinynn/structured/groups.hpp>

namespace tinynn::cli {
namespace {

std::string shape_text(const Shape& shape) {
  TextStream text;
  text << shape;
  return text.str();
}

struct InspectOptions {
  std::filesystem::path file, dot;
  bool trace = false, groups = false;
};

// What hangs together in the network, as asked for.
void show_structure(const InspectOptions& options, const LoadedModel& loaded) {
  const auto graph = graph::trace(*loaded.module, loaded.blank(1));
  if (options.trace) std::printf("%s\n", graph::to_text(graph).c_str());
  if (options.groups)
    std::printf("%s\n", structured::to_text(structured::groups(graph::ChannelMap(graph))).c_str());
  if (!options.dot.empty()) io::write_file_atomically(options.dot, graph::to_dot(graph));
}

void run(const InspectOptions& options, const Output& output) {
  const auto& file = options.file;
  check_writable(output);
  const LoadedModel loaded = load_model(file);
  const io::SafetensorsFile content = io::read_safetensors(file);
  Table table(
      {"parameter", "as made", "shape", "elements", "non-zero", "density", "masked", "stored as", "bytes"});
  const auto made = models::make(loaded.model);
  std::map<std::string, Shape> shapes;
  for (const auto& [name, parameter] : made->named_parameters()) shapes[name] = parameter.shape();
  NetworkMetrics totals = loaded.counts();
  int64_t bytes = 0;  // of all parameters
  for (const auto& [name, parameter] : loaded.module->named_parameters()) {
    const int64_t nonzero = count_nonzero(parameter);
    const int64_t dead = parameter.mask().defined() ? parameter.numel() - parameter.mask().count_alive() : 0;
    const io::StoredAs stored = io::stored_as(content, name);
    bytes += stored.bytes;
    table.add({name, shape_text(shapes[name]), shape_text(parameter.shape()), with_commas(parameter.numel()),
               with_commas(nonzero), share(nonzero, parameter.numel()), with_commas(dead),
               std::string(storage_name(stored.storage)), with_commas(stored.bytes)});
  }
  table.add({"all", "", "", with_commas(totals.parameters), with_commas(totals.nonzero),
             share(totals.nonzero, totals.parameters), "", "", with_commas(bytes)});
  totals.file_bytes = static_cast<int64_t>(std::filesystem::file_size(file));
  if (!output.metrics.empty()) loaded.metrics(totals).write(output.metrics);
  if (output.quiet) return;
  std::printf("%s, %s bytes\n\n%s\n", file.c_str(), with_commas(*totals.file_bytes).c_str(),
              table.text().c_str());
  for (const auto& [key, value] : content.metadata) std::printf("%s: %s\n", key.c_str(), value.c_str());
  std::printf("\n");
  show_structure(options, loaded);
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
  command.add("FILE", options->file, "A safetensors file that tinynn wrote");
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
    if (options->file.empty() != data->given()) throw UsageError("expected either FILE or --data");
    if (!data->given() && (!data->contact_sheet.empty() || data->data.says_how()))
      throw UsageError("options of data were given, which need --data");
    if (data->given()) return inspect_data(*data, *output);
    run(*options, *output);
  });
}

}  // namespace tinynn::cli
