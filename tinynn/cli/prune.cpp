#include <chrono>
#include <cstdio>
#include <memory>

#include <tinynn/cli/commands.hpp>
#include <tinynn/cli/experiment.hpp>
#include <tinynn/cli/prune_tables.hpp>
#include <tinynn/cli/recipe_options.hpp>
#include <tinynn/cli/report/command_line.hpp>
#include <tinynn/cli/report/prune_report.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/io/atomic_file.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/recipe/run.hpp>

namespace tinynn::cli {
namespace {

using recipe::Moment;

struct PruneOptions {
  Options training;
  recipe::Recipe recipe;
  std::filesystem::path in;
};

// Watches a run: measures at its moments, and collects what the command prints and writes.
class Watcher {
 public:
  Watcher(nn::Module& module, Experiment& experiment, const Settings& settings, bool reports)
      : module_(module), experiment_(experiment), reports_(reports) {
    metrics.model = settings.model;
    metrics.dataset = experiment.dataset();
    metrics.seed = settings.seed;
  }

  void update(const recipe::Run& run) {
    switch (const auto& progress = run.progress(); progress.moment) {
      case Moment::trained: return trained(progress);
      case Moment::dense:
        metrics.dense = experiment_.measure(module_, reports_);
        metrics.dense->epoch_seconds = seconds_of(run.epochs());
        weights_ = prune::count_elements(prune::weights(module_)).all;
        if (reports_) report.dense = view_layers(module_, experiment_.example());
        if (training_) report.dense_training.push_back(training_->curve());
        break;
      case Moment::pruned:
        metrics.steps.push_back({.target_sparsity = progress.target,
                                 .sparsity = progress.sparsity,
                                 .accuracy_before_finetune = experiment_.test_accuracy(module_)});
        break;
      case Moment::finetuned: {
        StepMetrics& step = metrics.steps.back();
        step.epoch_seconds = seconds_of(run.epochs());
        step.sparsity = progress.sparsity;
        step.test_accuracy = experiment_.test_accuracy(module_);
        report.finetuning.push_back(training_ ? training_->curve() : TrainingCurve());
        const auto now = std::chrono::steady_clock::now();
        step_seconds.push_back(std::chrono::duration<double>(now - step_start_).count());
        break;
      }
      case Moment::undone:
        metrics.steps.pop_back();
        step_seconds.pop_back();
        undone = progress.step + 1;
        break;
      case Moment::finished:
        metrics.pruned = experiment_.measure(module_, true);
        // Of all weights that there were, also where some are deleted already.
        metrics.pruned->sparsity =
            static_cast<double>(weights_ - prune::count_elements(prune::weights(module_)).nonzero) /
            static_cast<double>(weights_);
        if (reports_) report.pruned = view_layers(module_, experiment_.example());
        break;
      case Moment::deleted:
        metrics.compact = experiment_.measure(module_, true);
        metrics.compact->output_change_by_bias = run.compacted()->output_change_by_bias;
        metrics.compact->output_difference = run.compacted()->output_difference;
        break;
    }
    training_.reset();
    const Moment moment = run.progress().moment;
    if (moment == Moment::dense || moment == Moment::finetuned)
      step_start_ = std::chrono::steady_clock::now();
  }

  Metrics metrics;
  PruneReport report;
  std::vector<double> step_seconds;
  int64_t undone = 0;  // which step, from 1; 0: none

 private:
  void trained(const recipe::Progress& progress) {
    if (!training_) {
      training_.emplace(experiment_, progress.step < 0 ? "dense training"
                                                       : "pruning step " + std::to_string(progress.step + 1) +
                                                             "/" + std::to_string(progress.steps));
    }
    training_->update(progress.training);
  }

