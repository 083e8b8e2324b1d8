// Settings: what a training run is made of. Whatever the user leaves open comes from one table of recipes, a
// row a model, which --help prints.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <tinynn/cli/command.hpp>
#include <tinynn/cli/dataset.hpp>
#include <tinynn/nn/module.hpp>
#include <tinynn/optim/optimizer.hpp>

namespace tinynn::cli {

/// What is imitated.
struct Teaching {
  std::filesystem::path file = {};
  double temperature = 4, share = 0.5;
};

/// As typed: what was not given is empty.
struct Options {
  std::string model = {};
  DataOptions data = {};
  std::optional<int64_t> epochs = {}, batch_size = {}, finetune_epochs = {};
  std::optional<std::string> optimizer = {}, lr_schedule = {}, augment = {};
  std::string loss = {};
  Teaching teaching = {};
  std::optional<double> lr = {}, momentum = {}, weight_decay = {};
  double l1 = 0, input_dropout = 0;
  uint64_t seed = 1;
  std::optional<int64_t> threads = {}, shards = {};
  bool sync_bn = false;
};

/// Complete.
struct Settings {
  std::string model;
  DataOptions data;
  int64_t epochs, batch_size, finetune_epochs;
  std::string optimizer, lr_schedule, loss;  // loss: empty for what fits the data
  Teaching teaching;
  double lr, momentum, weight_decay, l1, input_dropout;
  std::optional<std::string> augment = {};  // without one, what the data are known for
  uint64_t seed;
  int64_t shards = 1;
  bool sync_bn = false;
  std::optional<Shape> input = {};  // of one sample, if the network does not take any

  /// One line for a model file: everything that shapes the result.
  std::string describe() const;
  /// The same with model and data, as "name=value ...": equal for equal runs.
  std::string identity() const;
};

/// Fills in what was left open.
Settings resolve(const Options& options);
/// The table of recipes, for --help.
std::string recipes_help();

std::unique_ptr<optim::Optimizer> make_optimizer(const Settings& settings, nn::Module& module);

/// --threads.
Option add_threads_option(const Command& command, std::optional<int64_t>& threads);
void use_threads(const std::optional<int64_t>& threads);
/// --model.
Option add_model_option(const Command& command, Options& options);
/// Adds --data and all that belongs to training.
void add_training_options(const Command& command, Options& options);

}  // namespace tinynn::cli
