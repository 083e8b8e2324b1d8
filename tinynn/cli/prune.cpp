#include <cstdio>
#include <memory>

#include <tinynn/cli/checkpoints.hpp>
#include <tinynn/cli/commands.hpp>
#include <tinynn/cli/data_metadata.hpp>
#include <tinynn/cli/prune_tables.hpp>
#include <tinynn/cli/ranks.hpp>
#include <tinynn/cli/recipe_options.hpp>
#include <tinynn/cli/report/command_line.hpp>
#include <tinynn/cli/saved_network.hpp>
#include <tinynn/cli/watcher.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/io/atomic_file.hpp>

namespace tinynn::cli {
namespace {

struct PruneOptions {
  Options training;
  recipe::Recipe recipe;
  WeightsOptions in;
  CheckpointOptions checkpoint;
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

void run(PruneOptions options, const Output& given, const std::string& command) {
  share_ranks();
  const Output output = of_this_rank(given);
  check_writable(output);
  use_threads(options.training.threads);
  std::unique_ptr<nn::Module> network;
  Shape sample_shape;
  if (!options.in.in.empty()) {
    options.in.model = options.training.model;
    LoadedModel loaded = load_model(options.in);
    options.training.model = loaded.model;
    sample_shape = loaded.sample_shape();
    use_metadata(options.training.data, loaded.metadata);
    if (options.training.loss.empty()) options.training.loss = loaded.loss();
    network = std::move(loaded.module);
  }
  Settings settings = resolve(options.training);
  if (network) settings.input = sample_shape;
  Experiment experiment(settings, output);
  manual_seed(settings.seed);
  if (!network) network = experiment.make_network();
  nn::Module& module = *network;
  experiment.check_fits(module);
  const auto optimizer = make_optimizer(settings, module);

  recipe::Recipe& recipe = options.recipe;
  recipe.epochs = options.in.in.empty() ? settings.epochs : 0;
  recipe.finetune_epochs = settings.finetune_epochs;
  recipe.lr_schedule = settings.lr_schedule;
  recipe::Run pruning(module, *optimizer, experiment.loader(), recipe, experiment.run_options(module));
  Watcher watcher(module, experiment, settings,
                  {.dense_latency = !output.report.empty(), .reports = !output.report.empty()});
  watcher.report.command = command;
  watcher.report.settings = settings.describe() + " " + to_text(recipe);
  watcher.report.data = settings.data.name_or_path;
  const std::string in = options.in.in.empty() ? "" : " in=" + options.in.in.filename().string();
  Checkpoints checkpoints(options.checkpoint, output, pruning, settings.identity() + in,
                          [&](StateVisitor& visit) { watcher.state(visit); });
  while (pruning.advance()) {
    watcher.update(pruning);
    checkpoints.after_step();
  }
  checkpoints.finish();

  if (!output.file.empty()) io::save(module, output.file, experiment.save_options(io::Storage::smallest));
  if (!output.metrics.empty()) watcher.metrics.write(output.metrics);
  const Table steps = steps_table(watcher.metrics.steps, watcher.step_seconds);
  if (!output.report.empty()) {
    const Tensor example = experiment.example();
    if (example.rank() == 4) watcher.report.image = {example.size(1), example.size(2), example.size(3)};
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
  const Option in = command.add(
      "--in", options->in.in,
      "Prune the network in this file, or of these weights (safetensors, .pt, .pth) of the --model; "
      "without it, one is trained first");
  const Option model = add_model_option(command, options->training);
  add_sample_options(command, options->in);
  add_training_options(command, options->training);
  add_recipe_options(command, options->recipe, options->training);
  command.add("--out", output->file, "Save the pruned network, with its masks, to this safetensors file")
      .group("Output");
  add_checkpoint_options(command, options->checkpoint, *output);
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
    check_usage(options->checkpoint, *output);
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
