#include <tinynn/prune/activation_criteria.hpp>
#include <tinynn/prune/gradient_criteria.hpp>
#include <tinynn/recipe/tables.hpp>
#include <tinynn/structured/similar_rows.hpp>

namespace tinynn::recipe {
namespace {

constexpr int64_t batches = 100;  // that a criterion looks at

prune::GradientSource gradients(const Context& c) {
  return {.module = c.module, .loader = c.loader, .batches = batches, .sharing = c.sharing};
}
prune::ActivationSource activations(const Context& c) { return {c.module, c.loader, batches, c.sharing}; }

class Movement : public Part {
 public:
  explicit Movement(Context& c) : sums_(c.weights) { c.movement = &sums_; }
  void after_step(const StepOf&) override { sums_.observe(); }
  void state(StateVisitor& visit) override { visit.part("sums", sums_); }

 private:
  prune::Movement sums_;
};

constexpr bool of_whole = true;  // outputs

const CriterionRow criterion_rows[] = {
    {{"magnitude", "|w|"}, [](const Context&) { return prune::magnitude(); }},
    {{"ln", "the norm of order --norm; inf is the largest element"},
     [](const Context& c) { return prune::ln(c.recipe.norm); }},
    {{"lamp", "w^2 over what is left of the layer (layer-adaptive)"},
     [](const Context&) { return prune::lamp(); }},
    {{"random", "numbers drawn at random"}, [](const Context&) { return prune::random(); }},
    {{"bernoulli", "each weight dies by chance, independently"}, nullptr},
    {{"sensitivity", "|gradient|, mean over batches"},
     [](const Context& c) { return prune::sensitivity(gradients(c)); }},
    {{"threshold-sensitivity", "|w| / sensitivity"},
     [](const Context& c) { return prune::magnitude_over_sensitivity(gradients(c)); }},
    {{"snip", "|w gradient| of all batches together"},
     [](const Context& c) { return prune::snip(gradients(c)); }},
    {{"taylor", "|w gradient|, mean over batches"},
     [](const Context& c) { return prune::taylor(gradients(c), c.granularity()); }},
    {{"hessian", "w^2 / 2 times the mean of gradient^2"},
     [](const Context& c) { return prune::hessian_diagonal(gradients(c)); }},
    {{"movement", "-w gradient, summed over training"},
     [](const Context& c) { return c.movement->criterion(); },
     !of_whole,
     [](Context& c) -> std::unique_ptr<Part> { return std::make_unique<Movement>(c); }},
    {{"wanda", "|w| times the norm of the input that it multiplies"},
     [](const Context& c) { return prune::wanda(activations(c)); }},
    {{"activation", "mean of |output| (of rows, filters, channels)"},
     [](const Context& c) { return prune::mean_activation(activations(c)); },
     of_whole},
    {{"apoz", "fraction of outputs that are not zero (of rows, filters, channels)"},
     [](const Context& c) { return prune::apoz(activations(c)); },
     of_whole},
    {{"bn-scale", "|scale| of the BatchNorm that follows (of filters, channels)"},
     [](const Context& c) { return prune::bn_scale(c.module, c.loader.example()); },
     of_whole},
    {{"fpgm", "distance to the layer's other filters (of rows, filters, channels)"},
     [](const Context&) { return prune::fpgm(); },
     of_whole},
    {{"lsh", "how unlike the layer's other filters, by hashing (of rows, filters, channels)"},
     [](const Context&) { return structured::lsh(); },
     of_whole},
};

}  // namespace

std::span<const CriterionRow> criteria() { return criterion_rows; }

prune::Rule Context::rule() const {
  const CriterionRow& criterion = find(criteria(), "criterion", recipe.criterion);
  return {.criterion = criterion.make(*this),
          .granularity = granularity(),
          .keep_at_least = recipe.keep_at_least};
}

prune::Granularity Context::granularity() const { return row.make(argument_of(recipe.granularity)); }

void Context::state(StateVisitor& visit) {
  visit("macs", macs);
  bool counted = totals.has_value();
  visit("counted", counted);
  if (!counted) return totals.reset();
  if (!totals) totals.emplace();
  visit("channels", totals->channels);
  visit("parameters", totals->parameters);
  visit("total_macs", totals->macs);
}

prune::Scope Context::scope() const {
  return recipe.scope == "local" ? prune::Scope::local : prune::Scope::global;
}

}  // namespace tinynn::recipe
