// Metrics: the JSON object that --metrics writes. The names of its fields are fixed; scripts depend on them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <tinynn/core/state.hpp>

namespace tinynn::cli {

/// One state of a network. Accuracy and sparsity are fractions, latency the median of one forward pass in
/// microseconds by batch size, epoch_seconds training alone.
struct NetworkMetrics {
  std::optional<double> test_accuracy = {}, sparsity = {};
  std::optional<std::vector<double>> epoch_seconds = {};
  int64_t parameters = 0, nonzero = 0;
  std::optional<int64_t> macs = {};
  std::optional<int64_t> file_bytes = {};
  std::map<int64_t, double> latency_us = {};
  // Of a network whose dead channels were deleted: the largest change of an output over the largest |output|,
  // by zeroing the biases of dead channels, and by the deletion.
  std::optional<double> output_change_by_bias = {}, output_difference = {};

  void state(StateVisitor& visit);
};

struct StepMetrics {
  double target_sparsity = 0, sparsity = 0, accuracy_before_finetune = 0, test_accuracy = 0;
  std::vector<double> epoch_seconds = {};

  void state(StateVisitor& visit);
};

struct Metrics {
  std::string model = {}, dataset = {};
  std::optional<uint64_t> seed = {};
  std::optional<NetworkMetrics> dense = {}, pruned = {}, compact = {};
  std::vector<StepMetrics> steps = {};

  /// What was measured; the names are the caller's.
  void state(StateVisitor& visit);
  /// Writes the file atomically. Throws Error if that fails.
  void write(const std::filesystem::path& path) const;
};

}  // namespace tinynn::cli
