#include <tinynn/cli/report/page.hpp>
#include <tinynn/cli/report/plot.hpp>
#include <tinynn/cli/report/sensitivity_report.hpp>

namespace tinynn::cli {

std::string sensitivity_page(const SensitivityReport& report, const std::vector<prune::LayerScan>& scan,
                             const Table& table) {
  Plot plot{.title = "Accuracy with so much of one layer pruned",
            .x_label = "sparsity of the layer, %",
            .y_label = "accuracy, %",
            .x_range = {{0, 100}},
            .width = 760,
            .height = 440 + 10 * static_cast<int>(scan.size())};  // many names need many lines
  const auto colours = curve_colours(scan.size());
  for (size_t k = 0; k < scan.size(); ++k) {
    Curve curve{.name = scan[k].name, .colour = colours[k], .stroke = Stroke::dots, .pieces = {{}}};
    for (size_t i = 0; i < scan[k].sparsities.size(); ++i)
      curve.pieces[0].push_back({100 * scan[k].sparsities[i], 100 * scan[k].accuracies[i]});
    plot.curves.push_back(curve);
  }
  const std::string title = "What pruning costs each layer of " + report.model + " on " + report.data;
  return page(title, element("h1", title) +
                         paragraph("One layer at a time loses its smallest " + report.pruned +
                                   "s, without fine-tuning; the accuracy is that on training images, 10,000 "
                                   "if there are so many.") +
                         command_section(report.command, "") + section("Sensitivity", figure(plot)) +
                         section("As a table", html_table(table)));
}

}  // namespace tinynn::cli
