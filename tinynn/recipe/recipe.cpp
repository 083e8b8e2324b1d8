#include <algorithm>
#include <charconv>
#include <cmath>
#include <ostream>

#include <tinynn/recipe/tables.hpp>

namespace tinynn::recipe {
namespace {

std::string text_of(const std::string& text) { return text; }
std::string text_of(int64_t number) { return std::to_string(number); }
std::string text_of(bool flag) { return flag ? "1" : "0"; }
std::string text_of(double number) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, number).ptr};
}
std::string text_of(const std::vector<std::string>& list) {
  std::string all;
  for (const auto& item : list) all += (all.empty() ? "" : ",") + item;
  return all;
}
template <class T>
std::string text_of(const std::optional<T>& value) {
  return value ? text_of(*value) : "";
}

// The options of a recipe by the names that they have in the command; each is listed once.
template <class R, class Visit>
void fields(R& recipe, Visit visit) {
  visit("criterion", recipe.criterion);
  visit("granularity", recipe.granularity);
  visit("scope", recipe.scope);
  visit("sparsity", recipe.sparsity);
  visit("threshold", recipe.threshold);
  visit("to-macs", recipe.to_macs);
  visit("to-params", recipe.to_parameters);
  visit("schedule", recipe.schedule);
  visit("steps", recipe.steps);
  visit("regularizer", recipe.regularizer);
  visit("regrow", recipe.regrow);
  visit("layers", recipe.layers);
  visit("norm", recipe.norm);
  visit("keep-at-least", recipe.keep_at_least);
  visit("round-to", recipe.round_to);
  visit("epochs", recipe.epochs);
  visit("ramp-epochs", recipe.ramp_epochs);
  visit("update-every", recipe.update_every);
  visit("finetune-epochs", recipe.finetune_epochs);
  visit("lr-schedule", recipe.lr_schedule);
  visit("cut-dead-units", recipe.cut_dead_units);
  visit("recalibrate-bn", recipe.recalibrate_bn);
  visit("rewind", recipe.rewind);
  visit("max-loss", recipe.max_loss);
  visit("delete", recipe.erase);
}

// As it may stand in a message.
std::string shown(const std::string& text) { return io::detail::one_line(text, 100); }

int given(const Recipe& r) {
  return int{r.sparsity.has_value()} + int{r.threshold.has_value()} + int{r.to_macs.has_value()} +
         int{r.to_parameters.has_value()};
}

void check_range(const char* name, const std::optional<double>& value) {
  check(!value || (*value >= 0 && *value <= 1), name, " is ", value.value_or(0),
        ", expected a fraction between 0 and 1");
}

// Whether the words are those of the tables, and the numbers in their ranges.
void check_words(const Recipe& r) {
  find(criteria(), "criterion", r.criterion);
  (void)find(lr_schedules(), "lr-schedule", r.lr_schedule).make(argument_of(r.lr_schedule), 0);
  find(schedules(), "schedule", r.schedule);
  if (!r.regrow.empty()) {
    const RegrowerRow& regrower = find(regrowers(), "regrow", r.regrow);
    if (regrower.argument != nullptr) {
      const double steps = number_of("regrow", r.regrow);
      check(steps >= 1 && steps <= 1e6 && steps == std::floor(steps),
            "regrow: ", io::detail::in_quotes(r.regrow), ", expected a whole number of steps, 1 to 1000000");
    }
  }
  if (!r.regularizer.empty()) {
    const double strength = number_of("regularizer", r.regularizer);
    find(regularizers(), "regularizer", r.regularizer);
    check(strength >= 0 && std::isfinite(strength), "regularizer: the strength is ", strength,
          ", expected 0 or more");
  }
  check(r.scope == "global" || r.scope == "local" || r.scope == "isomorphic", "scope is ",
        io::detail::in_quotes(r.scope), ", expected global, local or isomorphic");
  check(r.erase == "before-finetune" || r.erase == "at-end" || r.erase == "never", "delete is ",
        io::detail::in_quotes(r.erase), ", expected before-finetune, at-end or never");
  check_range("sparsity", r.sparsity);
  check_range("to-macs", r.to_macs);
  check_range("to-params", r.to_parameters);
  check_range("keep-at-least", r.keep_at_least);
  check_range("max-loss", r.max_loss);
  check(!std::isnan(r.norm), "norm is not a number");
  check(!r.threshold || !std::isnan(*r.threshold), "threshold is not a number");
  check(r.steps >= 1, "steps is ", r.steps, ", expected at least 1");
  check(r.epochs >= 0 && r.finetune_epochs >= 0 && r.ramp_epochs >= 0,
        "epochs, ramp-epochs and finetune-epochs are ", r.epochs, ", ", r.ramp_epochs, " and ",
        r.finetune_epochs, ", expected 0 or more");
  check(r.update_every >= 1, "update-every is ", r.update_every, ", expected at least 1");
  check(r.recalibrate_bn.value_or(0) >= 0, "recalibrate-bn is ", r.recalibrate_bn.value_or(0),
        ", expected 0 or more");
}

