#include <algorithm>
#include <cmath>
#include <sstream>

#include <tinynn/cli/pruner_options.hpp>
#include <tinynn/core/error.hpp>

namespace tinynn::cli {

std::pair<std::string, std::string> split(const std::string& text) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return {text, ""};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

double number(const std::string& option, const std::string& text) {
  size_t end = 0;
  double value = 0;
  try {
    value = std::stod(text, &end);
  } catch (const std::exception&) {
  }
  check(end > 0 && end == text.size(), option, ": \"", text, "\" is no number");
  return value;
}

bool goes_by_channels(const std::string& granularity) {
  return granularity == "channel" || granularity == "neuron";
}

bool deletes_whole(const std::string& granularity) {
  return goes_by_channels(granularity) || granularity == "layer";
}

bool is_n_of_m(const std::string& granularity) {
  return !granularity.empty() && granularity[0] >= '0' && granularity[0] <= '9';
}

namespace {

bool makes_zeros(const std::string& regularizer) {
  return regularizer == "l1" || regularizer == "group-lasso" || regularizer == "l0";
}

prune::Schedule listed_schedule(const PrunerOptions& options) {
  const double sparsity = options.to_macs         ? 1 - *options.to_macs
                          : options.to_parameters ? 1 - *options.to_parameters
                                                  : options.sparsity.value_or(0);
  const auto [name, argument] = split(options.schedule);
  if (name == "list") {
    prune::Schedule list;
    std::istringstream numbers(argument);
    for (std::string item; std::getline(numbers, item, ',');) list.push_back(number("--schedule", item));
    check(std::ranges::is_sorted(list), "--schedule: the sparsities of the list must not fall");
    check(!list.empty() && list.front() >= 0 && list.back() <= 1,
          "--schedule: the list needs sparsities between 0 and 1");
    check((!options.sparsity || list.back() == sparsity),
          "--schedule: the list has to end with --sparsity, if that is given");
    return list;
  }
  if (name == "constant")
    return prune::constant_rate({.rate = number("--schedule", argument), .to = sparsity});
  const prune::ScheduleOptions range{.from = 0, .to = sparsity, .steps = options.steps};
  if (name == "linear") return prune::linear(range);
  if (name == "exponential") return prune::exponential(range);
  return name == "one-shot" ? prune::one_shot(sparsity) : prune::cubic(range);
}

}  // namespace

prune::Schedule schedule_of(const PrunerOptions& options) {
  if (is_n_of_m(options.granularity)) {
    check(!options.sparsity && !options.threshold, "--granularity ", options.granularity,
          " says how much to prune by itself: leave out --sparsity and --threshold");
    const auto [n_text, m_text] = split(options.granularity);
    const double n = number("--granularity", n_text), m = number("--granularity", m_text);
    check(0 < n && n <= m && n == std::floor(n) && m == std::floor(m), "--granularity ", options.granularity,
          " is no N:M with whole numbers, 0 < N <= M");
    return {1 - n / m};
  }
  const bool budget = options.to_macs || options.to_parameters;
  check((options.sparsity ? 1 : 0) + (options.threshold ? 1 : 0) + (options.to_macs ? 1 : 0) +
                (options.to_parameters ? 1 : 0) <=
            1,
        "--sparsity, --threshold, --to-macs and --to-params exclude each other");
  check(!budget || deletes_whole(options.granularity),
        "--to-macs and --to-params need whole channels or layers to delete: --granularity channel, neuron or "
        "layer");
  check(!deletes_whole(options.granularity) || (!options.threshold && options.regrow.empty()),
        "--granularity ", options.granularity, " goes with neither --threshold nor --regrow");
  check(options.granularity != "layer" || options.to_macs, "--granularity layer needs --to-macs");
  const bool says_how_much = options.sparsity || budget;
  if (options.threshold || (!says_how_much && makes_zeros(split(options.regularizer).first))) return {0};
  check(says_how_much || split(options.schedule).first == "list",
        "how much to prune? Give --sparsity, --threshold, --to-macs, --to-params, --granularity N:M, "
        "--schedule "
        "list:... or a --regularizer that makes zeros (l1, group-lasso, l0)");
  if (!options.regularizer.empty()) number("--regularizer", split(options.regularizer).second);
  return listed_schedule(options);
}

std::string describe(const PrunerOptions& options) {
  return "criterion=" + options.criterion + " granularity=" + options.granularity +
         " scope=" + options.scope + " schedule=" + options.schedule +
         " steps=" + std::to_string(options.steps);
}

void add_pruner_options(const Command& command, PrunerOptions& options) {
  auto add = [&](const char* name, auto& value, const char* help) {
    return command.add(name, value, help).group("Pruning").shows_default();
  };
  const auto begins_with = [](std::vector<std::string> names) {
    return [names = std::move(names)](const std::string& text) -> std::string {
      const bool ratio = std::ranges::find(names, "N:M") != names.end() && is_n_of_m(text) &&
                         text.find(':') != std::string::npos;
      const auto name = split(text).first;
      if (ratio || std::ranges::find(names, name) != names.end()) return "";
      std::string all;
      for (const auto& known : names) all += (all.empty() ? "" : ", ") + known;
      return "\"" + text + "\" is none of " + all;
    };
  };
  add("--sparsity", options.sparsity, "Fraction of the weights that shall be zero in the end, in [0, 1]")
      .in_range(0.0, 1.0);
  add("--threshold", options.threshold, "Instead: prune once what scores no more than this");
  add("--to-macs", options.to_macs,
      "Instead, for channels, neurons and layers: until this fraction of the multiply-adds remains")
      .in_range(0.0, 1.0);
  add("--to-params", options.to_parameters,
      "Instead, for channels and neurons: until this fraction of the parameters remains")
      .in_range(0.0, 1.0);
  add("--criterion", options.criterion,
      "What makes a weight worth keeping: magnitude; ln (--norm); random; bernoulli; by gradients "
      "sensitivity, "
      "threshold-sensitivity (|w| / sensitivity), snip, taylor, hessian, movement; of rows and filters "
      "activation, "
      "apoz, bn-scale, fpgm, lsh; lamp")
      .one_of({"magnitude", "ln", "random", "bernoulli", "sensitivity", "threshold-sensitivity", "snip",
               "taylor", "hessian", "movement", "activation", "apoz", "bn-scale", "lamp", "fpgm", "lsh"});
  add("--norm", options.norm, "Order of the norm of --criterion ln; inf is the largest element");
  add("--granularity", options.granularity,
      "What dies together: weight, row or filter (but not those of the last layer, the classes), column, "
      "kernel, "
      "block:B, or N:M (N of M inputs stay); channel (with all that reads or makes it) or neuron (channels "
      "of "
      "linear layers), which are deleted in the end, and of which --sparsity is a fraction; layer (those "
      "that "
      "keep their input's shape, such as residual blocks; --to-macs says how many)")
      .check(begins_with({"weight", "row", "column", "kernel", "filter", "block", "N:M", "channel", "neuron",
                          "layer"}),
             "GRANULARITY");
  add("--round-to", options.round_to, "Of each layer that loses channels a multiple of this stays")
      .in_range(int64_t{1}, int64_t{1024});
  add("--layers", options.layers,
      "Prune the weights, or channels, of these layers only, as in conv1,conv2; --sparsity is then theirs. "
      "By default, of all")
      .delimiter(',');
  add("--keep-at-least", options.keep_at_least,
      "Of each layer this fraction of its weights, rows, channels ... stays, and never less than one")
      .in_range(0.0, 1.0);
  add("--scope", options.scope, "global: all layers compete; local: each layer gives the same share")
      .one_of({"local", "global"});
  add("--schedule", options.schedule,
      "How sparsity grows over the steps: one-shot, linear, cubic (fast first), exponential, constant:R (R "
      "of what is "
      "left, each step) or list:F,F,...")
      .check(begins_with({"one-shot", "linear", "cubic", "exponential", "constant", "list"}), "SCHEDULE");
  add("--steps", options.steps, "Pruning steps, where the schedule does not say")
      .in_range(int64_t{1}, int64_t{1000});
  add("--regularizer", options.regularizer,
      "What pushes weights to zero in all training: l1:S, l2:S, group-lasso:S (rows and filters), bn-l1:S, "
      "l0:S "
      "(gates, in dense training); S is the strength. Without --sparsity, the zeros that l1, group-lasso and "
      "l0 make "
      "are what is pruned; --threshold takes what is nearly zero, too")
      .check(begins_with({"l1", "l2", "group-lasso", "bn-l1", "l0"}), "NAME:S");
  add("--regrow", options.regrow,
      "Let dead weights come back while fine-tuning: set (at random), rigl (by gradient), sparse-momentum, "
      "or dns "
      "(cut weights go on learning)")
      .one_of({"set", "rigl", "sparse-momentum", "dns"});
}

}  // namespace tinynn::cli
