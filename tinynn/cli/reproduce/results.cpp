#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include <tinynn/cli/reproduce/results.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/io/atomic_file.hpp>
#include <tinynn/io/checkpoint.hpp>
#include <tinynn/io/json.hpp>
#include <tinynn/prune/mask_rules.hpp>

namespace tinynn::cli {
namespace {

using std::filesystem::path;

path with(const path& stem, const char* ending) { return stem.string() + ending; }

// The whole content; empty if there is none.
std::string text_in(const path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string text_of(const ChildJob& job) {
  std::string text;
  for (const auto& command : job.commands) {
    for (const auto& word : command) text += word + ' ';
    text += '\n';
  }
  return text;
}

io::Json metrics_in(const path& file) { return io::Json::parse(text_in(file), 20); }

// What the network in the file is, in the end.
io::Json last_state(const io::Json& metrics) {
  for (const char* state : {"compact", "pruned", "dense"}) {
    if (metrics.contains(state)) return metrics.at(state);
  }
  fail("it says nothing of the network");
}

void add_seconds(const io::Json& state, TrialResult& result) {
  if (!state.contains("epoch_seconds")) return;
  for (const auto& seconds : state.at("epoch_seconds").elements()) {
    result.seconds += seconds.number();
    ++result.epochs;
  }
}

// Bits of the file's tensors, of which there are no others than the network's.
double bits_in(const path& file) {
  double bits = 0;
  for (const auto& tensor : io::read_safetensors(file).tensors)
    bits += 8.0 * static_cast<double>(tensor.bytes.size());
  return bits;
}

TrialResult result_in(const ReproducedTable& table, const ReproducedRow& row, const path& stem) {
  const io::Json made = metrics_in(with(stem, ".json"));
  const path network = with(stem, row.codebook > 0 ? ".shared.safetensors" : ".safetensors");
  const io::Json end = row.codebook > 0 ? metrics_in(with(stem, ".eval.json")) : made;
  TrialResult result{};
  result.error = 100 * (1 - last_state(end).at("test_accuracy").number());
  if (made.contains("dense")) add_seconds(made.at("dense"), result);
  if (made.contains("steps")) {
    for (const auto& step : made.at("steps").elements()) add_seconds(step, result);
  }
  graph::Network net = io::load_network(network);
  int64_t live = 0, all = 0;
  for (const Parameter& weight : prune::weights(net)) {
    const auto count = prune::count_elements({weight});
    result.live.push_back(count.nonzero);
    live += count.nonzero;
    all += count.all;
  }
  result.compression = static_cast<double>(all) / static_cast<double>(std::max<int64_t>(live, 1));
  if (table.counts == "bits")
    result.compression = 32 * last_state(made).at("parameters").number() / bits_in(network);
  if (table.counts == "multiply-adds" && made.contains("compact"))
    result.compression = made.at("dense").at("macs").number() / made.at("compact").at("macs").number();
  return result;
}

void remove_files(const path& stem) {
  for (const char* ending :
       {".command", ".json", ".eval.json", ".safetensors", ".shared.safetensors", ".ckpt", ".log"})
    std::filesystem::remove(with(stem, ending));
}

}  // namespace

std::vector<Trial> trials_of(const ReproducedTable& table, int64_t seeds, bool quick, const path& folder) {
  std::vector<Trial> trials;
  const auto stem_of = [&](size_t row, int64_t seed) {
    return folder / (std::string(table.name) + (quick ? "-quick-" : "-") + std::to_string(row + 1) +
                     "-seed-" + std::to_string(seed));
  };
  for (size_t k = 0; k < table.rows.size(); ++k) {
    const ReproducedRow& row = table.rows[k];
    const bool is_base = k == 0 && std::ranges::any_of(table.rows, &ReproducedRow::is_from_dense);
    if (quick && !row.variant.empty() && !is_base) continue;
    for (int64_t seed = 1; seed <= std::min(quick ? 1 : seeds, row.most_seeds); ++seed) {
      Trial trial{.row = k, .seed = seed, .stem = stem_of(k, seed), .job = {}};
      std::vector<std::string> command = words_of(table, row, quick);
      for (std::string& word : command) {
        if (word == "{dense}") word = with(stem_of(0, 1), ".safetensors").string();
      }
      const std::string file = with(trial.stem, ".safetensors").string(),
                        shared = with(trial.stem, ".shared.safetensors").string();
      command.insert(command.end(), {"--seed", std::to_string(seed), "--out", file, "--metrics",
                                     with(trial.stem, ".json").string(), "--checkpoint",
                                     with(trial.stem, ".ckpt").string(), "--resume", "--quiet"});
      trial.job.commands.push_back(std::move(command));
      trial.job.log = with(trial.stem, ".log");
      if (row.codebook > 0) {
        trial.job.commands.push_back({"export", "--in", file, "--format", "safetensors", "--quantize",
                                      "codebook:" + std::to_string(row.codebook), "--out", shared,
                                      "--quiet"});
        trial.job.commands.push_back({"eval", "--in", shared, "--data", table.data, "--metrics",
                                      with(trial.stem, ".eval.json").string(), "--quiet"});
      }
      trials.push_back(std::move(trial));
    }
  }
  return trials;
}

void read_result(const ReproducedTable& table, Trial& trial) {
  const ReproducedRow& row = table.rows[trial.row];
  const path last = with(trial.stem, row.codebook > 0 ? ".eval.json" : ".json");
  if (text_in(with(trial.stem, ".command")) != text_of(trial.job)) {
    remove_files(trial.stem);
    io::write_file_atomically(with(trial.stem, ".command"), text_of(trial.job));
  }
  if (!std::filesystem::exists(last)) return;
  try {
    trial.result = result_in(table, row, trial.stem);
    std::filesystem::remove(with(trial.stem, ".ckpt"));
  } catch (const Error& error) {
    fail(last.string(), ": ", error.what());
  }
}

double RowResult::mean(double TrialResult::*what) const {
  double sum = 0;
  for (const auto& trial : trials) sum += trial.*what;
  return sum / static_cast<double>(trials.size());
}

double RowResult::standard_deviation() const {
  double squares = 0;
  for (const auto& trial : trials) squares += (trial.error - mean()) * (trial.error - mean());
  return trials.size() < 2 ? 0 : std::sqrt(squares / static_cast<double>(trials.size() - 1));
}

Table table_of(const ReproducedTable& table, const std::vector<RowResult>& rows) {
  const bool drops =
      std::ranges::any_of(table.rows, [](const auto& row) { return row.published_drop.has_value(); });
  std::vector<std::string> heads{"network",
                                 "fewer " + table.counts,
                                 "published",
                                 "here",
                                 "seeds",
                                 "epochs",
                                 "seconds",
                                 "live weights by layer",
                                 "source of the published"};
  if (drops) heads.insert(heads.begin() + 4, {"drop published", "drop here"});
  Table text(heads);
  for (const RowResult& result : rows) {
    const ReproducedRow& row = *result.row;
    if (result.trials.empty()) continue;
    std::string here = fixed(result.mean(), 2);
    if (result.trials.size() > 1) here += " +- " + fixed(result.standard_deviation(), 2);
    if (row.published && row.variant.empty() && !drops && result.mean() > *row.published) here += " (missed)";
    std::string live;
    for (const int64_t layer : result.trials[0].live)
      live += (live.empty() ? "" : "/") + std::to_string(layer);
    const double compression = result.mean(&TrialResult::compression);
    std::vector<std::string> cells{row.network + (row.variant.empty() ? "" : ", " + row.variant),
                                   fixed(compression, compression < 10 ? 2 : 1) + "x",
                                   row.published ? fixed(*row.published, 2) : "-",
                                   here,
                                   std::to_string(result.trials.size()),
                                   std::to_string(result.trials[0].epochs),
                                   fixed(result.mean(&TrialResult::seconds), 0),
                                   live,
                                   row.source};
    if (drops) {
      const double drop = result.mean() - rows[0].mean();
      cells.insert(cells.begin() + 4, {row.published_drop ? fixed(*row.published_drop, 2) : "-",
                                       &result == &rows[0] ? "-" : fixed(drop, 2)});
    }
    text.add(cells);
  }
  return text;
}

}  // namespace tinynn::cli
