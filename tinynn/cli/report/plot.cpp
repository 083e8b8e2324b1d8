#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <map>

#include <tinynn/cli/report/gnuplot.hpp>
#include <tinynn/cli/report/page.hpp>
#include <tinynn/cli/report/plot.hpp>

namespace tinynn::cli {
namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

// In single quotes gnuplot reads every character as itself, a doubled quote as one.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? "''" : c == '\n' ? " " : std::string(1, c);
  return result + "'";
}

bool all_above_zero(const Plot& plot) {
  for (const auto& curve : plot.curves) {
    for (const auto& piece : curve.pieces) {
      if (std::ranges::any_of(piece, [](const Point& point) { return point.y <= 0; })) return false;
    }
  }
  return true;
}

std::string style(const Curve& curve) {
  const std::string colour = " lc rgb " + quoted(curve.colour);
  switch (curve.stroke) {
    case Stroke::dots: return "with linespoints pt 7 ps 0.6 lw 2" + colour;
    case Stroke::points: return "with points pt 2 ps 1 lw 2" + colour;
    case Stroke::faint: return "with lines lw 1 lc rgb " + quoted("#90" + curve.colour.substr(1));
    case Stroke::dashed: return "with lines lw 1.5 dt (6,4)" + colour;
    default: return "with lines lw 2" + colour;
  }
}

std::string script(const Plot& plot) {
  std::string text = "set encoding utf8\nset terminal svg size " + std::to_string(plot.width) + "," +
                     std::to_string(plot.height) + " dynamic noenhanced rounded font 'sans-serif,14'\n" +
                     "set border 3 lc rgb '#808080'\nset tics nomirror\nset grid lc rgb '#b0808080' lt 1\n" +
                     "set key above left horizontal Left reverse samplen 2\n" + "set xlabel " +
                     quoted(plot.x_label) + "\nset ylabel " + quoted(plot.y_label) + "\n";
  if (plot.x_range)
    text += "set xrange [" + number(plot.x_range->first) + ":" + number(plot.x_range->second) + "]\n";
  if (plot.log_x) text += "set logscale x\n";
  if (plot.log_y && all_above_zero(plot)) text += "set logscale y\n";
  for (const double x : plot.marks)
    text += "set arrow from first " + number(x) + ", graph 0 to first " + number(x) +
            ", graph 1 nohead lw 0.7 lc rgb '#90808080'\n";
  std::string curves;
  for (size_t i = 0; i < plot.curves.size(); ++i) {
    const Curve& curve = plot.curves[i];
    const std::string data = "$curve" + std::to_string(i);
    text += data + " << END\n";
    for (const auto& piece : curve.pieces) {
      for (const auto& [x, y] : piece) text += number(x) + " " + number(y) + "\n";
      text += "\n";
    }
    text += "END\n";
    curves += (i == 0 ? "plot " : ", ") + data + " using 1:2 " + style(curve) +
              (curve.stroke == Stroke::faint ? " notitle" : " title " + quoted(curve.name));
  }
  return text + curves + "\n";
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

// gnuplot gives the same names to the parts of every picture; in one page each name may stand once.
void make_names_unique(std::string& svg) {
  static std::atomic<int> count = 0;
  const std::string prefix = "plot" + std::to_string(++count) + "-";
  for (const std::string before : {" id='", " id=\"", "href='#", "href=\"#", "url(#"})
    replace_all(svg, before, before + prefix);
}

Html picture(std::string svg) {
  make_names_unique(svg);
  replace_all(svg, "<title>Gnuplot</title>", "");
  return Html::trusted(std::move(svg));
}

Table numbers(const Plot& plot) {
  std::vector<std::string> heads{plot.x_label};
  std::map<double, std::vector<std::string>> rows;
  for (const Curve& curve : plot.curves) heads.push_back(curve.name);
  for (size_t i = 0; i < plot.curves.size(); ++i) {
    for (const auto& piece : plot.curves[i].pieces) {
      for (const auto& [x, y] : piece) {
        auto& row = rows[x];
        row.resize(plot.curves.size());
        row[i] = number(y);
      }
    }
  }
  Table table(heads);
  for (const auto& [x, cells] : rows) {
    std::vector<std::string> row{number(x)};
    row.insert(row.end(), cells.begin(), cells.end());
    table.add(row);
  }
  return table;
}

}  // namespace

std::vector<std::string> curve_colours(size_t count) {
  const std::vector<std::string> few{"#2f7fd6", "#e0803a", "#3aa17e", "#c9588f", "#8a6fd1", "#b59a2c"};
  if (count <= few.size()) return {few.begin(), few.begin() + static_cast<std::ptrdiff_t>(count)};
  std::vector<std::string> scale;
  for (size_t i = 0; i < count; ++i) {  // from blue over violet to orange
    const double t = static_cast<double>(i) / static_cast<double>(count - 1);
    char text[8];
    std::snprintf(text, sizeof text, "#%02x%02x%02x", static_cast<unsigned>(47 + 180 * t),
                  static_cast<unsigned>(127 - 60 * std::sin(3.14159 * t)),
                  static_cast<unsigned>(220 - 170 * t));
    scale.emplace_back(text);
  }
  return scale;
}

Html figure(const Plot& plot) {
  const Drawing drawing = run_gnuplot(script(plot));
  Html content = element("figcaption", plot.title);
  if (!plot.note.empty()) content += note(plot.note);
  if (drawing.svg.empty()) {
    content +=
        note("No picture: " + drawing.problem + ". These are its numbers.") + html_table(numbers(plot));
  } else {
    content += picture(drawing.svg) +
               element("details", element("summary", "The numbers") + html_table(numbers(plot)));
  }
  return element("figure", content) + Html::trusted("\n");
}

}  // namespace tinynn::cli