// What does not go together with a ramp.
void check_ramp(const Recipe& r) {
  check(given(r) == 1 && !r.threshold,
        "ramp-epochs needs to know how much: sparsity, or for channels to-macs or to-params");
  check(r.steps == Recipe{}.steps, "ramp-epochs and steps exclude each other: update-every says how often");
  check(!r.rewind && !r.max_loss && r.granularity != "layer",
        "ramp-epochs goes with neither rewind, max-loss nor granularity layer, which stop between trainings");
  check(r.schedule != "one-shot", "ramp-epochs needs a schedule that grows, not one-shot");
}

// What does not go together.
void check_combination(const Recipe& r, const GranularityRow& granularity) {
  const CriterionRow& criterion = find(criteria(), "criterion", r.criterion);
  check(given(r) <= 1, "sparsity, threshold, to-macs and to-params exclude each other");
  check(
      (!r.to_macs && !r.to_parameters) || granularity.deletes,
      "to-macs and to-params need whole channels or layers to delete: granularity channel, neuron or layer");
  check(!granularity.deletes || (!r.threshold && r.regrow.empty()), "granularity ", shown(r.granularity),
        " goes with neither threshold nor regrow");
  check(r.granularity != "layer" || r.to_macs, "granularity layer needs to-macs");
  check(!criterion.of_outputs || granularity.of_outputs || r.threshold, "criterion ", r.criterion,
        " scores whole outputs, which granularity ", shown(r.granularity),
        " divides: row, filter, channel or neuron go with it");
  check(criterion.make != nullptr || (r.granularity == "weight" && !r.threshold), "criterion ", r.criterion,
        " ranks nothing: it goes with granularity weight and without threshold");
  check(!r.max_loss || r.regrow != "dns",
        "max-loss cannot undo a step of regrow dns, whose cut weights go on learning");
  const bool gates = !r.regularizer.empty() && find(regularizers(), "regularizer", r.regularizer).in_training;
  const bool trains = r.epochs > 0 || (r.ramp_epochs == 0 && r.finetune_epochs > 0);
  check((criterion.observe == nullptr || r.ramp_epochs > 0 || trains) && (!gates || trains),
        criterion.observe != nullptr ? "criterion " + r.criterion : "regularizer " + r.regularizer,
        " learns in training before the first cut: give epochs or finetune-epochs");
  check(r.scope != "isomorphic" || r.granularity == "channel" || r.granularity == "neuron",
        "scope isomorphic compares channels: granularity channel or neuron");
  check(!r.cut_dead_units || (!granularity.deletes && r.regrow != "dns" && !gates),
        "cut-dead-units goes with neither granularity channel, neuron or layer, nor regrow dns, nor "
        "regularizer l0");
  if (r.ramp_epochs > 0) check_ramp(r);
  check(!r.rewind || r.epochs > 0, "rewind needs dense training, epochs, before the first step");
}

}  // namespace

double number_of(const char* field, const std::string& text) {
  const std::string number = argument_of(text);
  const char *begin = number.data(), *end = begin + number.size();
  double value = 0;
  const auto [stopped, error] = std::from_chars(begin, end, value);
  check(error == std::errc() && stopped == end && !std::isnan(value), field, ": ",
        io::detail::in_quotes(number), " is no number");
  return value;
}

std::string to_text(const Recipe& recipe) {
  const Recipe defaults;
  std::vector<std::string> usual;
  fields(defaults, [&](const char*, const auto& value) { usual.push_back(text_of(value)); });
  std::string text;
  size_t k = 0;
  fields(recipe, [&](const char* name, const auto& value) {
    const std::string shown = text_of(value);
    if (shown != usual[k++]) text += (text.empty() ? "" : " ") + (name + ("=" + shown));
  });
  return text;
}

std::ostream& operator<<(std::ostream& out, const Recipe& recipe) { return out << to_text(recipe); }

prune::SparsitySchedule schedule_of(const Recipe& recipe) {
  const GranularityRow& granularity = granularity_row(recipe.granularity);
  (void)granularity.make(argument_of(recipe.granularity));  // refuses an argument that is none
  check_words(recipe);
  if (granularity.name == std::string_view("N:M")) {
    check(given(recipe) == 0, "granularity ", shown(recipe.granularity),
          " says how much to prune by itself: leave out sparsity and threshold");
    check_combination(recipe, granularity);
    const auto [n, m] = n_of_m(recipe.granularity);
    return {1 - static_cast<double>(n) / static_cast<double>(m)};
  }
  check_combination(recipe, granularity);
  const bool zeros =
      !recipe.regularizer.empty() && find(regularizers(), "regularizer", recipe.regularizer).makes_zeros;
  const bool listed = recipe.schedule.starts_with("list:");
  if (recipe.threshold || (given(recipe) == 0 && zeros && !listed)) return {0};
  check(given(recipe) == 1 || listed,
        "how much to prune? Give sparsity, threshold, to-macs, to-params, granularity N:M, schedule list:... "
        "or a regularizer that makes zeros (l1, group-lasso, l0)");
  const double sparsity = recipe.to_macs         ? 1 - *recipe.to_macs
                          : recipe.to_parameters ? 1 - *recipe.to_parameters
                                                 : recipe.sparsity.value_or(0);
  const auto made =
      find(schedules(), "schedule", recipe.schedule)
          .make(argument_of(recipe.schedule), {.from = 0, .to = sparsity, .steps = recipe.steps});
  check(given(recipe) == 0 || made.back() == sparsity || !listed,
        "schedule: the list has to end with sparsity, if that is given");
  return made;
}

}  // namespace tinynn::recipe
