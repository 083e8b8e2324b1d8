#include <optional>

#include <tinynn/cli/prune_tables.hpp>

namespace tinynn::cli {

Table steps_table(const std::vector<StepMetrics>& steps, const std::vector<double>& seconds) {
  Table table({"step", "sparsity", "before fine-tuning", "after", "seconds"});
  for (size_t i = 0; i < steps.size(); ++i) {
    const auto text = [&](double score) { return score_text(score, steps[i].is_loss); };
    table.add({std::to_string(i + 1), percent(steps[i].sparsity), text(steps[i].score_before_finetune),
               text(steps[i].score), fixed(seconds[i], 1)});
  }
  return table;
}

Table comparison_table(const std::vector<std::pair<std::string, NetworkMetrics>>& states) {
  std::vector<std::string> heads{""};
  for (const auto& [name, state] : states) heads.push_back(name);
  heads.push_back(states.back().first + " / " + states.front().first);
  Table table(heads);
  // `value` of each state is a number that some states may lack; `text` shows it.
  const auto add = [&](const std::string& name, auto value, auto text, bool ratio) {
    std::vector<std::string> row{name};
    std::vector<double> numbers;
    for (const auto& [label, state] : states) {
      const auto number = value(state);
      if (!number) return;
      row.push_back(text(*number));
      numbers.push_back(static_cast<double>(*number));
    }
    row.push_back(ratio ? fixed(numbers.back() / numbers.front(), 3) : "");
    table.add(row);
  };
  using M = const NetworkMetrics&;
  const auto milliseconds = [](double microseconds) { return fixed(microseconds / 1000, 3); };
  add(
      "test accuracy", [](M m) { return m.test_accuracy; }, percent, false);
  add(
      "test loss", [](M m) { return m.test_loss; }, [](double loss) { return score_text(loss, true); }, true);
  add(
      "sparsity of the weights", [](M m) { return m.sparsity; }, percent, false);
  add(
      "parameters", [](M m) { return std::optional(m.parameters); }, with_commas, true);
  add(
      "non-zero parameters", [](M m) { return std::optional(m.nonzero); }, with_commas, true);
  add(
      "live multiply-adds a sample", [](M m) { return m.macs; }, with_commas, true);
  add(
      "bytes on disk", [](M m) { return m.file_bytes; }, with_commas, true);
  for (const auto& [batch, time] : states.front().second.latency_us) {
    const auto of_batch = [b = batch](M m) {
      const auto found = m.latency_us.find(b);
      return found == m.latency_us.end() ? std::optional<double>() : std::optional(found->second);
    };
    add("milliseconds a batch of " + std::to_string(batch), of_batch, milliseconds, true);
  }
  return table;
}

Table comparison_table(const Metrics& metrics) {
  std::vector<std::pair<std::string, NetworkMetrics>> states{{"dense", *metrics.dense},
                                                             {"pruned", *metrics.pruned}};
  if (metrics.compact) states.emplace_back("compacted", *metrics.compact);
  return comparison_table(states);
}

}  // namespace tinynn::cli
