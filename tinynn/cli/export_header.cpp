#include <optional>

#include <tinynn/cli/export_formats.hpp>
#include <tinynn/cli/report/command_line.hpp>
#include <tinynn/export/compile.hpp>
#include <tinynn/export/header.hpp>
#include <tinynn/io/atomic_file.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/train/evaluate.hpp>

namespace tinynn::cli {
namespace {

constexpr int64_t calibration_images = 1000, test_images = 500;

// The same on every machine: of files in other folders only the name.
std::string portable(const std::filesystem::path& path) {
  return shell_quoted(path.is_absolute() ? path.filename().string() : path.string());
}

std::string command(const ExportOptions& options, const std::string& data, const std::filesystem::path& out) {
  return "tinynn export --in " + portable(options.in) + " --format header --name " + options.name +
         (options.int8() ? " --quantize int8" : "") + (options.raw_input ? " --raw-input" : "") +
         (data.empty() ? "" : " --data " + portable(data)) + " --out " + portable(out);
}

template <class Network>
double accuracy(const Network& network, const data::DatasetPtr& images) {
  data::DataLoader loader(images, {.batch_size = test_images});
  int64_t right = 0;
  for (const auto& [x, labels] : loader) right += train::count_correct(network(x), labels);
  return static_cast<double>(right) / static_cast<double>(images->size());
}

}  // namespace

void write_header(Export& to) {
  const ExportOptions& options = to.options;
  const std::string& model = to.loaded.model;
  std::string name;
  std::optional<DataSets> data;
  if (options.int8() || !options.data.name_or_path.empty()) {  // to calibrate, and for the accuracy
    const DataOptions from = data_options(options, to.loaded);
    name = from.name_or_path;
    data = open_dataset(from, to.loaded.sample_shape(), model);
  }
  const deploy::Plan plan = deploy::plan(*to.loaded.module, to.loaded.blank(1));
  auto network = options.int8()
                     ? deploy::quantize(
                           plan, data::DataLoader(data->train, {.batch_size = calibration_images}).example())
                     : deploy::unquantized(plan);
  deploy::HeaderOptions header_options{.name = options.name, .card = {{"model", model}}};
  header_options.pixels = options.raw_input;
  const auto card = [&](const char* key, const std::string& text) {
    header_options.card.emplace_back(key, text);
  };
  if (data && !data->test->target_shape()) {
    to.metrics.test_accuracy =
        options.int8() ? accuracy(network, data->test) : accuracy(deploy::Program(plan), data->test);
    const std::string percentage = percent(*to.metrics.test_accuracy);
    to.facts.add({"test accuracy, as exported", percentage});
    card("accuracy",
         percentage + " of the " + with_commas(data->test->size()) + " test images of " + data->name);
  }
  card("sparsity", percent(*to.metrics.sparsity) + " of the weights are zero");
  card("numbers", options.int8() ? "8 bits, calibrated on training images of " + data->name : "float");
  card("made by", command(options, name, to.out));
  if (options.raw_input) {
    const auto [mean, std] = pixel_normalization(options, to.loaded);
    network = deploy::with_normalization(std::move(network), mean, std);
  }
  const deploy::Header header = deploy::to_header(network, header_options);
  io::write_file_atomically(to.out, header.text);
  to.facts.add({"bytes of constants", with_commas(header.constant_bytes)});
  to.facts.add({"bytes of static memory", with_commas(header.memory_bytes)});
  if (header.vector_memory_bytes > header.memory_bytes)
    to.facts.add({"the same where there are vectors", with_commas(header.vector_memory_bytes)});
}

}  // namespace tinynn::cli
