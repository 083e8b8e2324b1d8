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

/// 0.9731 as "97.31%", or a loss with four digits.
std::string score_text(double score, bool is_loss);

/// One state of a network. Accuracy and sparsity are fractions; what is no classifier has a loss in its
/// place; latency the median of one forward pass in microseconds by batch size, epoch_seconds training alone.
struct NetworkMetrics {
  std::optional<double> test_accuracy = {}, test_loss = {}, sparsity = {};
  std::optional<std::vector<double>> epoch_seconds = {};
  int64_t parameters = 0, nonzero = 0;
  std::optional<int64_t> macs = {};
  std::optional<int64_t> file_bytes = {};
  std::map<int64_t, double> latency_us = {};
  // Of a network whose dead channels were deleted: the largest change of an output over the largest |output|,
  // by zeroing the biases of dead channels, and by the deletion.
  std::optional<double> output_change_by_bias = {}, output_difference = {};

  /// Accuracy, or loss; "test accuracy" or "test loss"; and as text. There has to be one.
  double score() const { return test_accuracy ? *test_accuracy : test_loss.value(); }
  std::string score_name() const { return test_accuracy ? "test accuracy" : "test loss"; }
  std::string score_text() const { return cli::score_text(score(), !test_accuracy); }

  void state(StateVisitor& visit);
};

struct StepMetrics {
  double target_sparsity = 0, sparsity = 0;
  double score_before_finetune = 0, score = 0;  // accuracies, or
  bool is_loss = false;                         // losses
  std::vector<double> epoch_seconds = {};

  void state(StateVisitor& visit);
};

struct Metrics {
  std::string model = {}, dataset = {};
  std::optional<uint64_t> seed = {};
  int64_t shards = 1;
  bool sync_bn = false;
  std::optional<NetworkMetrics> dense = {}, pruned = {}, compact = {};
  std::vector<StepMetrics> steps = {};

  /// What was measured; the names are the caller's.
  void state(StateVisitor& visit);
  /// Writes the file atomically. Throws Error if that fails.
  void write(const std::filesystem::path& path) const;
};

}  // namespace tinynn::cli
