#include <tinynn/cli/metrics.hpp>
#include <tinynn/cli/ranks.hpp>
#include <tinynn/cli/table.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/core/version.hpp>
#include <tinynn/io/atomic_file.hpp>
#include <tinynn/io/json.hpp>

namespace tinynn::cli {
namespace {

using io::Json;

template <class T>
void put(Json& json, const char* name, const std::optional<T>& value) {
  if (value) json.set(name, *value);
}

Json to_json(const NetworkMetrics& m) {
  Json json = Json::object();
  put(json, "test_accuracy", m.test_accuracy);
  put(json, "test_loss", m.test_loss);
  put(json, "sparsity", m.sparsity);
  put(json, "epoch_seconds", m.epoch_seconds);
  json.set("parameters", m.parameters);
  json.set("nonzero", m.nonzero);
  put(json, "macs", m.macs);
  put(json, "file_bytes", m.file_bytes);
  put(json, "output_change_by_bias", m.output_change_by_bias);
  put(json, "output_difference", m.output_difference);
  Json latency = Json::object();
  for (const auto& [batch, microseconds] : m.latency_us) latency.set(std::to_string(batch), microseconds);
  if (!m.latency_us.empty()) json.set("latency_us", latency);
  return json;
}

Json to_json(const StepMetrics& m) {
  return {{"target_sparsity", m.target_sparsity},
          {"sparsity", m.sparsity},
          {m.is_loss ? "loss_before_finetune" : "accuracy_before_finetune", m.score_before_finetune},
          {m.is_loss ? "test_loss" : "test_accuracy", m.score},
          {"epoch_seconds", m.epoch_seconds}};
}

}  // namespace

std::string score_text(double score, bool is_loss) { return is_loss ? fixed(score, 4) : percent(score); }

void NetworkMetrics::state(StateVisitor& visit) {
  visit.optional("test_accuracy", test_accuracy);
  visit.optional("test_loss", test_loss);
  visit.optional("sparsity", sparsity);
  visit.optional("epoch_seconds", epoch_seconds);
  visit("parameters", parameters);
  visit("nonzero", nonzero);
  visit.optional("macs", macs);
  visit.optional("file_bytes", file_bytes);
  std::vector<int64_t> batches;
  std::vector<double> times;
  for (const auto& [batch, microseconds] : latency_us) {
    batches.push_back(batch);
    times.push_back(microseconds);
  }
  visit.all("latency.batches", batches);
  visit.all("latency.us", times);
  for (size_t i = 0; i < batches.size() && i < times.size(); ++i) latency_us[batches[i]] = times[i];
  visit.optional("output_change_by_bias", output_change_by_bias);
  visit.optional("output_difference", output_difference);
}

void StepMetrics::state(StateVisitor& visit) {
  visit("target_sparsity", target_sparsity);
  visit("sparsity", sparsity);
  visit("score_before_finetune", score_before_finetune);
  visit("score", score);
  visit("is_loss", is_loss);
  visit.all("epoch_seconds", epoch_seconds);
}

void Metrics::state(StateVisitor& visit) {
  visit.optional("dense", dense);
  visit.all("steps", steps);
  visit.optional("pruned", pruned);
  visit.optional("compact", compact);
}

void Metrics::write(const std::filesystem::path& path) const {
  Json json{{"model", model}, {"dataset", dataset}};
  put(json, "seed", seed);
  json.set("threads", num_threads());
  if (shards != 1) json.set("shards", shards);
  if (sync_bn) json.set("sync_bn", true);
  if (const int64_t processes = ranks().ranks(); processes > 1) {
    json.set("ranks", processes);
    json.set("bytes_sent", bytes_sent());
  }
  json.set("tinynn_version", version());
  if (dense) json.set("dense", to_json(*dense));
  if (pruned) {
    Json list = Json::array();
    for (const auto& step : steps) list.push_back(to_json(step));
    json.set("steps", list);
    json.set("pruned", to_json(*pruned));
  }
  if (compact) json.set("compact", to_json(*compact));
  io::write_file_atomically(path, json.text(2) + "\n");
}

}  // namespace tinynn::cli
