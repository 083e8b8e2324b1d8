#include <algorithm>
#include <cmath>
#include <ostream>

#include <tinynn/core/error.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/prune/rewind.hpp>
#include <tinynn/recipe/run.hpp>

namespace tinynn::recipe {
namespace {

// The weights of these layers, or of all if none is named; not of those named with a minus before them.
std::vector<Parameter> weights_of(nn::Module& module, const std::vector<std::string>& layers) {
  if (layers.empty()) return prune::weights(module);
  const auto named = [&](const std::string& name) { return std::ranges::find(layers, name) != layers.end(); };
  const bool all = std::ranges::all_of(layers, [](const auto& layer) { return layer.starts_with('-'); });
  std::string known;
  std::vector<Parameter> chosen;
  std::vector<std::string> found;
  for (const auto& [name, parameter] : module.named_parameters()) {
    if (parameter.rank() < 2) continue;
    const std::string layer = name.substr(0, name.rfind('.'));
    known += (known.empty() ? "" : ", ") + layer;
    found.push_back(layer);
    if ((all || named(layer)) && !named("-" + layer)) chosen.push_back(parameter);
  }
  for (const auto& layer : layers) {
    const std::string name = layer.substr(layer.starts_with('-') ? 1 : 0);
    check(std::ranges::find(found, name) != found.end(), "layers: no layer with weights is called ",
          io::detail::in_quotes(name), ", expected some of: ", known);
  }
  check(!chosen.empty(), "layers: none is left, expected some of: ", known);
  return chosen;
}

}  // namespace

Run::Run(nn::Module& module, optim::Optimizer& optimizer, data::DataLoader& loader, const Recipe& recipe,
         RunOptions options)
    : recipe_(recipe),
      options_(std::move(options)),
      module_(&module),
      optimizer_(&optimizer),
      loader_(&loader),
      schedule_(schedule_of(recipe)),
      context_{.module = module,
               .loader = loader,
               .recipe = recipe_,
               .accuracy = options_.accuracy,
               .row = granularity_row(recipe.granularity),
               .weights = weights_of(module, recipe.layers),
               .candidates = {},
               .sharing = {.shards = options_.shards, .reduce = options_.reduce}},
      elements_(prune::count_elements(context_.weights).all) {
  // The rows of the last layer are the classes: without one of them, its images have no class.
  context_.candidates = context_.weights;
  const Parameter classes = prune::weights(module).back();
  if (context_.row.of_outputs && context_.candidates.size() > 1 &&
      context_.candidates.back().handle() == classes.handle())
    context_.candidates.pop_back();
  const double most =
      static_cast<double>(prune::count_elements(context_.candidates).all) / static_cast<double>(elements_);
  check(context_.row.deletes || schedule_.back() <= most, "sparsity ", schedule_.back(),
        ": without the rows of the last layer, the classes, only ", most, " of the weights can be pruned");
  check(options_.accuracy || (!recipe.max_loss && recipe.granularity != "layer"),
        "max-loss and granularity layer need a function that measures accuracy");
  for (int64_t group = 0; group < optimizer.groups(); ++group) base_rates_.push_back(optimizer.lr(group));

  bool learns_before_the_cut = false;
  if (const auto observe = find(criteria(), "criterion", recipe.criterion).observe; observe != nullptr) {
    parts_.push_back(observe(context_));
    learns_before_the_cut = true;
  }
  if (!recipe.regularizer.empty()) {
    const RegularizerRow& row = find(regularizers(), "regularizer", recipe.regularizer);
    parts_.push_back(row.make(context_, number_of("regularizer", recipe.regularizer)));
    learns_before_the_cut = learns_before_the_cut || row.in_training;
  }
  if (!recipe.regrow.empty()) {
    auto regrower = find(regrowers(), "regrow", recipe.regrow).make(context_);
    regrower_ = regrower.get();
    parts_.push_back(std::move(regrower));
  }
  // What learns before the cut does so in a fine-tuning if there is no dense training.
  const bool warms_up = recipe.epochs == 0 && learns_before_the_cut && recipe.ramp_epochs == 0;
  check(recipe.rewind.value_or(0) <= recipe.epochs * loader.size(), "rewind ", recipe.rewind.value_or(0),
        ": the dense training has ", recipe.epochs * loader.size(), " steps");
  if (recipe.rewind == 0) early_ = snapshot(module);
  if (recipe.ramp_epochs > 0) {
    Recipe ramp = recipe;
    ramp.steps = std::max<int64_t>(1, recipe.ramp_epochs * loader.size() / recipe.update_every);
    ramp.ramp_epochs = 0;
    ramp_ = schedule_of(ramp);
    check(std::ssize(ramp_) <= recipe.ramp_epochs * loader.size(), "schedule: ", ramp_.size(),
          " cuts in a ramp of ", recipe.ramp_epochs * loader.size(), " steps");
    schedule_ = {ramp_.back()};
  }
  progress_.steps = static_cast<int64_t>(schedule_.size());
  dense_epochs_ = warms_up ? recipe.finetune_epochs : recipe.epochs;
  train();
}

void Run::train() {
  const bool pruned = phase_ > Phase::cut;
  const int64_t whole = recipe_.epochs + recipe_.ramp_epochs + recipe_.finetune_epochs;
  train(ramps() ? whole : pruned ? recipe_.finetune_epochs : dense_epochs_, pruned);
}

// Each training is a run of its own: the same schedule again, from the same rates.
void Run::train(int64_t epochs, bool pruned) {
  for (size_t group = 0; group < base_rates_.size(); ++group)
    optimizer_->set_lr(base_rates_[group], static_cast<int64_t>(group));
  const int64_t steps = epochs * loader_->size();
  const auto at = [this, steps, pruned](double lr) {
    StepOf result = step_of(steps, pruned);
    result.lr = lr;
    return result;
  };
  scheduler_.emplace(
      *optimizer_,
      find(lr_schedules(), "lr-schedule", recipe_.lr_schedule).make(argument_of(recipe_.lr_schedule), steps));
  train::RunOptions options{.epochs = epochs,
                            .loss = options_.loss,
                            .teacher = options_.teacher,
                            .before_step =
                                [this, at](int64_t step) {
                                  step_ = step;
                                  for (const auto& part : parts_) part->before_step(at(optimizer_->lr()));
                                },
                            .after_step =
                                [this, at](double lr) {
                                  StepOf now = at(lr);
                                  if (ramps() && now.to_update == 0 && cuts_ < std::ssize(ramp_))
                                    cut_of_ramp();
                                  now.alive = alive_;
                                  for (const auto& part : parts_) part->after_step(now);
                                },
                            .scheduler = &*scheduler_,
                            .count = options_.count,
                            .divisor = options_.divisor,
                            .shards = options_.shards,
                            .sync_batch_norm = options_.sync_batch_norm,
                            .reduce = options_.reduce};
  if (!parts_.empty()) {
    options.more_parameters = [this] {
      std::vector<Parameter> all;
      for (const auto& part : parts_) {
        for (auto& parameter : part->parameters()) all.push_back(parameter);
      }
      return all;
    };
    options.penalty = [this] {
      Tensor sum;
      for (const auto& part : parts_) {
        const Tensor penalty = part->penalty();
        if (penalty.defined()) sum = sum.defined() ? add(sum, penalty) : penalty;
      }
      return sum;
    };
  }
  training_.emplace(*module_, *optimizer_, *loader_, std::move(options));
}

bool Run::train_one() {
  if (!training_->advance()) {
    epochs_ = training_->epochs();
    training_.reset();
    return false;
  }
  progress_.training = training_->progress();
  if (phase_ == Phase::dense && recipe_.rewind && step_ + 1 == *recipe_.rewind) early_ = snapshot(*module_);
  return true;
}

double Run::sparsity() const {
  if (regrower_ != nullptr && regrower_->cuts()) return regrower_->sparsity();
  const int64_t gone = elements_ - prune::count_elements(context_.weights).nonzero;
  return static_cast<double>(gone) / static_cast<double>(elements_);
}

void Run::choose_weights() { context_.weights = weights_of(*module_, recipe_.layers); }

void Run::begin_finetuning() {
  if (recipe_.rewind) prune::rewind(*module_, early_);
  // Rewinding needs the sizes of before.
  if (context_.row.deletes && recipe_.erase == "before-finetune" && !recipe_.rewind) delete_dead();
  if (!ramps()) train();
}

void Run::end_parts() {
  for (const auto& part : parts_) part->end();
  if (prunes_zeros()) prune::by_threshold(context_.weights, 0);
}

bool Run::says(Moment moment) {
  progress_.moment = moment;
  if (moment != Moment::trained) progress_.sparsity = sparsity();
  return true;
}

bool Run::advance() {
  switch (phase_) {
    case Phase::dense:
      if ((!ramps() || training_->steps() < recipe_.epochs * loader_->size()) && train_one())
        return says(Moment::trained);
      if (ramps()) epochs_ = training_->epochs();
      for (const auto& part : parts_) part->end_dense();
      phase_ = ramps() ? Phase::ramp : Phase::cut;
      return says(Moment::dense);
    case Phase::ramp:
      if (cuts_ < std::ssize(ramp_) && train_one()) return says(Moment::trained);
      progress_.step = 0;
      begin_finetuning();
      phase_ = Phase::finetune;
      return says(Moment::pruned);
    case Phase::judge:
      if (options_.accuracy() < least_accuracy_) {
        restore(*module_, before_);
        end_parts();
        phase_ = Phase::finish;
        return says(Moment::undone);
      }
      phase_ = progress_.step + 1 < progress_.steps ? Phase::cut : Phase::finish;
      return advance();
    case Phase::cut:
      if (recipe_.max_loss) {
        if (progress_.step < 0) least_accuracy_ = options_.accuracy() - *recipe_.max_loss;
        before_ = snapshot(*module_);
      }
      progress_.target = schedule_[++progress_.step];
      cut(progress_.target);
      phase_ = Phase::finetune;
      return says(Moment::pruned);
    case Phase::finetune:
      if (!training_) begin_finetuning();
      if (train_one()) return says(Moment::trained);
      if (ramps()) epochs_.erase(epochs_.begin(), epochs_.begin() + recipe_.epochs);
      if (progress_.step + 1 == progress_.steps) end_parts();
      phase_ = recipe_.max_loss                       ? Phase::judge
               : progress_.step + 1 < progress_.steps ? Phase::cut
                                                      : Phase::finish;
      return says(Moment::finetuned);
    case Phase::finish:
      phase_ = context_.row.deletes && recipe_.erase != "never" ? Phase::erase : Phase::over;
      return says(Moment::finished);
    case Phase::erase:
      delete_dead();
      phase_ = Phase::over;
      return says(Moment::deleted);
    case Phase::over: break;
  }
  return false;
}

std::ostream& operator<<(std::ostream& out, const Progress& p) {
  static constexpr const char* words[] = {
      "", "dense training is through", "pruned", "fine-tuned", "undone", "finished", "deleted"};
  if (p.step >= 0) out << "step " << p.step + 1 << " of " << p.steps << ": ";
  if (p.moment == Moment::trained) {
    return out << "epoch " << p.training.epoch + 1 << '/' << p.training.epochs << ", batch "
               << p.training.batch + 1 << '/' << p.training.batches << ", loss " << p.training.loss;
  }
  return out << words[static_cast<int>(p.moment)] << ", sparsity " << p.sparsity;
}

}  // namespace tinynn::recipe
