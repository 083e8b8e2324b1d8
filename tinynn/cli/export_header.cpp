#include <cstdio>
#include <optional>

#include <tinynn/cli/export_header.hpp>
#include <tinynn/cli/report/command_line.hpp>
#include <tinynn/cli/table.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/data/image_dataset.hpp>
#include <tinynn/export/compile.hpp>
#include <tinynn/export/header.hpp>
#include <tinynn/io/atomic_file.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/train/evaluate.hpp>

namespace tinynn::cli {
namespace {

constexpr int64_t calibration_images = 1000, batch = 500;

// The same on every machine: of files in other folders only the name.
std::string portable(const std::filesystem::path& path) {
  return shell_quoted(path.is_absolute() ? path.filename().string() : path.string());
}

std::string command(const HeaderExport& options, const std::string& data, const Output& output) {
  return "tinynn export --in " + portable(options.in) + " --format header --name " + options.name +
         (options.int8 ? " --quantize int8" : "") + (options.raw_input ? " --raw-input" : "") +
         (data.empty() ? "" : " --data " + portable(data)) + " --out " + portable(output.file);
}

DataSets open_data(const std::string& name, const HeaderExport& options, const Shape& image) {
  check(!name.empty() && name != "custom", options.in.string(),
        " does not say what data it was trained on; give --data");
  DataSets data = open_dataset(name);
  check(data.test->sample_shape() == image, "images of ", data.name, " are of shape ",
        data.test->sample_shape(), ", expected ", image, ", the input of the network");
  return data;
}

template <class Network>
double accuracy(const Network& network, const data::DatasetPtr& images) {
  data::DataLoader loader(images, {.batch_size = batch});
  int64_t right = 0;
  for (const auto& [x, labels] : loader) right += train::count_correct(network(x), labels);
  return static_cast<double>(right) / static_cast<double>(images->size());
}

void print(const NetworkMetrics& metrics, const deploy::Header& header, const std::string& model,
           const Output& output) {
  Table table({model, ""});
  if (metrics.test_accuracy) table.add({"test accuracy, as exported", percent(*metrics.test_accuracy)});
  table.add({"sparsity of the weights", percent(*metrics.sparsity)});
  table.add({"bytes of constants", with_commas(header.constant_bytes)});
  table.add({"bytes of static memory", with_commas(header.memory_bytes)});
  std::printf("%s\nheader: %s\n", table.text().c_str(), output.file.c_str());
}

}  // namespace

void export_header(const HeaderExport& options, const Output& output) {
  check_writable(output);
  const LoadedModel loaded = load_model(options.in);
  const Shape image = models::input_shape(loaded.model);
  const bool needs_data = options.int8 || options.raw_input || !options.data.empty();
  const std::string name = options.data.empty() && needs_data ? loaded.dataset : options.data;
  std::optional<DataSets> data;
  if (needs_data) data = open_data(name, options, image);

  const deploy::Plan plan = deploy::plan(*loaded.module, zeros({1, image[0], image[1], image[2]}));
  const auto weights = prune::weights(*loaded.module);
  NetworkMetrics metrics{.sparsity = prune::sparsity(weights)};
  for (const Parameter& parameter : loaded.module->parameters()) {
    metrics.parameters += parameter.numel();
    metrics.nonzero += count_nonzero(parameter);
  }
  const auto network =
      options.int8 ? deploy::quantize(
                         plan, data::DataLoader(data->train, {.batch_size = calibration_images}).example())
                   : deploy::unquantized(plan);
  deploy::HeaderOptions header_options{.name = options.name, .card = {{"model", loaded.model}}};
  header_options.pixels = options.raw_input;
  if (data) {
    metrics.test_accuracy =
        options.int8 ? accuracy(network, data->test) : accuracy(deploy::Program(plan), data->test);
    header_options.card.emplace_back("accuracy", percent(*metrics.test_accuracy) + " of the " +
                                                     with_commas(data->test->size()) + " test images of " +
                                                     data->name);
  }
  header_options.card.emplace_back("sparsity", percent(*metrics.sparsity) + " of the weights are zero");
  header_options.card.emplace_back(
      "numbers", options.int8 ? "8 bits, calibrated on training images of " + data->name : "float");
  header_options.card.emplace_back("made by", command(options, name, output));

  const deploy::Header header = [&] {
    if (!options.raw_input) return deploy::to_header(network, header_options);
    const auto [mean, std] = pixel_normalization(*data);
    return deploy::to_header(deploy::with_normalization(network, mean, std), header_options);
  }();
  io::write_file_atomically(output.file, header.text);
  metrics.file_bytes = std::ssize(header.text);
  if (!output.metrics.empty()) {
    Metrics file{.model = loaded.model, .dataset = data ? data->name : loaded.dataset};
    (*metrics.sparsity > 0 ? file.pruned : file.dense) = metrics;
    file.write(output.metrics);
  }
  if (!output.quiet) print(metrics, header, loaded.model, output);
}

}  // namespace tinynn::cli
