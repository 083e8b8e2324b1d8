// Checkpoints of a run of the command: --checkpoint, --every and --resume, and what Ctrl-C does.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include <tinynn/cli/experiment.hpp>
#include <tinynn/recipe/run.hpp>

namespace tinynn::cli {

struct CheckpointOptions {
  std::string every = "30s";
  bool resume = false;
};
/// The file is the output's.
void add_checkpoint_options(const Command& command, CheckpointOptions& options, Output& output);
/// Throws UsageError for --resume without --checkpoint.
void check_usage(const CheckpointOptions& options, const Output& output);

/// The user, or the system, asked to end: what main() prints and exits with.
struct Interrupted {
  std::string message;
  int exit_code;
};

class Checkpoints {
 public:
  /// `settings`, "name=value ...", are what must not have changed when the run is resumed; `more` visits what
  /// is kept besides the run. Goes on from the file if --resume was given and there is one. Throws Error, and
  /// leaves the run as it was, if that does not fit.
  Checkpoints(const CheckpointOptions& options, const Output& output, recipe::Run& run,
              const std::string& settings, recipe::Run::Visits more);
  ~Checkpoints();
  Checkpoints(const Checkpoints&) = delete;
  Checkpoints& operator=(const Checkpoints&) = delete;

  /// To be called after each step and what belongs to it: saves if it is time. Throws Interrupted after
  /// SIGINT or SIGTERM, once the state is saved.
  void after_step();
  /// Saves the end of the run, so that whatever its results meet on their way to disk, they are not lost.
  void finish();

 private:
  bool writes() const;  // the first rank does
  std::string save();   // what went wrong; empty if nothing did

  std::filesystem::path file_;
  recipe::Run& run_;
  recipe::Run::Visits more_;
  int64_t steps_ = 0, every_steps_ = 0;
  std::chrono::duration<double> every_seconds_{};
  std::chrono::steady_clock::time_point last_;
};

}  // namespace tinynn::cli
