#include <algorithm>
#include <functional>

#include <tinynn/cli/report/page.hpp>
#include <tinynn/cli/report/plot.hpp>
#include <tinynn/cli/report/reproduce_report.hpp>

namespace tinynn::cli {
namespace {

// Error over compression of each network of the table.
Html curves(const Reproduced& measured) {
  std::vector<std::string> networks;
  for (const RowResult& result : measured.rows) {
    if (std::ranges::find(networks, result.row->network) == networks.end())
      networks.push_back(result.row->network);
  }
  const auto colours = curve_colours(4);
  Html figures;
  for (const std::string& network : networks) {
    Curve here{
        .name = "here, mean of the seeds", .colour = colours[0], .stroke = Stroke::dots, .pieces = {{}}},
        published{.name = "published", .colour = colours[1], .stroke = Stroke::points, .pieces = {{}}},
        seeds{.name = "each seed", .colour = colours[0], .stroke = Stroke::faint},
        variants{
            .name = "variants and controls", .colour = colours[3], .stroke = Stroke::points, .pieces = {{}}};
    for (const RowResult& result : measured.rows) {
      const ReproducedRow& row = *result.row;
      if (row.network != network || result.trials.empty()) continue;
      if (row.published) published.pieces[0].push_back({row.compression, *row.published});
      const Point mean{row.compression, result.mean()};
      (row.variant.empty() ? here : variants).pieces[0].push_back(mean);
      if (!row.variant.empty()) continue;
      seeds.pieces.emplace_back();
      for (const auto& trial : result.trials) seeds.pieces.back().push_back({row.compression, trial.error});
    }
    Plot plot{.title = network + ", test error over compression",
              .x_label = "times fewer " + measured.table->counts,
              .y_label = "test error, %",
              .log_x = true,
              .width = 760,
              .height = 420};
    for (Curve& curve : {std::ref(here), std::ref(seeds), std::ref(published), std::ref(variants)}) {
      if (!curve.pieces.empty() && !curve.pieces[0].empty()) plot.curves.push_back(curve);
    }
    figures += figure(plot);
  }
  return side_by_side(figures);
}

}  // namespace

std::string reproduce_page(const std::vector<Reproduced>& tables, const std::string& command) {
  const std::string title = "Published tables of pruning, measured";
  Html body =
      element("h1", title) +
      paragraph(
          "Each network is trained, pruned and judged by its last weights; nothing was chosen on test "
          "data. Errors are means over seeds, with their standard deviation.") +
      command_section(command, "");
  for (const Reproduced& measured : tables) {
    Html commands;
    for (const RowResult& result : measured.rows) {
      std::string line = "tinynn";
      for (const std::string& word : words_of(*measured.table, *result.row, false)) line += ' ' + word;
      commands += element("pre", line, {{"class", "row"}});
    }
    body += section(measured.table->name,
                    paragraph(std::string(measured.table->help) + ".") + note(measured.table->note) +
                        curves(measured) + html_table(table_of(*measured.table, measured.rows)) +
                        element("details", element("summary", "The command of each row") + commands));
  }
  return page(title, body);
}

}  // namespace tinynn::cli
