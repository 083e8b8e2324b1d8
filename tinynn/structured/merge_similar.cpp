#include <algorithm>
#include <cmath>
#include <map>

#include <tinynn/nn/snapshot.hpp>
#include <tinynn/structured/merge_similar.hpp>
#include <tinynn/structured/readers.hpp>
#include <tinynn/structured/relative_change.hpp>

namespace tinynn::structured {

using graph::Atom;
using graph::Graph;

namespace {

// The numbers of a value that may be missing.
double number_or(const Graph& graph, int value, int64_t i, double missing) {
  return value < 0 ? missing : static_cast<double>(graph.values[value].tensor.data()[i]);
}

// For each channel its weights and its bias, as they are after the normalisation: (channels, inputs + 1).
Tensor effective_rows(const Graph& graph, const ChannelPath& path) {
  const Tensor& weight = graph.values[path.weight].tensor;
  const auto count = static_cast<int64_t>(path.channels.size());
  Tensor rows(Shape{count, weight.numel() / count + 1});
  float* to = rows.mutable_data();
  for (int64_t c = 0; c < count; ++c) {
    double factor = 1, bias = number_or(graph, path.bias, c, 0);
    if (path.norm != nullptr) {
      const auto& inputs = path.norm->inputs;
      const double variance =
          number_or(graph, inputs[4], c, 1) + autograd::Attributes(path.norm->attributes).number("eps");
      factor = number_or(graph, inputs[1], c, 1) / std::sqrt(variance);
      bias = (bias - number_or(graph, inputs[3], c, 0)) * factor + number_or(graph, inputs[2], c, 0);
    }
    for (const int64_t place : graph::places(weight.shape(), path.channels[c].maker)) {
      *to++ = static_cast<float>(factor * static_cast<double>(weight.data()[place]));
    }
    *to++ = static_cast<float>(bias);
  }
  return rows;
}

double norm_of(const Tensor& rows, int64_t row) {
  const int64_t size = rows.size(1);
  double squares = 0;
  for (int64_t i = row * size; i < (row + 1) * size; ++i) {
    squares += static_cast<double>(rows.data()[i]) * static_cast<double>(rows.data()[i]);
  }
  return std::sqrt(squares);
}

bool are_equal(const Tensor& rows, int64_t a, int64_t b) {
  const int64_t size = rows.size(1);
  return std::equal(rows.data() + a * size, rows.data() + (a + 1) * size, rows.data() + b * size);
}

// Who is merged into whom: pairs come by row, so that of each the earlier row's fate is known.
std::vector<Merge> choose(const Tensor& rows, const std::string& weight, bool homogeneous,
                          const SimilarOptions& options) {
  std::map<int64_t, Merge> chosen;
  for (const auto& [row, earlier, cosine] : similar_rows(rows, options)) {
    if (chosen.contains(earlier) || (!homogeneous && !are_equal(rows, row, earlier))) continue;
    const Merge merge{weight, row, earlier, cosine, norm_of(rows, row) / norm_of(rows, earlier)};
    const auto [known, is_first] = chosen.try_emplace(row, merge);
    if (!is_first && cosine > known->second.cosine) known->second = merge;
  }
  std::vector<Merge> result;
  for (const auto& [row, merge] : chosen) result.push_back(merge);
  return result;
}

// Changes of values and masks of parameters that are made all at once.
class Edits {
 public:
  explicit Edits(const Graph& graph) : graph_(graph) {}

  void kill(const Atom& atom) {
    Edit& edit = of(atom.value);
    for (const int64_t i : graph::places(edit.parameter.shape(), atom)) edit.mask.set(i, false);
  }
  // Adds `scale` times what is at one place to another, and kills it.
  void move(const Atom& from, const Atom& to, double scale) {
    Edit& edit = of(from.value);
    const auto sources = graph::places(edit.parameter.shape(), from),
               targets = graph::places(edit.parameter.shape(), to);
    for (size_t k = 0; k < sources.size(); ++k) {
      const double source = edit.values[sources[k]];
      edit.values[targets[k]] += scale * source;
      if (edit.mask[sources[k]]) edit.mask.set(targets[k], true);
    }
    kill(from);
  }
  void apply() {
    for (auto& entry : edits_) {
      Edit& edit = entry.second;
      edit.parameter.set_mask(edit.mask);
      edit.parameter.update([&](std::span<float> to) {
        std::ranges::transform(edit.values, to.begin(), [](double x) { return static_cast<float>(x); });
      });
    }
  }

 private:
  struct Edit {
    Parameter parameter;
    Mask mask;
    std::vector<double> values;
  };

  Edit& of(int value) {
    const auto [found, is_new] = edits_.try_emplace(value);
    if (is_new) {
      const Parameter parameter = Parameter::of(graph_.values[value].tensor);
      const auto values = parameter.values();
      found->second = {parameter, parameter.mask_or_all(), {values.begin(), values.end()}};
    }
    return found->second;
  }

  const Graph& graph_;
  std::map<int, Edit> edits_;
};

void apply(const std::vector<Merge>& merges, const Graph& graph, const ChannelPath& path) {
  Edits edits(graph);
  for (const Merge& merge : merges) {
    const auto& channel = path.channels[merge.channel];
    const auto& survivor = path.channels[merge.survivor];
    for (size_t k = 0; k < channel.readers.size(); ++k) {
      edits.move(channel.readers[k], survivor.readers[k], merge.scale);
    }
    edits.kill(channel.maker);
    std::vector<int> shifts{path.bias};
    if (path.norm != nullptr) shifts.insert(shifts.end(), {path.norm->inputs[1], path.norm->inputs[2]});
    for (const int value : shifts) {
      if (value >= 0) edits.kill({value, 0, merge.channel});
    }
  }
  edits.apply();
}

}  // namespace

MergeReport merge_similar(nn::Module& model, const graph::Example& example, const SimilarOptions& options) {
  for (const Parameter& parameter : model.parameters()) parameter.require_hardened("merge_similar");
  const graph::ChannelMap map(graph::trace(model, example));
  const Graph& graph = map.graph();
  const auto outputs = graph::run(model, example);
  nn::Undo undo(model);
  MergeReport report;
  for (const ChannelPath& path : channel_paths(map)) {
    const std::string& name = graph.values[path.weight].name;
    if (!path.obstacle.empty()) {
      report.left_alone.push_back(name + ": " + path.obstacle);
      continue;
    }
    const auto merges = choose(effective_rows(graph, path), name, path.homogeneous, options);
    apply(merges, graph, path);
    report.merges.insert(report.merges.end(), merges.begin(), merges.end());
  }
  report.output_change = relative_change(outputs, graph::run(model, example));
  undo.keep();
  return report;
}

}  // namespace tinynn::structured
