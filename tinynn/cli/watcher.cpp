#include <tinynn/cli/watcher.hpp>
#include <tinynn/prune/mask_rules.hpp>

namespace tinynn::cli {

using recipe::Moment;

Watcher::Watcher(nn::Module& module, Experiment& experiment, const Settings& settings,
                 const WatcherOptions& options)
    : module_(module), experiment_(experiment), options_(options), step_start_(Clock::now()) {
  metrics.model = settings.model;
  metrics.dataset = experiment.dataset();
  metrics.seed = settings.seed;
  metrics.shards = settings.shards;
  metrics.sync_bn = settings.sync_bn;
}

void Watcher::update(const recipe::Run& run) {
  switch (const auto& progress = run.progress(); progress.moment) {
    case Moment::trained: return trained(progress);
    case Moment::dense:
      metrics.dense = experiment_.measure(module_, options_.dense_latency);
      metrics.dense->epoch_seconds = seconds_of(run.epochs());
      weights_ = prune::count_elements(prune::weights(module_)).all;
      if (options_.reports) report.dense = view_layers(module_, experiment_.example());
      if (training_) report.dense_training.push_back(training_->curve);
      break;
    case Moment::pruned:
      if (training_) report.dense_training.push_back(training_->curve);  // of a ramp
      metrics.steps.push_back({.target_sparsity = progress.target,
                               .sparsity = progress.sparsity,
                               .score_before_finetune = experiment_.test_score(module_),
                               .is_loss = !experiment_.classifies()});
      break;
    case Moment::finetuned: {
      StepMetrics& step = metrics.steps.back();
      step.epoch_seconds = seconds_of(run.epochs());
      step.sparsity = progress.sparsity;
      step.score = experiment_.test_score(module_);
      report.finetuning.push_back(training_ ? training_->curve : TrainingCurve());
      step_seconds.push_back(step_time().count());
      break;
    }
    case Moment::undone:
      metrics.steps.pop_back();
      step_seconds.pop_back();
      undone = progress.step + 1;
      break;
    case Moment::finished:
      metrics.pruned = experiment_.measure(module_, true);
      // Of all weights that there were, also where some are deleted already.
      metrics.pruned->sparsity =
          static_cast<double>(weights_ - prune::count_elements(prune::weights(module_)).nonzero) /
          static_cast<double>(weights_);
      if (options_.reports) report.pruned = view_layers(module_, experiment_.example());
      break;
    case Moment::deleted:
      metrics.compact = experiment_.measure(module_, true);
      metrics.compact->output_change_by_bias = run.compacted()->output_change_by_bias;
      metrics.compact->output_difference = run.compacted()->output_difference;
      break;
  }
  training_.reset();
  const Moment moment = run.progress().moment;
  if (moment == Moment::dense || moment == Moment::finetuned) step_start_ = Clock::now();
}

void Watcher::trained(const recipe::Progress& progress) {
  if (!training_) {
    const std::string of = "/" + std::to_string(progress.steps);
    label_ = progress.step < 0 ? "training" : "pruning step " + std::to_string(progress.step + 1) + of;
    training_.emplace(experiment_, label_);
  }
  training_->update(progress.training);
}

void Watcher::state(StateVisitor& visit) {
  visit.part("metrics", metrics);
  visit.part("report", report);
  visit.all("step_seconds", step_seconds);
  visit("undone", undone);
  visit("weights", weights_);
  visit("label", label_);
  double spent = step_time().count();
  visit("step_time", spent);
  step_start_ =
      Clock::now() - std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(spent));
  bool trains = training_.has_value();
  visit("trains", trains);
  if (visit.reads()) training_.reset();
  if (visit.reads() && trains) training_.emplace(experiment_, label_);
  if (trains) visit.part("curve", training_->curve);
}

}  // namespace tinynn::cli
