#include <algorithm>
#include <cmath>
#include <sstream>

#include <CLI/CLI.hpp>

#include <tinynn/cli/pruner.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/ops/index.hpp>
#include <tinynn/optim/regularizer.hpp>
#include <tinynn/prune/activation_criteria.hpp>
#include <tinynn/prune/channels.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/prune/schedule.hpp>
#include <tinynn/prune/similar_rows.hpp>

namespace tinynn::cli {
namespace {

constexpr int64_t regrow_every = 100;  // training steps
constexpr double regrow_fraction = 0.3;
constexpr int64_t criterion_batches = 100;

// "l1:1e-4" is {"l1", "1e-4"}.
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

prune::Granularity make_granularity(const std::string& text) {
  if (text == "row" || text == "filter" || goes_by_channels(text)) return prune::slice(0);
  if (text == "column") return prune::slice(1);
  if (text == "kernel") return prune::kernel();
  if (const auto [name, size] = split(text); name == "block")
    return prune::block(static_cast<int64_t>(number("--granularity", size)));
  return prune::element();
}

bool is_n_of_m(const std::string& granularity) {
  return !granularity.empty() && granularity[0] >= '0' && granularity[0] <= '9';
}

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

// The prunable weights of these layers, or of all if there are none.
std::vector<Parameter> weights_of(nn::Module& module, const std::vector<std::string>& layers) {
  if (layers.empty()) return prune::prunable(module);
  std::string known;
  std::vector<Parameter> chosen;
  std::vector<std::string> found;
  for (const auto& [name, parameter] : module.named_parameters()) {
    if (parameter.rank() < 2) continue;
    const std::string layer = name.substr(0, name.rfind('.'));
    known += (known.empty() ? "" : ", ") + layer;
    if (std::ranges::find(layers, layer) == layers.end()) continue;
    chosen.push_back(parameter);
    found.push_back(layer);
  }
  for (const auto& layer : layers) {
    check(std::ranges::find(found, layer) != found.end(), "--layers: no layer with weights is called \"",
          layer, "\", expected some of: ", known);
  }
  return chosen;
}

double elements(const std::vector<Parameter>& parameters) {
  int64_t total = 0;
  for (const auto& parameter : parameters) total += parameter.numel();
  return static_cast<double>(total);
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
  check(!budget || goes_by_channels(options.granularity),
        "--to-macs and --to-params need whole channels to delete: --granularity channel or neuron");
  check(!goes_by_channels(options.granularity) || (!options.threshold && options.regrow.empty()),
        "--granularity ", options.granularity, " goes with neither --threshold nor --regrow");
  const bool says_how_much = options.sparsity || budget;
  if (options.threshold || (!says_how_much && makes_zeros(split(options.regularizer).first))) return {0};
  check(says_how_much || split(options.schedule).first == "list",
        "how much to prune? Give --sparsity, --threshold, --to-macs, --to-params, --granularity N:M, "
        "--schedule "
        "list:... or a --regularizer that makes zeros (l1, group-lasso, l0)");
  if (!options.regularizer.empty()) number("--regularizer", split(options.regularizer).second);
  return listed_schedule(options);
}

Pruner::Pruner(const PrunerOptions& options, nn::Module& module, data::DataLoader& train)
    : options_(options),
      module_(&module),
      train_(&train),
      weights_(weights_of(module, options.layers)),
      candidates_(weights_),
      schedule_(schedule_of(options)) {
  // The rows of the last layer are the classes: without one of them, its images cannot be told any more.
  const Parameter classes = prune::prunable(module).back();
  const bool by_rows = options.granularity == "row" || options.granularity == "filter" ||
                       goes_by_channels(options.granularity);
  if (by_rows && candidates_.size() > 1 && candidates_.back().handle() == classes.handle())
    candidates_.pop_back();
  const double asked = schedule_.back(), most = elements(candidates_) / elements(weights_);
  check(deletes() || asked <= most, "--sparsity ", asked,
        ": without the rows of the last layer, the classes, only ", most, " of the weights can be pruned");
  const auto [regularizer, strength_text] = split(options.regularizer);
  const double strength = regularizer.empty() ? 0 : number("--regularizer", strength_text);
  if (regularizer == "l1") proximal_ = optim::proximal_l1(weights_, strength);
  if (regularizer == "group-lasso") proximal_ = optim::group_lasso(candidates_, strength);
  if (regularizer == "bn-l1") proximal_ = optim::proximal_l1(optim::bn_scales(module), strength);
  if (regularizer == "l2") penalty_ = [this, strength] { return optim::l2_penalty(weights_, strength); };
  if (regularizer == "l0") {
    gates_ = std::make_unique<prune::L0Gates>(weights_, prune::L0Options{.strength = strength});
    gate_optimizer_ = std::make_unique<optim::Adam>(gates_->parameters(), optim::AdamOptions{.lr = 0.1});
    penalty_ = [this] { return gates_ ? gates_->penalty() : zeros({}); };
  }
  if (options.criterion == "movement") movement_ = std::make_unique<prune::Movement>(weights_);
}

prune::Rule Pruner::rule() {
  const auto granularity = make_granularity(options_.granularity);
  const prune::GradientSource source{.module = *module_, .loader = *train_, .batches = criterion_batches};
  const prune::ActivationSource activations{*module_, *train_, criterion_batches};
  const std::string& name = options_.criterion;
  const auto criterion = [&]() -> prune::Criterion {
    if (name == "ln") return prune::ln(options_.norm);
    if (name == "random") return prune::random();
    if (name == "sensitivity") return prune::sensitivity(source);
    if (name == "threshold-sensitivity") return prune::magnitude_over_sensitivity(source);
    if (name == "snip") return prune::snip(source);
    if (name == "taylor") return prune::taylor(source, granularity);
    if (name == "hessian") return prune::hessian_diagonal(source);
    if (name == "movement") return movement_->criterion();
    if (name == "activation") return prune::mean_activation(activations);
    if (name == "apoz") return prune::apoz(activations);
    if (name == "bn-scale") return prune::bn_scale(*module_, train_->example());
    if (name == "lamp") return prune::lamp();
    if (name == "fpgm") return prune::fpgm();
    if (name == "lsh") return prune::lsh();
    return prune::magnitude();
  }();
  return {.criterion = criterion, .granularity = granularity, .keep_at_least = options_.keep_at_least};
}

bool Pruner::deletes() const { return goes_by_channels(options_.granularity); }

void Pruner::prune_channels(double sparsity) {
  // Rounding must not ask for less than what a file has already.
  const double left = std::clamp(1 - sparsity, 0.0, 1.0);
  prune::channels(
      *module_, slice(train_->example(), 0, 0, 8),
      {.amount = options_.to_macs         ? prune::to_macs(left)
                 : options_.to_parameters ? prune::to_parameters(left)
                                          : prune::fraction_of_total(sparsity),
       .criterion = rule().criterion,
       .scope = options_.scope == "local" ? prune::Scope::local : prune::Scope::global,
       .kind = options_.granularity == "neuron" ? prune::ChannelKind::neurons : prune::ChannelKind::any,
       .keep_at_least = options_.keep_at_least,
       .round_to = options_.round_to});
}

void Pruner::prune_to(double sparsity) {
  sparsity_ = sparsity;
  if (deletes() && !prunes_zeros()) {
    prune_channels(sparsity);
  } else if (options_.regrow == "dns") {
    if (!splice_) splice_ = std::make_unique<prune::Splice>(weights_);
    splice_->update(sparsity, 0);
  } else if (is_n_of_m(options_.granularity)) {
    const auto [n, m] = split(options_.granularity);
    prune::n_of_m(weights_, std::stoll(n), std::stoll(m), rule().criterion);
  } else if (options_.threshold) {
    prune::by_threshold(weights_, *options_.threshold, rule().criterion);
  } else if (prunes_zeros()) {
    prune::by_threshold(weights_, 0);
  } else if (options_.criterion == "bernoulli") {
    const double alive = 1 - prune::sparsity(weights_);
    prune::bernoulli(weights_, alive > 0 ? std::clamp(1 - (1 - sparsity) / alive, 0.0, 1.0) : 0);
  } else {
    // As much of the candidates as makes this much of all weights; rounding must not ask for more than all.
    const double share = std::min(1.0, sparsity * elements(weights_) / elements(candidates_));
    prune::prune(candidates_, prune::fraction_of_total(share), rule(),
                 options_.scope == "local" ? prune::Scope::local : prune::Scope::global);
  }
}

bool Pruner::prunes_zeros() const { return !options_.threshold && schedule_ == prune::Schedule{0}; }

double Pruner::sparsity() const { return splice_ ? splice_->sparsity() : prune::sparsity(weights_); }

void Pruner::regrow(int64_t step, int64_t steps) {
  const int64_t end = std::max<int64_t>(1, steps * 3 / 4);  // the last quarter trains under a fixed mask
  if (sparse_momentum_) sparse_momentum_->update();
  if (splice_ && step == end)
    splice_->update(sparsity_, 0);  // to the very sparsity, and trained under from here on
  if (step == 0 || step % regrow_every != 0 || step >= end) return;
  const double fraction = prune::cosine_decay(regrow_fraction, step, end);
  if (options_.regrow == "set") prune::set(weights_, fraction);
  if (options_.regrow == "rigl") prune::rigl(weights_, fraction);
  if (options_.regrow == "sparse-momentum") sparse_momentum_->regrow(fraction);
  if (options_.regrow == "dns") splice_->update(sparsity_);
}

TrainingHooks Pruner::hooks(int64_t steps, bool pruned) {
  const bool regrows = pruned && !options_.regrow.empty();
  if (regrows && options_.regrow == "rigl" && !dense_grad_)
    dense_grad_ = std::make_unique<DenseGrad>(weights_);
  if (regrows && options_.regrow == "sparse-momentum" && !sparse_momentum_)
    sparse_momentum_ = std::make_unique<prune::SparseMomentum>(weights_);
  auto step = std::make_shared<int64_t>(0);
  return {.penalty = penalty_, .after_step = [this, step, steps, regrows](double lr) {
            if (movement_) movement_->observe();
            if (proximal_) proximal_(lr);
            if (gates_) {
              gate_optimizer_->step();
              gate_optimizer_->zero_grad();
            }
            if (regrows) regrow(*step, steps);
            ++*step;
          }};
}

void Pruner::end_of_dense_training() {
  if (!gates_) return;
  gates_->harden();
  gates_.reset();
  penalty_ = {};
}

void Pruner::end() {
  if (splice_) {
    splice_->harden();
    splice_.reset();
  }
  dense_grad_.reset();
  if (prunes_zeros()) prune::by_threshold(weights_, 0);
}

std::string describe(const PrunerOptions& options) {
  return "criterion=" + options.criterion + " granularity=" + options.granularity +
         " scope=" + options.scope + " schedule=" + options.schedule +
         " steps=" + std::to_string(options.steps);
}

void add_pruner_options(CLI::App& app, PrunerOptions& options) {
  auto add = [&](const char* name, auto& value, const char* help) {
    return app.add_option(name, value, help)->group("Pruning")->capture_default_str();
  };
  const auto one_of = [](std::vector<std::string> names, const char* pattern) {
    return CLI::Validator(
        [names = std::move(names)](std::string& text) -> std::string {
          const bool ratio = std::ranges::find(names, "N:M") != names.end() && is_n_of_m(text) &&
                             text.find(':') != std::string::npos;
          const auto name = split(text).first;
          if (ratio || std::ranges::find(names, name) != names.end()) return "";
          std::string all;
          for (const auto& known : names) all += (all.empty() ? "" : ", ") + known;
          return "\"" + text + "\" is none of " + all;
        },
        pattern);
  };
  add("--sparsity", options.sparsity, "Fraction of the weights that shall be zero in the end, in [0, 1]")
      ->check(CLI::Range(0.0, 1.0));
  add("--threshold", options.threshold, "Instead: prune once what scores no more than this");
  add("--to-macs", options.to_macs,
      "Instead, for channels and neurons: until this fraction of the multiply-adds remains")
      ->check(CLI::Range(0.0, 1.0));
  add("--to-params", options.to_parameters,
      "Instead, for channels and neurons: until this fraction of the parameters remains")
      ->check(CLI::Range(0.0, 1.0));
  add("--criterion", options.criterion,
      "What makes a weight worth keeping: magnitude; ln (--norm); random; bernoulli; by gradients "
      "sensitivity, "
      "threshold-sensitivity (|w| / sensitivity), snip, taylor, hessian, movement; of rows and filters "
      "activation, "
      "apoz, bn-scale, fpgm, lsh; lamp")
      ->check(CLI::IsMember({"magnitude", "ln", "random", "bernoulli", "sensitivity", "threshold-sensitivity",
                             "snip", "taylor", "hessian", "movement", "activation", "apoz", "bn-scale",
                             "lamp", "fpgm", "lsh"}));
  add("--norm", options.norm, "Order of the norm of --criterion ln; inf is the largest element");
  add("--granularity", options.granularity,
      "What dies together: weight, row or filter (but not those of the last layer, the classes), column, "
      "kernel, "
      "block:B, or N:M (N of M inputs stay); channel (with all that reads or makes it) or neuron (channels "
      "of "
      "linear layers), which are deleted in the end, and of which --sparsity is a fraction")
      ->check(one_of({"weight", "row", "column", "kernel", "filter", "block", "N:M", "channel", "neuron"},
                     "GRANULARITY"));
  add("--round-to", options.round_to, "Of each layer that loses channels a multiple of this stays")
      ->check(CLI::Range(int64_t{1}, int64_t{1024}));
  add("--layers", options.layers,
      "Prune the weights of these layers only, as in conv1,conv2; --sparsity is then theirs. By default, of "
      "all")
      ->delimiter(',');
  add("--keep-at-least", options.keep_at_least,
      "Of each layer this fraction of its weights, rows, channels ... stays, and never less than one")
      ->check(CLI::Range(0.0, 1.0));
  add("--scope", options.scope, "global: all layers compete; local: each layer gives the same share")
      ->check(CLI::IsMember({"local", "global"}));
  add("--schedule", options.schedule,
      "How sparsity grows over the steps: one-shot, linear, cubic (fast first), exponential, constant:R (R "
      "of what is "
      "left, each step) or list:F,F,...")
      ->check(one_of({"one-shot", "linear", "cubic", "exponential", "constant", "list"}, "SCHEDULE"));
  add("--steps", options.steps, "Pruning steps, where the schedule does not say")
      ->check(CLI::Range(int64_t{1}, int64_t{1000}));
  add("--regularizer", options.regularizer,
      "What pushes weights to zero in all training: l1:S, l2:S, group-lasso:S (rows and filters), bn-l1:S, "
      "l0:S "
      "(gates, in dense training); S is the strength. Without --sparsity, the zeros that l1, group-lasso and "
      "l0 make "
      "are what is pruned; --threshold takes what is nearly zero, too")
      ->check(one_of({"l1", "l2", "group-lasso", "bn-l1", "l0"}, "NAME:S"));
  add("--regrow", options.regrow,
      "Let dead weights come back while fine-tuning: set (at random), rigl (by gradient), sparse-momentum, "
      "or dns "
      "(cut weights go on learning)")
      ->check(CLI::IsMember({"set", "rigl", "sparse-momentum", "dns"}));
}

}  // namespace tinynn::cli
