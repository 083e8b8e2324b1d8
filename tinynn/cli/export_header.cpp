#include <tinynn/cli/export_formats.hpp>
#include <tinynn/cli/report/command_line.hpp>
#include <tinynn/export/header.hpp>
#include <tinynn/io/atomic_file.hpp>

namespace tinynn::cli {
namespace {

// The same on every machine: of files in other folders only the name.
std::string portable(const std::filesystem::path& path) {
  return shell_quoted(path.is_absolute() ? path.filename().string() : path.string());
}

std::string command(const ExportOptions& options, const std::string& data, const std::filesystem::path& out) {
  return "tinynn export --in " + portable(options.in) + " --format header --name " + options.name +
         (options.int8() ? " --quantize int8" : "") + (options.raw_input ? " --raw-input" : "") +
         (data.empty() ? "" : " --data " + portable(data)) + " --out " + portable(out);
}

}  // namespace

void write_header(Export& to) {
  const ExportOptions& options = to.options;
  const PreparedPlan made = prepare_plan(to);
  deploy::HeaderOptions header_options{.name = options.name, .card = {{"model", to.loaded.model}}};
  header_options.pixels = options.raw_input;
  const auto card = [&](const char* key, const std::string& text) {
    header_options.card.emplace_back(key, text);
  };
  if (to.metrics.test_accuracy)
    card("accuracy", percent(*to.metrics.test_accuracy) + " of the " + with_commas(made.data->test->size()) +
                         " test images of " + made.data->name);
  card("sparsity", percent(*to.metrics.sparsity) + " of the weights are zero");
  card("numbers", options.int8() ? "8 bits, calibrated on training images of " + made.data->name : "float");
  card("made by", command(options, made.data_path, to.out));
  const deploy::Header header = deploy::to_header(made.plan, header_options);
  io::write_file_atomically(to.out, header.text);
  to.facts.add({"bytes of constants", with_commas(header.constant_bytes)});
  to.facts.add({"bytes of static memory", with_commas(header.memory_bytes)});
  if (header.vector_memory_bytes > header.memory_bytes)
    to.facts.add({"the same where there are vectors", with_commas(header.vector_memory_bytes)});
}

}  // namespace tinynn::cli