  nn::Module& module_;
  Experiment& experiment_;
  bool reports_;
  int64_t weights_ = 0;  // that may be pruned, before the first step
  std::optional<TrainingView> training_;
  std::chrono::steady_clock::time_point step_start_;
};

void print(const Watcher& watcher, const Output& output, const Table& steps) {
  std::printf("%s on %s\n\n", watcher.metrics.model.c_str(), watcher.metrics.dataset.c_str());
  std::printf("%s\n%s\n", steps.text().c_str(), comparison_table(watcher.metrics).text().c_str());
  if (watcher.undone > 0)
    std::printf("step %d lost more than --max-loss and was undone\n", static_cast<int>(watcher.undone));
  if (output.file.empty()) std::printf("not saved: no --out FILE was given\n");
  if (!output.file.empty()) std::printf("pruned network: %s\n", output.file.c_str());
  if (!output.metrics.empty()) std::printf("metrics:        %s\n", output.metrics.c_str());
  if (!output.report.empty()) std::printf("report:         %s\n", output.report.c_str());
}

void run(PruneOptions options, const Output& output, const std::string& command) {
  check_writable(output);
  use_threads(options.training.threads);
  LoadedModel loaded;
  if (!options.in.empty()) {
    loaded = load_model(options.in);
    options.training.model = loaded.model;
  }
  const Settings settings = resolve(options.training);
  Experiment experiment(settings, output);
  manual_seed(settings.seed);
  if (!loaded.module) loaded.module = models::make(settings.model);
  nn::Module& module = *loaded.module;
  const auto optimizer = make_optimizer(settings, module);

  recipe::Recipe& recipe = options.recipe;
  recipe.epochs = options.in.empty() ? settings.epochs : 0;
  recipe.finetune_epochs = settings.finetune_epochs;
  recipe.lr_schedule = settings.lr_schedule;
  recipe::Run pruning(
      module, *optimizer, experiment.loader(), recipe,
      {.accuracy = [&] { return experiment.validation_accuracy(module); }, .loss = experiment.loss()});
  Watcher watcher(module, experiment, settings, !output.report.empty());
  watcher.report.command = command;
  watcher.report.settings = settings.describe() + " " + to_text(recipe);
  watcher.report.data = settings.data;
  while (pruning.advance()) watcher.update(pruning);

  if (!output.file.empty()) io::save(module, output.file, experiment.metadata(module), io::Storage::smallest);
  if (!output.metrics.empty()) watcher.metrics.write(output.metrics);
  const Table steps = steps_table(watcher.metrics.steps, watcher.step_seconds);
  if (!output.report.empty()) {
    const Tensor example = experiment.example();
    watcher.report.image = {example.size(1), example.size(2), example.size(3)};
    io::write_file_atomically(output.report, prune_page(watcher.report, watcher.metrics, steps));
  }
  if (!output.quiet) print(watcher, output, steps);
}

}  // namespace

void add_prune(CommandLine& line) {
  const Command command =
      line.add_command("prune", "Remove weights step by step, fine-tuning after each step");
  auto options = std::make_shared<PruneOptions>();
  auto output = std::make_shared<Output>();
  const Option in =
      command.add("--in", options->in, "Prune the network in this file; without it, one is trained first");
  const Option model = add_model_option(command, options->training).excludes(in);
  add_training_options(command, options->training);
  add_recipe_options(command, options->recipe, options->training);
  command.add("--out", output->file, "Save the pruned network, with its masks, to this safetensors file")
      .group("Output");
  add_report_option(command, *output);
  add_output_options(command, *output);
  command.footer(
      "\n--epochs are the dense epochs before pruning. Every fine-tuning runs the learning-rate schedule "
      "anew.\n\n" +
      recipe_tables_help() + recipes_help() +
      "\nExamples:\n"
      "  tinynn prune --model lenet-300-100 --data mnist --sparsity 0.95 --out pruned.safetensors\n"
      "  tinynn prune --in dense.safetensors --data mnist --sparsity 0.9 --schedule linear --steps 5\n"
      "  tinynn prune --in dense.safetensors --data mnist --sparsity 0.5 --criterion taylor --granularity "
      "row\n"
      "  tinynn prune --model lenet-5 --data mnist --schedule list:0.5,0.8,0.95 --regrow rigl\n"
      "  tinynn prune --model lenet-300-100 --data mnist --regularizer l0:1e-6 --finetune-epochs 1");
  command.runs([=] {
    if (!in.given() && !model.given()) throw UsageError("--in or --model is required");
    recipe::Recipe recipe = options->recipe;
    recipe.epochs = in.given() ? 0 : options->training.epochs.value_or(1);
    recipe.finetune_epochs = options->training.finetune_epochs.value_or(1);
    try {
      schedule_of(recipe);
    } catch (const Error& error) {
      throw UsageError(error.what());
    }
    run(*options, *output, command_line(command));
  });
}

}  // namespace tinynn::cli
