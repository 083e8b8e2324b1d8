#include <cstdio>
#include <memory>

#include <tinynn/cli/commands.hpp>
#include <tinynn/cli/experiment.hpp>
#include <tinynn/cli/table.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/models/models.hpp>

namespace tinynn::cli {
namespace {

void run(const Options& options, const Output& output) {
  check_writable(output);
  use_threads(options.threads);
  const Settings settings = resolve(options);
  Experiment experiment(settings, output);
  manual_seed(settings.seed);
  const auto module = models::make(settings.model);
  const auto optimizer = make_optimizer(settings, *module);
  optim::LrScheduler scheduler(*optimizer, make_schedule(settings, settings.epochs * experiment.batches()));
  std::vector<double> seconds;
  {
    TrainingView view(experiment, "training");
    const auto epochs =
        train::fit(*module, *optimizer, experiment.loader(),
                   {.epochs = settings.epochs,
                    .loss = experiment.loss(),
                    .scheduler = &scheduler,
                    .on_step = [&](const train::Progress& progress) { view.update(progress); }});
    seconds = seconds_of(epochs);
  }

  NetworkMetrics dense = experiment.measure(*module, true);
  dense.epoch_seconds = seconds;
  if (!output.file.empty()) io::save(*module, output.file, experiment.metadata(*module));
  if (!output.metrics.empty()) {
    Metrics{settings.model, experiment.dataset(), settings.seed, dense, {}, {}}.write(output.metrics);
  }
  if (output.quiet) return;
  Table table({settings.model + " on " + experiment.dataset(), "test accuracy", "parameters", "non-zero",
               "MACs", "bytes"});
  table.add({std::to_string(settings.epochs) + " epochs", percent(*dense.test_accuracy),
             with_commas(dense.parameters), with_commas(dense.nonzero), with_commas(*dense.macs),
             with_commas(*dense.file_bytes)});
  std::printf("%s", table.text().c_str());
  if (output.file.empty()) std::printf("not saved: no --out FILE was given\n");
  if (!output.file.empty()) std::printf("saved:   %s\n", output.file.c_str());
  if (!output.metrics.empty()) std::printf("metrics: %s\n", output.metrics.c_str());
}

}  // namespace

void add_train(CommandLine& line) {
  const Command command = line.add_command("train", "Train a network from scratch and save it");
  auto options = std::make_shared<Options>();
  auto output = std::make_shared<Output>();
  add_model_option(command, *options).required();
  add_training_options(command, *options);
  command.add("--out", output->file, "Save the network to this safetensors file").group("Output");
  add_output_options(command, *output);
  command.footer(
      "\n" + recipes_help() +
      "\nExample:\n  tinynn train --model lenet-5 --data mnist --epochs 3 --out lenet-5.safetensors");
  command.runs([=] { run(*options, *output); });
}

}  // namespace tinynn::cli
