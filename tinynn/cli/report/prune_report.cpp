#include <algorithm>

#include <tinynn/cli/prune_tables.hpp>
#include <tinynn/cli/report/page.hpp>
#include <tinynn/cli/report/plot.hpp>
#include <tinynn/cli/report/prune_report.hpp>
#include <tinynn/core/parallel.hpp>

namespace tinynn::cli {
namespace {

constexpr const char *blue = "#2f7fd6", *orange = "#e0803a", *grey = "#8a8f98";

std::string from_to(const std::string& before, const std::string& after) {
  return before + " \u2192 " + after;
}

std::string pruned_in(size_t steps) {
  return steps == 1 ? "pruned in one step" : "pruned in " + std::to_string(steps) + " steps";
}

Html headline(const PruneReport& report, const Metrics& metrics) {
  const NetworkMetrics &dense = *metrics.dense, &pruned = *metrics.pruned;
  const NetworkMetrics& end = metrics.compact ? *metrics.compact : pruned;
  const bool is_loss = !dense.test_accuracy;
  const double lost = (is_loss ? -1 : 100) * (dense.score() - end.score());
  const std::string change = is_loss
                                 ? fixed(std::abs(lost), 4) + (lost >= 0 ? " more" : " less")
                                 : fixed(std::abs(lost), 2) + (lost >= 0 ? " points lost" : " points gained");
  return element("h1", heading(metrics.model) + " on " + report.data + ", pruned") +
         facts(
             {{dense.score_name(), from_to(dense.score_text(), end.score_text()), change},
              {"sparsity of the weights", percent(*pruned.sparsity),
               *dense.sparsity > 0 ? percent(*dense.sparsity) + " before" : pruned_in(metrics.steps.size())},
              {"non-zero parameters", with_commas(end.nonzero), "of " + with_commas(dense.parameters)},
              {"live multiply-adds", with_commas(*end.macs),
               "of " + with_commas(*dense.macs) + " a sample"}});
}

Curve score_curve(const std::vector<StepMetrics>& steps, double StepMetrics::*score) {
  Curve curve{.name = "after fine-tuning", .colour = blue, .stroke = Stroke::dots, .pieces = {{}}};
  for (const auto& step : steps)
    curve.pieces[0].push_back({100 * step.sparsity, (step.is_loss ? 1 : 100) * step.*score});
  return curve;
}

Html score_section(const Metrics& metrics, const Table& steps) {
  const bool is_loss = !metrics.dense->test_accuracy;
  const double dense = (is_loss ? 1 : 100) * metrics.dense->score();
  const Curve after = score_curve(metrics.steps, &StepMetrics::score);
  Curve before = score_curve(metrics.steps, &StepMetrics::score_before_finetune);
  before.name = "before", before.colour = orange;
  const Curve reference{
      .name = "dense", .colour = grey, .stroke = Stroke::dashed, .pieces = {{{0, dense}, {100, dense}}}};
  Plot plot{.title = "Before and after fine-tuning",
            .x_label = "sparsity, %",
            .y_label = is_loss ? "test loss" : "test accuracy, %",
            .x_range = {{0, 100}},
            .curves = {reference, before, after}};
  Plot closer = plot;
  closer.title = "After fine-tuning, closer";
  closer.curves = {reference, after};
  return section(is_loss ? "Loss over sparsity" : "Accuracy over sparsity",
                 side_by_side(figure(plot) + figure(closer)) + html_table(steps));
}

// One training after the other on one axis, from `start` on: the parts of the epochs faint, their means firm.
void add_trainings(Plot& plot, const std::vector<TrainingCurve>& trainings, double CurvePoint::*what,
                   const std::string& name, const char* colour, double& start) {
  const double factor = what == &CurvePoint::accuracy ? 100 : 1;
  const double begin = start;
  Curve pieces{.name = name + ", parts of epochs", .colour = colour, .stroke = Stroke::faint};
  Curve epochs{.name = name + ", epochs", .colour = colour, .stroke = Stroke::dots};
  for (const auto& training : trainings) {
    const auto moved = [&](const std::vector<CurvePoint>& points) {
      std::vector<Point> result;
      for (const auto& point : points) result.push_back({start + point.epoch, factor * point.*what});
      return result;
    };
    if (start > 0) plot.marks.push_back(start);
    pieces.pieces.push_back(moved(training.pieces()));
    epochs.pieces.push_back(moved(training.epochs()));
    start += static_cast<double>(training.epochs().size());
  }
  if (start == begin) return;  // nothing was trained
  plot.curves.push_back(pieces);
  plot.curves.push_back(epochs);
}

Html training_section(const PruneReport& report, bool is_loss) {
  const auto draw = [&](const char* title, const char* label, double CurvePoint::*what) {
    Plot plot{.title = title,
              .x_label = "epochs of training",
              .y_label = label,
              .log_y = what == &CurvePoint::loss};
    double start = 0;
    add_trainings(plot, report.dense_training, what, "dense", blue, start);
    add_trainings(plot, report.finetuning, what, "fine-tuning", orange, start);
    return plot.curves.empty() ? Html() : figure(plot);
  };
  Html figures = draw("Loss", "loss", &CurvePoint::loss);
  if (!is_loss) figures += draw("Accuracy on the training images", "accuracy, %", &CurvePoint::accuracy);
  if (figures.markup().empty())
    return section("Training",
                   paragraph("No epoch was trained: neither before pruning nor between its steps."));
  return section(
      "Training",
      note("Dots are means over an epoch, the faint lines means over a twentieth of one. Upright lines are "
           "pruning steps.") +
          side_by_side(figures));
}

Html layers_section(const PruneReport& report) {
  Html masks;
  for (const auto& layer : report.pruned) masks += mask_picture(layer);
  Html filters;
  if (!report.dense.empty() && !report.pruned.empty())
    filters = filter_pictures(report.dense.front(), report.pruned.front(), report.image);
  Html sections = section(
      "Layers", note("Dense \u2192 pruned, where they differ.") + layer_table(report.dense, report.pruned));
  if (!filters.markup().empty()) sections += section("Filters of the first layer", filters);
  return sections + section("Masks", note("What is left: a row is an output, a column an input (of a "
                                          "convolution: a weight of a kernel).") +
                                         element("div", masks, {{"class", "pictures"}}));
}

}  // namespace

void PruneReport::state(StateVisitor& visit) {
  visit.all("dense", dense);
  visit.all("pruned", pruned);
  visit.all("dense_training", dense_training);
  visit.all("finetuning", finetuning);
}

std::string prune_page(const PruneReport& report, const Metrics& metrics, const Table& steps) {
  const Html measured = html_table(comparison_table(metrics)) +
                        note("Times are the median of 50 forward passes with " +
                             std::to_string(num_threads()) + " threads, on the machine that made this page.");
  return page(heading(metrics.model) + " on " + report.data + ", pruned",
              headline(report, metrics) + command_section(report.command, report.settings) +
                  section("Measured", measured) + score_section(metrics, steps) +
                  training_section(report, !metrics.dense->test_accuracy) + layers_section(report));
}

}  // namespace tinynn::cli
