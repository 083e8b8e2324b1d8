#include <algorithm>

#include <tinynn/cli/pruner.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/graph/count.hpp>
#include <tinynn/ops/index.hpp>
#include <tinynn/prune/activation_criteria.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/prune/schedule.hpp>
#include <tinynn/sparsify/regularizer.hpp>
#include <tinynn/structured/prune_channels.hpp>
#include <tinynn/structured/remove_layers.hpp>
#include <tinynn/structured/similar_rows.hpp>

namespace tinynn::cli {
namespace {

constexpr int64_t regrow_every = 100;  // training steps
constexpr double regrow_fraction = 0.3;
constexpr int64_t criterion_batches = 100;

prune::Granularity make_granularity(const std::string& text) {
  if (text == "row" || text == "filter" || goes_by_channels(text)) return prune::slice(0);
  if (text == "column") return prune::slice(1);
  if (text == "kernel") return prune::kernel();
  if (const auto [name, size] = split(text); name == "block")
    return prune::block(static_cast<int64_t>(number("--granularity", size)));
  return prune::element();
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

Pruner::Pruner(const PrunerOptions& options, nn::Module& module, data::DataLoader& train,
               std::function<double()> accuracy)
    : options_(options),
      module_(&module),
      train_(&train),
      accuracy_(std::move(accuracy)),
      weights_(weights_of(module, options.layers)),
      candidates_(weights_),
      schedule_(schedule_of(options)) {
  // The rows of the last layer are the classes: without one of them, its images have no class.
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
  if (regularizer == "l1") proximal_ = sparsify::proximal_l1(weights_, strength);
  if (regularizer == "group-lasso") proximal_ = sparsify::group_lasso(candidates_, strength);
  if (regularizer == "bn-l1") proximal_ = sparsify::proximal_l1(sparsify::bn_scales(module), strength);
  if (regularizer == "l2") penalty_ = [this, strength] { return sparsify::l2_penalty(weights_, strength); };
  if (regularizer == "l0") {
    gates_ = std::make_unique<sparsify::L0Gates>(weights_, sparsify::L0Options{.strength = strength});
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
    if (name == "lsh") return structured::lsh();
    return prune::magnitude();
  }();
  return {.criterion = criterion, .granularity = granularity, .keep_at_least = options_.keep_at_least};
}

bool Pruner::deletes() const { return deletes_whole(options_.granularity); }

void Pruner::remove_layers(double left) {
  const Tensor images = slice(train_->example(), 0, 0, 8);
  const auto now = static_cast<double>(graph::count(*module_, images).macs);
  if (macs_ == 0) macs_ = now;
  structured::remove_layers(*module_, images, {.to_macs = std::min(1.0, left * macs_ / now)}, accuracy_);
  weights_ = weights_of(*module_, options_.layers);
}

void Pruner::prune_channels(double sparsity) {
  // Rounding must not ask for less than what a file has already.
  const double left = std::clamp(1 - sparsity, 0.0, 1.0);
  structured::prune_channels(*module_, slice(train_->example(), 0, 0, 8),
                             {.amount = options_.to_macs         ? prune::to_macs(left)
                                        : options_.to_parameters ? prune::to_parameters(left)
                                                                 : prune::fraction_of_total(sparsity),
                              .criterion = rule().criterion,
                              .scope = options_.scope == "local" ? prune::Scope::local : prune::Scope::global,
                              .kind = options_.granularity == "neuron" ? structured::ChannelKind::neurons
                                                                       : structured::ChannelKind::any,
                              .keep_at_least = options_.keep_at_least,
                              .round_to = options_.round_to,
                              .made_by = options_.layers.empty() ? std::vector<Parameter>() : weights_});
}

void Pruner::prune_to(double sparsity) {
  sparsity_ = sparsity;
  if (options_.granularity == "layer") {
    remove_layers(1 - sparsity);
  } else if (deletes() && !prunes_zeros()) {
    prune_channels(sparsity);
  } else if (options_.regrow == "dns") {
    if (!splice_) splice_ = std::make_unique<sparsify::Splice>(weights_);
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
  const double fraction = sparsify::cosine_decay(regrow_fraction, step, end);
  if (options_.regrow == "set") sparsify::set(weights_, fraction);
  if (options_.regrow == "rigl") sparsify::rigl(weights_, fraction);
  if (options_.regrow == "sparse-momentum") sparse_momentum_->regrow(fraction);
  if (options_.regrow == "dns") splice_->update(sparsity_);
}

TrainingHooks Pruner::hooks(int64_t steps, bool pruned) {
  const bool regrows = pruned && !options_.regrow.empty();
  if (regrows && options_.regrow == "rigl" && !dense_grad_)
    dense_grad_ = std::make_unique<DenseGrad>(weights_);
  if (regrows && options_.regrow == "sparse-momentum" && !sparse_momentum_)
    sparse_momentum_ = std::make_unique<sparsify::SparseMomentum>(weights_);
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

}  // namespace tinynn::cli
