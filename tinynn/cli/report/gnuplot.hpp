// Runs gnuplot, which is optional: a report without it has tables in place of pictures.
#pragma once

#include <string>

namespace tinynn::cli {

struct Drawing {
  std::string svg;      // one <svg> element, empty if there is none
  std::string problem;  // why there is none: "gnuplot is not installed"
};

/// Hands the script to the gnuplot on PATH on its standard input (no shell is involved) and takes what it
/// prints. Never throws.
Drawing run_gnuplot(const std::string& script);

}  // namespace tinynn::cli
