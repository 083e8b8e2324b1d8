// A saved network, as the subcommands that take one see it: --in, --data and --threads, and what the file
// says of itself.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <tinynn/cli/command.hpp>
#include <tinynn/cli/dataset.hpp>
#include <tinynn/cli/metrics.hpp>
#include <tinynn/cli/settings.hpp>
#include <tinynn/io/checkpoint.hpp>

namespace tinynn::cli {

/// A file with a network, or with weights alone and what they are of.
struct WeightsOptions {
  std::filesystem::path in;
  std::string model = {};
  std::vector<int64_t> sample = {};  // shape, for a model that is a text
  bool partial = false;
};

struct SavedOptions : WeightsOptions {
  DataOptions data;
  std::optional<int64_t> threads;
};
/// Adds --in, --model, --sample and --partial.
void add_weights_options(const Command& command, WeightsOptions& options);
/// Adds --sample and --partial.
void add_sample_options(const Command& command, WeightsOptions& options);
/// Adds these, --data with what it is `used` for besides, and --threads.
void add_saved_options(const Command& command, SavedOptions& options, const std::string& used);

/// A network read from a file, with what the file says of it.
struct LoadedModel {
  std::unique_ptr<graph::Network> module;
  std::string model, dataset;
  io::Metadata metadata;
  std::vector<std::string> left_out = {};  // with --partial: what did not fit

  /// As --loss says, empty for what fits the data.
  std::string loss() const;
  /// Of what the network takes, without the number of samples.
  Shape sample_shape() const;
  /// So many samples of zeros, of the shape that the network takes.
  Tensor blank(int64_t count) const;
  /// A fresh one as its model's name or text says, dense and whole; null if it has neither.
  std::unique_ptr<nn::Module> as_made() const;
  /// Those of its model, for some data.
  Settings settings(const DataOptions& data) const;
  /// Counts and sparsity, of the network as it is now.
  NetworkMetrics counts() const;
  /// The JSON object of one state: "pruned" if weights are zero, otherwise "dense".
  Metrics metrics(const NetworkMetrics& state) const;
};
/// Throws Error if the file cannot be read, or holds no network that runs and the options do not say which
/// one its weights are of.
LoadedModel load_model(const WeightsOptions& options);

/// The data to use: --data, or else what the file was trained on, normalised and with classes numbered as for
/// that. Throws Error if neither says.
DataOptions data_options(const SavedOptions& options, const LoadedModel& loaded);
/// How pixels of 0 to 255 become what the network reads: as the file says, or else as its data are. Throws
/// Error if these are no pictures.
data::Normalization pixel_normalization(const SavedOptions& options, const LoadedModel& loaded);

}  // namespace tinynn::cli
