#include <cstdio>
#include <memory>

#include <tinynn/cli/checkpoints.hpp>
#include <tinynn/cli/commands.hpp>
#include <tinynn/cli/ranks.hpp>
#include <tinynn/cli/table.hpp>
#include <tinynn/cli/watcher.hpp>
#include <tinynn/core/random.hpp>

namespace tinynn::cli {
namespace {

struct TrainOptions {
  Options training;
  CheckpointOptions checkpoint;
};

void run(const TrainOptions& options, const Output& given) {
  share_ranks();
  const Output output = of_this_rank(given);
  check_writable(output);
  use_threads(options.training.threads);
  const Settings settings = resolve(options.training);
  Experiment experiment(settings, output);
  manual_seed(settings.seed);
  const auto module = experiment.make_network();
  experiment.check_fits(*module);
  const auto optimizer = make_optimizer(settings, *module);
  // A recipe of which only the dense training is carried out.
  recipe::Run training(*module, *optimizer, experiment.loader(),
                       {.sparsity = 0, .epochs = settings.epochs, .lr_schedule = settings.lr_schedule},
                       experiment.run_options(*module));
  Watcher watcher(*module, experiment, settings, {.dense_latency = true});
  Checkpoints checkpoints(options.checkpoint, output, training, settings.identity(),
                          [&](StateVisitor& visit) { watcher.state(visit); });
  while (!watcher.metrics.dense) {
    training.advance();
    watcher.update(training);
    checkpoints.after_step();
  }
  checkpoints.finish();

  if (!output.file.empty()) io::save(*module, output.file, experiment.save_options(io::Storage::dense));
  if (!output.metrics.empty()) watcher.metrics.write(output.metrics);
  if (output.quiet) return;
  const NetworkMetrics& dense = *watcher.metrics.dense;
  Table table({heading(settings.model) + " on " + experiment.dataset(), dense.score_name(), "parameters",
               "non-zero", "MACs", "bytes"});
  table.add({std::to_string(settings.epochs) + " epochs", dense.score_text(), with_commas(dense.parameters),
             with_commas(dense.nonzero), with_commas(*dense.macs), with_commas(*dense.file_bytes)});
  std::printf("%s", table.text().c_str());
  if (output.file.empty()) std::printf("not saved: no --out FILE was given\n");
  if (!output.file.empty()) std::printf("saved:   %s\n", output.file.c_str());
  if (!output.metrics.empty()) std::printf("metrics: %s\n", output.metrics.c_str());
}

}  // namespace

void add_train(CommandLine& line) {
  const Command command = line.add_command("train", "Train a network from scratch and save it");
  auto options = std::make_shared<TrainOptions>();
  auto output = std::make_shared<Output>();
  add_model_option(command, options->training).required();
  add_training_options(command, options->training);
  command.add("--out", output->file, "Save the network to this safetensors file").group("Output");
  add_checkpoint_options(command, options->checkpoint, *output);
  add_output_options(command, *output);
  command.footer(
      "\n" + recipes_help() +
      "\nExamples:\n  tinynn train --model lenet-5 --data mnist --epochs 3 --out lenet-5.safetensors\n"
      "  tinynn train --model resnet-20 --data cifar10 --checkpoint run.ckpt --resume --out "
      "resnet.safetensors");
  command.runs([=] {
    check_usage(options->checkpoint, *output);
    run(*options, *output);
  });
}

}  // namespace tinynn::cli
