// Experiment: what the subcommands share: a network, its data, training with a progress bar, and measuring.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tinynn/cli/command.hpp>
#include <tinynn/cli/dataset.hpp>
#include <tinynn/cli/losses.hpp>
#include <tinynn/cli/metrics.hpp>
#include <tinynn/cli/progress_bar.hpp>
#include <tinynn/cli/settings.hpp>
#include <tinynn/cli/training_curve.hpp>
#include <tinynn/data/data_loader.hpp>
#include <tinynn/io/checkpoint.hpp>
#include <tinynn/recipe/run.hpp>
#include <tinynn/train/evaluate.hpp>

namespace tinynn::cli {

/// Where results go; every subcommand has these.
struct Output {
  std::filesystem::path file, metrics, report, checkpoint;
  bool quiet = false;
};
void add_output_options(const Command& command, Output& output);
/// --report, of the subcommands that have one.
void add_report_option(const Command& command, Output& output);
/// Throws Error if a file could not be written to these places, before hours were spent on its content.
void check_writable(const Output& output);

class Experiment {
 public:
  Experiment(const Settings& settings, const Output& output);

  /// How this network is trained on the data; of classes, a step counts how many were right.
  recipe::RunOptions run_options(nn::Module& module);
  /// Whether there are classes, and so accuracies.
  bool classifies() const { return loss_.for_classes; }
  /// Accuracy, or loss if it is no classifier.
  double test_score(nn::Module& module);
  /// On 10,000 of the training samples: what decisions may be based on. The more, the better: of what is no
  /// classifier, minus the loss.
  double validation_score(nn::Module& module);
  /// Throws Error if what the network gives does not fit the data.
  void check_fits(nn::Module& module) const;
  int64_t batches() const { return train_.size(); }
  /// The training data.
  data::DataLoader& loader() { return train_; }
  const std::string& dataset() const { return data_.name; }
  /// A batch of test images (n, C, H, W).
  Tensor example() const { return test_.example(); }
  /// A network as --model says, for these images.
  std::unique_ptr<nn::Module> make_network() const;
  /// Counts, file size and accuracy; with latency at batch sizes 1 and 64 on request.
  NetworkMetrics measure(nn::Module& module, bool latency);
  /// How a network is saved: with its graph and with what it says of itself.
  io::SaveOptions save_options(io::Storage storage) const;

 private:
  friend class TrainingView;
  io::Metadata metadata() const;
  train::Evaluation evaluate(nn::Module& module, data::DataLoader& loader);
  // The part to train with, changed as --augment and --input-dropout say: the inputs of an autoencoder, and
  // what these are compared with, by the former alike, by the latter not.
  data::DatasetPtr training_part() const;
  data::Fill background(const char* option) const;
  // A part of the data with what the loss compares outputs with.
  data::DatasetPtr targets_of(const data::DatasetPtr& part) const;
  Settings settings_;
  bool quiet_;
  DataSets data_;
  const LossRow& loss_;
  std::unique_ptr<nn::Module> teacher_;  // or none
  data::DataLoader train_, test_, validation_;
};

/// Of each epoch.
std::vector<double> seconds_of(const std::vector<train::Epoch>& epochs);

/// Watches one training, step by step: its curve, and a progress bar.
class TrainingView {
 public:
  TrainingView(const Experiment& experiment, const std::string& label)
      : experiment_(experiment), bar_(label, experiment.quiet_) {}
  void update(const train::Progress& progress) {
    curve.add(progress, experiment_.train_.samples_in(progress.batch));
    bar_.show(progress);
  }

  TrainingCurve curve;

 private:
  const Experiment& experiment_;
  ProgressBar bar_;
};

}  // namespace tinynn::cli
