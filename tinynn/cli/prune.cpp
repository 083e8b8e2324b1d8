#include <chrono>
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include <tinynn/cli/commands.hpp>
#include <tinynn/cli/experiment.hpp>
#include <tinynn/cli/table.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/prune/iterate.hpp>

namespace tinynn::cli {
namespace {

struct PruneOptions {
  Options training;
  std::filesystem::path in;
  double sparsity = 0;
  std::string criterion = "magnitude", scope = "global", schedule = "cubic";
  int64_t steps = 10;
};

prune::Schedule make_prune_schedule(const PruneOptions& options) {
  if (options.schedule == "one-shot") return prune::one_shot(options.sparsity);
  const prune::ScheduleOptions range{.from = 0, .to = options.sparsity, .steps = options.steps};
  return options.schedule == "linear" ? prune::linear(range) : prune::cubic(range);
}

void print_steps(const std::vector<StepMetrics>& steps, const std::vector<double>& seconds) {
  Table table({"step", "sparsity", "before fine-tuning", "after", "seconds"});
  for (size_t i = 0; i < steps.size(); ++i) {
    table.add({std::to_string(i + 1), percent(steps[i].sparsity), percent(steps[i].accuracy_before_finetune),
               percent(steps[i].test_accuracy), fixed(seconds[i], 1)});
  }
  std::printf("%s\n", table.text().c_str());
}

void print_comparison(const NetworkMetrics& dense, const NetworkMetrics& pruned) {
  Table table({"", "dense", "pruned", "pruned / dense"});
  auto add = [&](const char* name, int64_t before, int64_t after) {
    table.add({name, with_commas(before), with_commas(after),
               fixed(static_cast<double>(after) / static_cast<double>(before), 3)});
  };
  table.add({"test accuracy", percent(*dense.test_accuracy), percent(*pruned.test_accuracy), ""});
  table.add({"sparsity of the weights", percent(*dense.sparsity), percent(*pruned.sparsity), ""});
  add("parameters", dense.parameters, pruned.parameters);
  add("non-zero parameters", dense.nonzero, pruned.nonzero);
  add("live multiply-adds a sample", *dense.macs, *pruned.macs);
  add("bytes on disk", *dense.file_bytes, *pruned.file_bytes);
  std::printf("%s\n", table.text().c_str());
}

void run(PruneOptions options, const Output& output) {
  using Clock = std::chrono::steady_clock;
  check_writable(output);
  if (options.training.threads) set_num_threads(*options.training.threads);
  LoadedModel loaded;
  if (!options.in.empty()) {
    loaded = load_model(options.in);
    options.training.model = loaded.model;
  }
  const Settings settings = resolve(options.training);
  const auto schedule = make_prune_schedule(options);
  Experiment experiment(settings, output);
  Metrics metrics{.model = settings.model, .dataset = experiment.dataset(), .seed = settings.seed};

  manual_seed(settings.seed);
  if (!loaded.module) loaded.module = models::make(settings.model);
  nn::Module& module = *loaded.module;
  const auto optimizer = make_optimizer(settings, module);
  std::vector<double> dense_seconds;
  if (options.in.empty()) {
    optim::LrScheduler scheduler(*optimizer, make_schedule(settings, settings.epochs * experiment.batches()));
    dense_seconds = experiment.train(module, *optimizer, settings.epochs, &scheduler, "dense training");
  }
  metrics.dense = experiment.measure(module, false);
  metrics.dense->epoch_seconds = dense_seconds;

  // Each fine-tuning is a short run of its own: the same schedule again, from the same rate.
  const int64_t finetune_batches = settings.finetune_epochs * experiment.batches();
  std::vector<double> step_seconds;
  Clock::time_point step_start = Clock::now();
  prune::iterate(
      module, {.rule = {},
               .scope = options.scope == "local" ? prune::Scope::local : prune::Scope::global,
               .schedule = schedule,
               .before_finetune =
                   [&](int64_t step) {
                     metrics.steps.push_back({
                         .target_sparsity = schedule[static_cast<size_t>(step)],
                         .sparsity = prune::sparsity(prune::prunable(module)),
                         .accuracy_before_finetune = experiment.test_accuracy(module),
                     });
                   },
               .finetune =
                   [&](int64_t step) {
                     StepMetrics& result = metrics.steps.back();
                     optimizer->set_lr(settings.lr);
                     optim::LrScheduler scheduler(*optimizer, make_schedule(settings, finetune_batches));
                     result.epoch_seconds = experiment.train(
                         module, *optimizer, settings.finetune_epochs, &scheduler,
                         "pruning step " + std::to_string(step + 1) + "/" + std::to_string(schedule.size()));
                     result.test_accuracy = experiment.test_accuracy(module);
                     const auto now = Clock::now();
                     step_seconds.push_back(std::chrono::duration<double>(now - step_start).count());
                     step_start = now;
                   }});
  metrics.pruned = experiment.measure(module, true);
  if (!output.file.empty()) io::save(module, output.file, experiment.metadata());
  if (!output.metrics.empty()) metrics.write(output.metrics);
  if (output.quiet) return;
  std::printf("%s on %s\n\n", settings.model.c_str(), experiment.dataset().c_str());
  print_steps(metrics.steps, step_seconds);
  print_comparison(*metrics.dense, *metrics.pruned);
  if (output.file.empty()) std::printf("not saved: no --out FILE was given\n");
  if (!output.file.empty()) std::printf("pruned network: %s\n", output.file.c_str());
  if (!output.metrics.empty()) std::printf("metrics:        %s\n", output.metrics.c_str());
}

}  // namespace

void add_prune(CLI::App& app) {
  auto* command = app.add_subcommand("prune", "Remove weights step by step, fine-tuning after each step");
  auto options = std::make_shared<PruneOptions>();
  auto output = std::make_shared<Output>();
  auto* in = command->add_option("--in", options->in,
                                 "Prune the network in this file; without it, one is trained first");
  auto* model = command
                    ->add_option("--model", options->training.model,
                                 "The network to train: lenet-300-100, lenet-5, simple-cnn or resnet-20")
                    ->check(CLI::IsMember(models::names()))
                    ->excludes(in);
  add_training_options(*command, options->training);
  auto add = [&](const char* name, auto& value, const char* help) {
    return command->add_option(name, value, help)->group("Pruning")->capture_default_str();
  };
  add("--sparsity", options->sparsity, "Fraction of the weights that shall be zero in the end, in [0, 1]")
      ->required()
      ->check(CLI::Range(0.0, 1.0));
  add("--criterion", options->criterion, "What makes a weight worth keeping: magnitude, |w|")
      ->check(CLI::IsMember({"magnitude"}));
  add("--scope", options->scope,
      "global: all layers' weights compete; local: each layer gives the same share")
      ->check(CLI::IsMember({"local", "global"}));
  add("--schedule", options->schedule,
      "How sparsity grows over the steps: one-shot, linear, or cubic (fast first)")
      ->check(CLI::IsMember({"one-shot", "linear", "cubic"}));
  add("--steps", options->steps, "Pruning steps (one-shot has one)")
      ->check(CLI::Range(int64_t{1}, int64_t{1000}));
  add("--finetune-epochs", options->training.finetune_epochs, "Epochs of training after each step")
      ->check(CLI::NonNegativeNumber);
  command
      ->add_option("--out", output->file, "Save the pruned network, with its masks, to this safetensors file")
      ->group("Output");
  add_output_options(*command, *output);
  command->footer(
      "\n--epochs are the dense epochs before pruning. Every fine-tuning runs the learning-rate schedule "
      "anew.\n\n" +
      recipes_help() +
      "\nExamples:\n"
      "  tinynn prune --model lenet-300-100 --data mnist --sparsity 0.95 --out pruned.safetensors\n"
      "  tinynn prune --in dense.safetensors --data mnist --sparsity 0.9 --schedule linear --steps 5");
  command->callback([=] {
    if (in->count() == 0 && model->count() == 0) throw CLI::RequiredError("--in or --model");
    run(*options, *output);
  });
}

}  // namespace tinynn::cli
