// Children: runs of this very program, several at a time, each in a process of its own. What one prints goes
// to a file. When this process is asked to end, or dies, so are they: each saves its checkpoint then.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace tinynn::cli {

/// Commands that follow each other, and where they print.
struct ChildJob {
  std::vector<std::vector<std::string>> commands;  // words after the program's name
  std::filesystem::path log;
};

/// Runs all jobs, `at_once` at a time, and calls done(job) after each. Throws Error if a command fails, with
/// the last line that it printed, when the others have ended; Interrupted if this process was asked to end.
void run_children(const std::vector<ChildJob>& jobs, int64_t at_once,
                  const std::function<void(size_t job)>& done);

}  // namespace tinynn::cli
