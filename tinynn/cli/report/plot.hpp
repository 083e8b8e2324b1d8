// Plot: curves in a coordinate system, and how a report shows them: drawn by gnuplot, with the numbers as a
// table below; without gnuplot the table alone.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tinynn/cli/report/html.hpp>

namespace tinynn::cli {

struct Point {
  double x, y;
};

enum class Stroke { line, dots, points, faint, dashed };  // faint: left out of the legend

struct Curve {
  std::string name;
  std::string colour;  // "#2f6fc4"
  Stroke stroke = Stroke::line;
  std::vector<std::vector<Point>> pieces = {};  // the line breaks between them
};

struct Plot {
  std::string title, note = {};
  std::string x_label, y_label;
  std::optional<std::pair<double, double>> x_range = {};
  bool log_x = false;
  bool log_y = false;              // where all y are above zero
  std::vector<double> marks = {};  // x of thin vertical lines
  std::vector<Curve> curves = {};
  int width = 560, height = 380;  // units of the picture, which takes the width there is
};

/// The colours of `count` curves: told apart as well as can be if they are few, else along a scale.
std::vector<std::string> curve_colours(size_t count);

/// The plot as a <figure>.
Html figure(const Plot& plot);

}  // namespace tinynn::cli
