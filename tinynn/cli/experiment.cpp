#include <algorithm>
#include <cerrno>
#include <cstring>

#include <unistd.h>

#include <tinynn/cli/data_metadata.hpp>
#include <tinynn/cli/experiment.hpp>
#include <tinynn/cli/median.hpp>
#include <tinynn/cli/ranks.hpp>
#include <tinynn/cli/saved_network.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/version.hpp>
#include <tinynn/data/transform.hpp>
#include <tinynn/graph/count.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/ops/loss.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/train/evaluate.hpp>
#include <tinynn/train/run.hpp>

namespace tinynn::cli {
namespace {

constexpr int64_t test_batch = 500;

data::DatasetPtr some_of(const data::DatasetPtr& dataset, uint64_t seed) {
  return data::random_split(dataset, std::min<int64_t>(10000, dataset->size()), seed).first;
}

std::unique_ptr<nn::Module> teacher_of(const std::filesystem::path& file, const LossRow& loss,
                                       const Shape& sample) {
  if (file.empty()) return nullptr;
  check(loss.for_classes, "--teacher: --loss ", loss.name, " has no classes to imitate");
  LoadedModel loaded = load_model({.in = file});
  check(loaded.sample_shape() == sample, file.string(), " takes samples of shape ", loaded.sample_shape(),
        ", the data have ", sample);
  return std::move(loaded.module);
}

}  // namespace

void add_output_options(const Command& command, Output& output) {
  command.add("--metrics", output.metrics, "Write the results to this file as one JSON object")
      .group("Output");
  command.add_flag("--quiet", output.quiet, "Print nothing but errors").group("Output");
}

void add_report_option(const Command& command, Output& output) {
  command
      .add("--report", output.report,
           "Write a page about it to this file: one HTML file, with plots if gnuplot is installed")
      .group("Output");
}

void check_writable(const Output& output) {
  for (const auto& path : {output.file, output.metrics, output.report, output.checkpoint}) {
    if (path.empty()) continue;
    std::error_code unknown;  // what cannot be looked at, access() names
    check(!std::filesystem::is_directory(path, unknown), "cannot write ", path.string(), ": it is a folder");
    const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    check(access(folder.c_str(), W_OK) == 0, "cannot write ", path.string(), ": folder ", folder.string(),
          ": ", std::strerror(errno));
    check(access(path.c_str(), W_OK) == 0 || errno == ENOENT, "cannot write ", path.string(), ": ",
          std::strerror(errno));
  }
}

Experiment::Experiment(const Settings& settings, const Output& output)
    : settings_(settings),
      quiet_(output.quiet),
      data_(open_dataset(settings.data, settings.input, settings.model)),
      loss_(loss_of(settings.loss, !data_.train->target_shape())),
      teacher_(teacher_of(settings.teaching.file, loss_, data_.train->sample_shape())),
      train_(training_part(), {.batch_size = settings.batch_size, .shuffle = true, .seed = settings.seed}),
      test_(targets_of(data_.test), {.batch_size = test_batch}),
      validation_(some_of(targets_of(data_.train), settings.seed), {.batch_size = test_batch}) {
  if (ranks().ranks() == 1) return;
  std::string data = std::to_string(data_.train->size()) + " " + std::to_string(data_.test->size());
  for (const Tensor& part : {train_.example(), test_.example()})
    data.append(reinterpret_cast<const char*>(part.data()),
                static_cast<size_t>(part.numel()) * sizeof(float));
  require_alike_options(settings.identity());
  require_alike(data, settings.data.name_or_path + " is not the same on all machines");
}

data::DatasetPtr Experiment::training_part() const {
  data::DatasetPtr part = data_.train;
  const std::string augment = settings_.augment.value_or(data_.augmentation);
  if (recipe::augments(augment)) {
    part = data::transformed(
        part, recipe::augmentations_of(augment, part->sample_shape(), background("--augment")));
  }
  part = targets_of(part);
  if (settings_.input_dropout == 0) return part;
  return data::transformed(part,
                           {data::random_dropout(settings_.input_dropout, background("--input-dropout"))});
}

data::Fill Experiment::background(const char* option) const {
  const data::Normalization& n = data_.normalization;
  check(!n.mean.empty(), option, ": ", settings_.data.name_or_path, " has no pictures");
  std::vector<double> black;
  for (size_t c = 0; c < n.mean.size(); ++c) black.push_back(-n.mean[c] / n.std[c]);
  return black;
}

data::DatasetPtr Experiment::targets_of(const data::DatasetPtr& part) const {
  if (loss_.of_inputs) return data::with_inputs_as_targets(part);
  check(loss_.for_classes == !part->target_shape(), settings_.data.name_or_path, " has ",
        loss_.for_classes ? "numbers" : "classes", " as targets, --loss ", loss_.name, " is for ",
        loss_.for_classes ? "classes" : "numbers");
  return part;
}

void Experiment::check_fits(nn::Module& module) const {
  const Tensor output = graph::run(module, example())[0];
  if (loss_.for_classes) {
    check(output.rank() == 2, settings_.data.name_or_path, " has classes, ", settings_.model,
          " gives outputs of shape ", output.shape());
    check(output.size(1) >= data_.train->classes(), settings_.data.name_or_path, " has ",
          data_.train->classes(), " classes, ", settings_.model, " gives ", output.size(1), " outputs");
    if (teacher_ == nullptr) return;
    const Shape given = graph::run(*teacher_, example())[0].shape();
    check(given == output.shape(), settings_.teaching.file.string(), " gives outputs of shape ", given, ", ",
          settings_.model, " of shape ", output.shape());
    return;
  }
  const Shape target = loss_.of_inputs ? data_.train->sample_shape() : *data_.train->target_shape();
  check(output.numel() == output.size(0) * target.numel(), settings_.data.name_or_path,
        " has targets of shape ", target, ", ", settings_.model, " gives outputs of shape ", output.shape());
}

std::unique_ptr<nn::Module> Experiment::make_network() const {
  return models::make(settings_.model, data_.test->sample_shape());
}

recipe::RunOptions Experiment::run_options(nn::Module& module) {
  recipe::RunOptions options{
      .accuracy = [&] { return validation_score(module); },
      .loss = loss_.loss,
      .teacher = {teacher_.get(), settings_.teaching.temperature, settings_.teaching.share},
      .shards = settings_.shards,
      .sync_batch_norm = settings_.sync_bn,
      .reduce = &ranks()};
  if (loss_.for_classes) {
    options.count = [](const Tensor& output, const Targets& targets) {
      return static_cast<double>(train::count_correct(output, targets));
    };
  }
  return options;
}

train::Evaluation Experiment::evaluate(nn::Module& module, data::DataLoader& loader) {
  return train::evaluate(module, loader, loss_.loss, {.shards = settings_.shards, .reduce = &ranks()});
}

double Experiment::test_score(nn::Module& module) {
  const auto result = evaluate(module, test_);
  return loss_.for_classes ? result.accuracy : result.loss;
}

double Experiment::validation_score(nn::Module& module) {
  const auto result = evaluate(module, validation_);
  return loss_.for_classes ? result.accuracy : -result.loss;
}

NetworkMetrics Experiment::measure(nn::Module& module, bool latency) {
  const Tensor images = test_.example();
  const auto counts = graph::count(module, images);
  const double score = test_score(module);
  NetworkMetrics result{
      .test_accuracy = classifies() ? std::optional(score) : std::nullopt,
      .test_loss = classifies() ? std::nullopt : std::optional(score),
      .sparsity = prune::sparsity(prune::weights(module)),
      .parameters = counts.parameters,
      .nonzero = counts.nonzero,
      .macs = counts.macs,
      .file_bytes = io::safetensors_bytes(io::to_file(module, save_options(io::Storage::smallest)))};
  for (int64_t batch : {1, 64}) {
    if (!latency) break;
    const Tensor batch_images = data::DataLoader(data_.test, {.batch_size = batch}).example();
    const nn::EvaluationScope evaluation(module);
    result.latency_us[batch] = median_microseconds([&] { module(batch_images); }, 0.05);
  }
  return result;
}

io::SaveOptions Experiment::save_options(io::Storage storage) const {
  return {.metadata = metadata(), .storage = storage, .graph = example()};
}

io::Metadata Experiment::metadata() const {
  io::Metadata result = data_metadata(data_, settings_.data);
  result.merge(io::Metadata{{"tinynn.model", settings_.model},
                            {"tinynn.dataset", data_.name},
                            {"tinynn.training", settings_.describe()},
                            {"tinynn.version", version()}});
  if (!settings_.loss.empty()) result["tinynn.loss"] = settings_.loss;
  return result;
}

std::vector<double> seconds_of(const std::vector<train::Epoch>& epochs) {
  std::vector<double> seconds;
  for (const auto& epoch : epochs) seconds.push_back(epoch.seconds);
  return seconds;
}

}  // namespace tinynn::cli
