// A progress bar on stderr, shown only if that is a terminal.
#pragma once

#include <chrono>
#include <string>

#include <tinynn/train/run.hpp>

namespace tinynn::cli {

class ProgressBar {
 public:
  explicit ProgressBar(std::string label, bool quiet);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void show(const train::Progress& progress);

 private:
  std::string label_;
  bool visible_;
  int64_t first_ = -1;  // the first step that it was shown: not 0 after a resumption
  std::chrono::steady_clock::time_point start_, drawn_;
};

}  // namespace tinynn::cli
