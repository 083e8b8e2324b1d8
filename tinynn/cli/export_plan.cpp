#include <tinynn/cli/export_formats.hpp>
#include <tinynn/export/compile.hpp>
#include <tinynn/export/quantize.hpp>
#include <tinynn/program/plan_file.hpp>
#include <tinynn/program/program.hpp>
#include <tinynn/train/evaluate.hpp>

namespace tinynn::cli {
namespace {

constexpr int64_t calibration_images = 1000, test_images = 500;

double accuracy(const deploy::Program& network, const data::DatasetPtr& images) {
  data::DataLoader loader(images, {.batch_size = test_images});
  int64_t right = 0;
  for (const auto& [x, labels] : loader) right += train::count_correct(network(x), labels);
  return static_cast<double>(right) / static_cast<double>(images->size());
}

}  // namespace

PreparedPlan prepare_plan(Export& to) {
  const ExportOptions& options = to.options;
  PreparedPlan made{.plan = deploy::plan(*to.loaded.module, to.loaded.blank(1)), .data_path = {}, .data = {}};
  if (options.int8() || !options.data.name_or_path.empty()) {  // to calibrate, and for the accuracy
    const DataOptions from = data_options(options, to.loaded);
    made.data_path = from.name_or_path;
    made.data = open_dataset(from, to.loaded.sample_shape(), to.loaded.model);
  }
  if (options.int8())
    made.plan =
        deploy::quantize(std::move(made.plan),
                         data::DataLoader(made.data->train, {.batch_size = calibration_images}).example());
  if (made.data && !made.data->test->target_shape()) {
    to.metrics.test_accuracy = accuracy(deploy::Program(made.plan), made.data->test);
    to.facts.add({"test accuracy, as exported", percent(*to.metrics.test_accuracy)});
  }
  if (options.raw_input) {
    const auto [mean, std] = pixel_normalization(options, to.loaded);
    made.plan = deploy::with_normalization(std::move(made.plan), mean, std);
  }
  return made;
}

}  // namespace tinynn::cli
