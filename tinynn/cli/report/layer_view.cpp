#include <algorithm>
#include <sstream>

#include <tinynn/cli/report/layer_view.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/graph/summary.hpp>

namespace tinynn::cli {
namespace {

int64_t count_live_rows(const Tensor& weight) {
  const auto values = weight.values();
  const auto size = static_cast<size_t>(weight.shape().inner(0));
  int64_t live = 0;
  for (size_t begin = 0; begin < values.size(); begin += size)
    live += std::ranges::any_of(values.subspan(begin, size), [](float value) { return value != 0; });
  return live;
}

std::string shape_text(const Shape& shape) {
  TextStream text;
  text << shape;
  return text.str();
}

std::string change(const std::string& before, const std::string& after) {
  return before == after ? before : before + " \u2192 " + after;
}

std::string change(int64_t before, int64_t after) { return change(with_commas(before), with_commas(after)); }

double density(const LayerView& layer) {
  return layer.weight.numel() == 0
             ? 0
             : static_cast<double>(layer.live) / static_cast<double>(layer.weight.numel());
}

Html bar(double before, double after) {
  const auto part = [](const char* kind, double share) {
    return element("span", "", {{"class", kind}, {"style", "width:" + fixed(100 * share, 2) + "%"}});
  };
  return element("span", part("before", before) + part("after", after), {{"class", "bar"}}) + percent(after);
}

Html table_row(const char* tag, const std::vector<Html>& cells) {
  Html row;
  for (const auto& cell : cells) row += element(tag, cell);
  return element("tr", row) + Html::trusted("\n");
}

}  // namespace

void LayerView::state(StateVisitor& visit) {
  visit("name", name);
  visit("weight", weight);
  visit("live", live);
  visit("live_rows", live_rows);
  visit("macs", macs);
}

std::vector<LayerView> view_layers(nn::Module& module, const Tensor& example) {
  const auto layers = graph::layers(module, example);
  std::vector<LayerView> views;
  for (const auto& [name, parameter] : module.named_parameters()) {
    if (parameter.rank() < 2) continue;
    const std::string owner = name.substr(0, std::min(name.rfind('.'), name.size()));
    const auto layer = std::ranges::find(layers, owner, &graph::LayerSummary::name);
    views.push_back({.name = name,
                     .weight = parameter.clone(),
                     .live = count_nonzero(parameter),
                     .live_rows = count_live_rows(parameter),
                     .macs = layer == layers.end() ? 0 : layer->macs});
  }
  return views;
}

Html layer_table(const std::vector<LayerView>& before, const std::vector<LayerView>& after) {
  Html rows;
  for (const LayerView& now : after) {
    const auto earlier = std::ranges::find(before, now.name, &LayerView::name);
    const LayerView& then = earlier == before.end() ? now : *earlier;
    const auto rows_of = [](const LayerView& view) {
      return with_commas(view.live_rows) + " of " + with_commas(view.weight.size(0));
    };
    rows +=
        table_row("td", {now.name, change(shape_text(then.weight.shape()), shape_text(now.weight.shape())),
                         change(then.weight.numel(), now.weight.numel()), change(then.live, now.live),
                         bar(density(then), density(now)), change(rows_of(then), rows_of(now)),
                         change(then.macs, now.macs)});
  }
  const Html heads = table_row("th", {"weight", "shape", "weights", "live weights", "density",
                                      "live rows or filters", "multiply-adds a sample"});
  return element("div", element("table", element("thead", heads) + element("tbody", rows)),
                 {{"class", "scroll"}});
}

}  // namespace tinynn::cli
