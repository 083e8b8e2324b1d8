// When a run updates masks, and what it then does to them.
#include <algorithm>

#include <tinynn/ops/index.hpp>
#include <tinynn/recipe/run.hpp>
#include <tinynn/train/recalibrate.hpp>

namespace tinynn::recipe {

int64_t Run::ramp_cut(int64_t k) const {
  const int64_t steps = recipe_.ramp_epochs * loader_->size();
  return recipe_.epochs * loader_->size() + steps * (k + 1) / std::ssize(ramp_);
}

StepOf Run::step_of(int64_t steps, bool pruned) const {
  StepOf at{.step = step_, .steps = steps, .pruned = pruned, .alive = alive_};
  const int64_t every = recipe_.update_every;
  int64_t since = step_;  // steps since the fine-tuning began, or since the ramp's last cut
  if (ramps()) {
    at.first = recipe_.epochs * loader_->size();
    at.pruned = step_ >= at.first;
    if (cuts_ < std::ssize(ramp_)) {
      at.to_update = ramp_cut(cuts_) - step_ - 1;
      return at;
    }
    since -= ramp_cut(cuts_ - 1) - 1;
  }
  if (at.pruned) at.to_update = since == 0 ? every : (every - since % every) % every;
  return at;
}

// In the middle of an epoch, which a criterion that looks at data must not count as a new one.
void Run::cut_of_ramp() {
  const int64_t epoch = loader_->epoch();
  progress_.target = ramp_[static_cast<size_t>(cuts_++)];
  cut(progress_.target);
  loader_->set_epoch(epoch);
  progress_.sparsity = sparsity();
}

void Run::cut(double sparsity) {
  Context& c = context_;
  if (c.row.deletes && !prunes_zeros()) {
    c.row.prune_to(c, sparsity);
    if (recipe_.granularity == "layer") choose_weights();
  } else if (regrower_ != nullptr && regrower_->cuts()) {
    regrower_->cut(sparsity);
  } else if (recipe_.threshold) {
    prune::by_threshold(c.weights, *recipe_.threshold, c.rule().criterion);
  } else if (prunes_zeros()) {
    prune::by_threshold(c.weights, 0);
  } else if (find(criteria(), "criterion", recipe_.criterion).make == nullptr) {
    const double alive = 1 - prune::sparsity(c.weights);
    prune::bernoulli(c.weights, alive > 0 ? std::clamp(1 - (1 - sparsity) / alive, 0.0, 1.0) : 0);
  } else {
    c.row.prune_to(c, sparsity);
  }
  alive_ = 0;
  for (const auto& weight : c.weights) alive_ += weight.mask_or_all().count_alive();
  recipe::cut_dead_units(c);
  if (ramps() && cuts_ < std::ssize(ramp_)) return;  // nobody evaluates it yet
  const int64_t epoch = loader_->epoch();
  train::recalibrate_batch_norm(*module_, *loader_, recipe_.recalibrate_bn.value_or(c.row.deletes ? 20 : 0));
  loader_->set_epoch(epoch);
}

void Run::delete_dead() {
  const auto deleted = structured::compact(*module_, slice(loader_->example(), 0, 0, 64));
  if (!compacted_) {
    compacted_ = deleted;
    return;
  }
  structured::Compacted& all = *compacted_;
  all.channels += deleted.channels;
  all.folded += deleted.folded;
  all.parameters = deleted.parameters;
  all.output_change_by_bias = std::max(all.output_change_by_bias, deleted.output_change_by_bias);
  all.output_difference = std::max(all.output_difference, deleted.output_difference);
  all.kept = deleted.kept;
}

}  // namespace tinynn::recipe
