// What a run's state is: listed once, for writing and for reading.
#include <algorithm>

#include <tinynn/core/random.hpp>
#include <tinynn/recipe/run.hpp>
#include <tinynn/structured/remove_layers.hpp>

namespace tinynn::recipe {

void Progress::state(StateVisitor& visit) {
  visit("moment", moment);
  check(moment >= Moment::trained && moment <= Moment::deleted, "state: there is no moment ",
        static_cast<int64_t>(moment));
  visit("step", step);
  visit("steps", steps);
  visit("target", target);
  visit("sparsity", sparsity);
  visit.part("training", training);
}

namespace {

// Layers that were removed are removed again, before anything is read into what is left.
void removed_state(StateVisitor& visit, nn::Module& module) {
  std::vector<std::string> now = structured::removed_layers(module), removed = now;
  visit.all("removed", removed);
  for (const auto& name : removed) {
    if (std::ranges::find(now, name) == now.end()) structured::remove_layer(module, name);
  }
}

void visit_generator(StateVisitor& visit) {
  GeneratorState generator = generator_state();
  visit("generator.seed", generator.seed);
  visit("generator.calls", generator.calls);
  if (visit.reads()) set_generator_state(generator);
}

}  // namespace

void Run::state(StateVisitor& visit) {
  visit("phase", phase_);
  visit.part("progress", progress_);
  const int64_t steps = std::ssize(schedule_), last = phase_ == Phase::cut ? steps - 2 : steps - 1;
  check(phase_ >= Phase::dense && phase_ <= Phase::over && progress_.steps == steps && progress_.step >= -1 &&
            progress_.step <= last && (phase_ <= Phase::cut || progress_.step >= 0),
        "state: step ", progress_.step + 1, " of ", progress_.steps, ", expected one of ", steps);
  int64_t elements = elements_;
  visit("elements", elements);
  check(elements == elements_, "state: a network of ", elements, " weights, expected ", elements_);
  visit("alive", alive_);
  visit("cuts", cuts_);
  check(cuts_ >= 0 && cuts_ <= std::ssize(ramp_) && alive_ >= 0 && alive_ <= elements_, "state: cut ", cuts_,
        " of ", ramp_.size(), ", ", alive_, " of ", elements_, " weights alive");
  visit("least_accuracy", least_accuracy_);
  visit.all("base_rates", base_rates_);
  check(std::ssize(base_rates_) == optimizer_->groups(), "state: ", base_rates_.size(),
        " learning rates for ", optimizer_->groups(), " groups of parameters");
  visit.all("epochs", epochs_);
  visit.optional("compacted", compacted_);
  removed_state(visit, *module_);
  if (visit.reads() && recipe_.granularity == "layer") choose_weights();
  context_.state(visit);
  for (size_t k = 0; k < parts_.size(); ++k) visit.part("part." + std::to_string(k), *parts_[k]);
  visit.within("module", [&] { nn::module_state(visit, *module_); });
  visit.part("loader", *loader_);
  bool trains = training_.has_value();
  visit("trains", trains);
  check((trains || phase_ > Phase::ramp) && (recipe_.max_loss || phase_ != Phase::judge) &&
            (ramps() ? phase_ != Phase::cut : phase_ != Phase::ramp),
        "state: a run of this recipe is never in this phase");
  if (visit.reads() && trains) train();
  if (visit.reads() && !trains) training_.reset();
  if (trains) {
    visit.part("scheduler", *scheduler_);
    visit.part("training", *training_);
  }
  visit.part("optimizer", *optimizer_);
  if (recipe_.rewind) visit.within("early", [&] { nn::snapshot_state(visit, *module_, early_); });
  if (recipe_.max_loss) visit.within("before", [&] { nn::snapshot_state(visit, *module_, before_); });
  visit_generator(visit);
}

}  // namespace tinynn::recipe
