#include <chrono>
#include <cstdio>
#include <memory>

#include <tinynn/cli/commands.hpp>
#include <tinynn/cli/compact.hpp>
#include <tinynn/cli/experiment.hpp>
#include <tinynn/cli/prune_tables.hpp>
#include <tinynn/cli/pruner.hpp>
#include <tinynn/cli/report/command_line.hpp>
#include <tinynn/cli/report/prune_report.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/io/atomic_file.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/nn/snapshot.hpp>
#include <tinynn/prune/iterate.hpp>
#include <tinynn/prune/rewind.hpp>

namespace tinynn::cli {
namespace {

struct PruneOptions {
  Options training;
  PrunerOptions pruning;
  std::filesystem::path in;
  std::optional<int64_t> rewind;
  std::optional<double> max_loss;
};

void run(PruneOptions options, const Output& output, const std::string& command) {
  using Clock = std::chrono::steady_clock;
  check_writable(output);
  if (options.training.threads) set_num_threads(*options.training.threads);
  LoadedModel loaded;
  if (!options.in.empty()) {
    loaded = load_model(options.in);
    options.training.model = loaded.model;
  }
  const Settings settings = resolve(options.training);
  Experiment experiment(settings, output);
  Metrics metrics{.model = settings.model, .dataset = experiment.dataset(), .seed = settings.seed};

  manual_seed(settings.seed);
  if (!loaded.module) loaded.module = models::make(settings.model);
  nn::Module& module = *loaded.module;
  const auto optimizer = make_optimizer(settings, module);
  Pruner pruner(options.pruning, module, experiment.loader(),
                [&] { return experiment.validation_accuracy(module); });
  const auto& schedule = pruner.schedule();
  check(!options.max_loss || options.pruning.regrow != "dns",
        "--max-loss cannot undo a step of --regrow dns, whose cut weights go on learning");
  check(options.in.empty() || (!options.rewind && !pruner.needs_dense_training()),
        "--rewind and --regularizer l0 need the dense training that --in leaves out");

  const bool reports = !output.report.empty();
  PruneReport report{.command = command,
                     .settings = settings.describe() + " finetune-epochs=" +
                                 std::to_string(settings.finetune_epochs) + " " + describe(options.pruning),
                     .data = settings.data};

  Snapshot early;
  std::vector<double> dense_seconds;
  if (options.in.empty()) {
    const int64_t steps = settings.epochs * experiment.batches();
    check(options.rewind.value_or(0) <= steps, "--rewind ", options.rewind.value_or(0),
          ": the dense training has ", steps, " steps");
    optim::LrScheduler scheduler(*optimizer, make_schedule(settings, steps));
    TrainingHooks hooks = pruner.hooks(steps, false);
    if (options.rewind) {
      if (*options.rewind == 0) early = snapshot(module);
      hooks.after_step = [&, inner = hooks.after_step, done = int64_t{0}](double lr) mutable {
        inner(lr);
        if (++done == *options.rewind) early = snapshot(module);
      };
    }
    const auto training =
        experiment.train(module, *optimizer, settings.epochs, &scheduler, "dense training", hooks);
    dense_seconds = training.epoch_seconds;
    report.dense_training.push_back(training.curve);
    pruner.end_of_dense_training();
  }
  metrics.dense = experiment.measure(module, reports);
  metrics.dense->epoch_seconds = dense_seconds;
  if (reports) report.dense = view_layers(module, experiment.example());

  // Each fine-tuning is a short run of its own: the same schedule again, from the same rate.
  const int64_t finetune_batches = settings.finetune_epochs * experiment.batches();
  std::vector<double> step_seconds;
  Clock::time_point step_start = Clock::now();
  std::function<double()> accuracy;
  if (options.max_loss) accuracy = [&] { return experiment.validation_accuracy(module); };
  const double min_accuracy = accuracy ? accuracy() - *options.max_loss : 0;
  const int64_t standing = prune::iterate(
      module, {.schedule = schedule,
               .prune_to = [&](double sparsity) { pruner.prune_to(sparsity); },
               .before_finetune =
                   [&](int64_t step) {
                     metrics.steps.push_back({
                         .target_sparsity = schedule[static_cast<size_t>(step)],
                         .sparsity = pruner.sparsity(),
                         .accuracy_before_finetune = experiment.test_accuracy(module),
                     });
                     if (options.rewind) prune::rewind(module, early);
                   },
               .finetune =
                   [&](int64_t step) {
                     StepMetrics& result = metrics.steps.back();
                     optimizer->set_lr(settings.lr);
                     optim::LrScheduler scheduler(*optimizer, make_schedule(settings, finetune_batches));
                     const bool last = step + 1 == static_cast<int64_t>(schedule.size());
                     const auto training = experiment.train(
                         module, *optimizer, settings.finetune_epochs, &scheduler,
                         "pruning step " + std::to_string(step + 1) + "/" + std::to_string(schedule.size()),
                         pruner.hooks(finetune_batches, true));
                     result.epoch_seconds = training.epoch_seconds;
                     report.finetuning.push_back(training.curve);
                     if (last) pruner.end();
                     result.sparsity = pruner.sparsity();
                     result.test_accuracy = experiment.test_accuracy(module);
                     const auto now = Clock::now();
                     step_seconds.push_back(std::chrono::duration<double>(now - step_start).count());
                     step_start = now;
                   },
               .accuracy = accuracy,
               .min_accuracy = min_accuracy});
  if (standing < static_cast<int64_t>(schedule.size())) {  // the last step was undone
    pruner.end();
    metrics.steps.pop_back();
    step_seconds.pop_back();
  }
  metrics.pruned = experiment.measure(module, true);
  if (reports) report.pruned = view_layers(module, experiment.example());
  if (pruner.deletes()) metrics.compact = compact_and_measure(module, experiment).metrics;
  if (!output.file.empty()) io::save(module, output.file, experiment.metadata(module), io::Storage::smallest);
  if (!output.metrics.empty()) metrics.write(output.metrics);
  const Table steps = steps_table(metrics.steps, step_seconds);
  if (reports) {
    const Tensor example = experiment.example();
    report.image = {example.size(1), example.size(2), example.size(3)};
    io::write_file_atomically(output.report, prune_page(report, metrics, steps));
  }
  if (output.quiet) return;
  std::printf("%s on %s\n\n", settings.model.c_str(), experiment.dataset().c_str());
  std::printf("%s\n%s\n", steps.text().c_str(), comparison_table(metrics).text().c_str());
  if (standing < static_cast<int64_t>(schedule.size()))
    std::printf("step %d lost more than --max-loss and was undone\n", static_cast<int>(standing) + 1);
  if (output.file.empty()) std::printf("not saved: no --out FILE was given\n");
  if (!output.file.empty()) std::printf("pruned network: %s\n", output.file.c_str());
  if (!output.metrics.empty()) std::printf("metrics:        %s\n", output.metrics.c_str());
  if (reports) std::printf("report:         %s\n", output.report.c_str());
}

}  // namespace

void add_prune(CommandLine& line) {
  const Command command =
      line.add_command("prune", "Remove weights step by step, fine-tuning after each step");
  auto options = std::make_shared<PruneOptions>();
  auto output = std::make_shared<Output>();
  const Option in =
      command.add("--in", options->in, "Prune the network in this file; without it, one is trained first");
  const Option model =
      command
          .add("--model", options->training.model,
               "The network to train: lenet-300-100, lenet-5, lenet-5-bn, simple-cnn or resnet-20")
          .one_of(models::names())
          .excludes(in);
  add_training_options(command, options->training);
  add_pruner_options(command, options->pruning);
  command.add("--finetune-epochs", options->training.finetune_epochs, "Epochs of training after each step")
      .group("Pruning")
      .not_negative();
  command
      .add(
          "--rewind", options->rewind,
          "Before each fine-tuning, give what is left the weights that it had after this many steps of dense "
          "training (0: at the start), as for lottery tickets")
      .group("Pruning")
      .not_negative();
  command
      .add("--max-loss", options->max_loss,
           "Stop at the first step that loses more accuracy than this, a fraction, on 10,000 of the training "
           "images, undo it, and keep the network from before it")
      .group("Pruning")
      .in_range(0.0, 1.0);
  command.add("--out", output->file, "Save the pruned network, with its masks, to this safetensors file")
      .group("Output");
  add_report_option(command, *output);
  add_output_options(command, *output);
  command.footer(
      "\n--epochs are the dense epochs before pruning. Every fine-tuning runs the learning-rate schedule "
      "anew.\n\n" +
      recipes_help() +
      "\nExamples:\n"
      "  tinynn prune --model lenet-300-100 --data mnist --sparsity 0.95 --out pruned.safetensors\n"
      "  tinynn prune --in dense.safetensors --data mnist --sparsity 0.9 --schedule linear --steps 5\n"
      "  tinynn prune --in dense.safetensors --data mnist --sparsity 0.5 --criterion taylor --granularity "
      "row\n"
      "  tinynn prune --model lenet-5 --data mnist --schedule list:0.5,0.8,0.95 --regrow rigl\n"
      "  tinynn prune --model lenet-300-100 --data mnist --regularizer l0:1e-6 --finetune-epochs 1");
  command.runs([=] {
    if (!in.given() && !model.given()) throw UsageError("--in or --model is required");
    try {
      schedule_of(options->pruning);
    } catch (const Error& error) {
      throw UsageError(error.what());
    }
    run(*options, *output, command_line(command));
  });
}

}  // namespace tinynn::cli
