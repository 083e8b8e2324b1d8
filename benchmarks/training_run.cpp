#include "training_run.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <optional>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <tinynn/core/buffer.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/data/cifar10.hpp>
#include <tinynn/data/mnist.hpp>
#include <tinynn/graph/count.hpp>
#include <tinynn/io/checkpoint.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/prune/mask_rules.hpp>

#include "memory.hpp"

namespace bench {
namespace {

using namespace tinynn;

Shape image_of(const Options& options) {
  return options.model == "resnet-20" ? Shape{3, 32, 32} : Shape{1, 28, 28};
}

Shape batch_of(const Shape& image, int64_t count) { return {count, image[0], image[1], image[2]}; }

data::DatasetPtr random_images(const Shape& image, int64_t count) {
  std::vector<int64_t> labels;
  const auto stream = next_random_stream();
  for (int64_t i = 0; i < count; ++i) {
    labels.push_back(static_cast<int64_t>(stream.below(static_cast<uint64_t>(i), 10)));
  }
  const Tensor images = randn(batch_of(image, count));
  return std::make_shared<data::TensorDataset>(images, Labels(std::move(labels)), 10);
}

data::DatasetPtr open_data(const Options& options) {
  const std::filesystem::path folder(options.data);
  if (options.data.empty()) return random_images(image_of(options), 16 * options.batch_size);
  return options.model == "resnet-20" ? data::cifar10(folder / "cifar10", data::Split::train)
                                      : data::mnist(folder / "mnist", data::Split::train);
}

io::SafetensorsFile initial_weights(const Options& options) {
  manual_seed(options.seed);
  return io::to_file(*models::make(options.model));
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

struct Times {
  std::vector<double> steps, epochs;  // seconds; of complete epochs only
  double last_loss = 0;
};

Times train(Trainer& trainer, data::DataLoader& loader, const Options& options) {
  using Clock = std::chrono::steady_clock;
  const auto wanted =
      static_cast<size_t>(options.epochs > 0 ? options.epochs * loader.size() : options.steps);
  Times times;
  while (times.steps.size() < wanted) {
    double epoch = 0;
    for (const auto& batch : loader) {
      trainer.take(batch);
      const auto start = Clock::now();
      times.last_loss = trainer.step();
      times.steps.push_back(std::chrono::duration<double>(Clock::now() - start).count());
      epoch += times.steps.back();
      if (options.epochs == 0 && times.steps.size() == wanted) return times;
    }
    times.epochs.push_back(epoch);
  }
  return times;
}

void add_options(CLI::App& app, Options& options) {
  app.option_defaults()->always_capture_default()->take_last();  // the last one wins: scripts have defaults
  const CLI::Range positive(int64_t{1}, int64_t{1} << 40);
  app.add_option("--model", options.model)->required()->check(CLI::IsMember(models::names()));
  app.add_option("--data", options.data, "Folder that holds mnist/ or cifar10/; random images without it");
  app.add_option("--batch-size", options.batch_size)->check(positive);
  app.add_option("--steps", options.steps)->check(positive);
  app.add_option("--epochs", options.epochs, "Whole epochs, instead of --steps")->check(positive);
  app.add_option("--threads", options.threads)->check(CLI::Range(int64_t{1}, int64_t{1024}));
  app.add_option("--seed", options.seed,
                 "Of the weights to start with, random images and the batches' order");
  app.add_option("--optimizer", options.optimizer)->check(CLI::IsMember({"sgd", "adam"}));
  app.add_option("--sparsity", options.sparsity, "Train with this share of the weights pruned by magnitude")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--lr", options.lr)->check(CLI::NonNegativeNumber);
  app.add_option("--momentum", options.momentum, "Of sgd")->check(CLI::Range(0.0, 1.0));
  app.add_option("--weight-decay", options.weight_decay)->check(CLI::NonNegativeNumber);
}

// Live multiply-adds of a batch forward; a whole step takes up to three times as many.
int64_t forward_macs(const Options& options) {
  const auto model = models::make(options.model);
  if (options.sparsity > 0) prune::prune(prune::weights(*model), prune::fraction(options.sparsity));
  return options.batch_size * graph::count(*model, randn(batch_of(image_of(options), 2))).macs;
}

nlohmann::ordered_json measure(const Options& options, MakeTrainer make_trainer) {
  set_num_threads(options.threads);
  const auto weights = initial_weights(options);
  // Without prefetching: the thread that prepares the next batch would take its time from the step.
  data::DataLoader loader(
      open_data(options),
      {.batch_size = options.batch_size, .shuffle = true, .prefetch = false, .seed = options.seed});
  release_cached_memory();
  const PeakMemory memory;
  const auto trainer = make_trainer(options, weights);
  const Times times = train(*trainer, loader, options);
  nlohmann::ordered_json result{{"model", options.model},      {"batch_size", options.batch_size},
                                {"threads", options.threads},  {"sparsity", options.sparsity},
                                {"steps", times.steps.size()}, {"seconds_per_step", median(times.steps)}};
  if (options.epochs > 0) result["seconds_per_epoch"] = median(times.epochs);
  result["forward_macs"] = forward_macs(options);
  result["last_loss"] = times.last_loss;
  result["peak_bytes"] = memory.growth();
  result["resident_bytes_before"] = memory.resident_before();
  return result;
}

}  // namespace

int run_training(int argc, char** argv, const std::string& library, const std::string& version,
                 MakeTrainer make_trainer) {
  CLI::App app("Times training steps with " + library + " and measures the memory they take.");
  Options options;
  options.threads = num_threads();
  add_options(app, options);
  try {
    app.parse(argc, argv);
    nlohmann::ordered_json result{{"library", library}, {"version", version}};
    result.update(measure(options, make_trainer));
    std::printf("%s\n", result.dump().c_str());
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", library.c_str(), error.what());
    return 1;
  }
}

}  // namespace bench
