// PeakMemory: how much memory a process comes to need from some point on, as Linux counts it. That includes
// what no library's own statistics show: workspaces of a BLAS, generated code, the heap's holes.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>

#include <malloc.h>

#include <tinynn/core/error.hpp>

namespace bench {

/// A size out of /proc/self/status, such as VmRSS (resident now) or VmHWM (the most that ever was), in bytes.
inline int64_t memory_status(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field + ":")) return std::stoll(line.substr(field.size() + 1)) * 1024;
  }
  tinynn::fail("memory: no ", field, " in /proc/self/status");
}

class PeakMemory {
 public:
  /// Starts here. Memory that is free but still resident is given back first: nothing that is done later
  /// should get it for nothing.
  PeakMemory() {
    malloc_trim(0);
    std::ofstream clear("/proc/self/clear_refs");
    clear << 5 << std::flush;  // VmHWM = VmRSS
    tinynn::check(clear.good(), "memory: cannot write to /proc/self/clear_refs");
    resident_before_ = memory_status("VmRSS");
  }

  int64_t resident_before() const { return resident_before_; }
  /// The most that was resident since the start, less what was then.
  int64_t growth() const { return memory_status("VmHWM") - resident_before_; }

 private:
  int64_t resident_before_;
};

}  // namespace bench
