#include <cmath>

#include <tinynn/graph/count.hpp>
#include <tinynn/ops/index.hpp>
#include <tinynn/recipe/tables.hpp>
#include <tinynn/structured/dead_units.hpp>
#include <tinynn/structured/prune_channels.hpp>
#include <tinynn/structured/remove_layers.hpp>

namespace tinynn::recipe {
namespace {

// As much of the candidates as makes this much of all weights; rounding must not ask for more than all.
void prune_groups(Context& c, double sparsity) {
  const auto all = static_cast<double>(prune::count_elements(c.weights).all),
             most = static_cast<double>(prune::count_elements(c.candidates).all);
  const double share = std::min(1.0, sparsity * all / most);
  prune::prune(c.candidates, prune::fraction_of_total(share), c.rule(), c.scope());
}

void prune_n_of_m(Context& c, double /*sparsity*/) {
  const auto [n, m] = n_of_m(c.recipe.granularity);
  prune::n_of_m(c.weights, n, m, c.rule().criterion);
}

void prune_channels(Context& c, double sparsity) {
  // Rounding must not ask for less than what a file has already.
  const double left = std::clamp(1 - sparsity, 0.0, 1.0);
  structured::ChannelOptions options{
      .amount = c.recipe.to_macs         ? prune::to_macs(left)
                : c.recipe.to_parameters ? prune::to_parameters(left)
                                         : prune::fraction_of_total(sparsity),
      .criterion = c.rule().criterion,
      .scope = c.scope(),
      .isomorphic = c.recipe.scope == "isomorphic",
      .kind =
          c.recipe.granularity == "neuron" ? structured::ChannelKind::neurons : structured::ChannelKind::any,
      .keep_at_least = c.recipe.keep_at_least,
      .round_to = c.recipe.round_to,
      .made_by = c.recipe.layers.empty() ? std::vector<Parameter>() : c.weights};
  const Tensor images = c.example();
  if (!c.totals) c.totals = structured::channel_totals(c.module, images, options);
  options.of = c.totals;
  structured::prune_channels(c.module, images, options);
}

// `sparsity` is of the multiply-adds.
void remove_layers(Context& c, double sparsity) {
  const Tensor images = c.example();
  const auto now = static_cast<double>(graph::count(c.module, images).macs);
  if (c.macs == 0) c.macs = now;
  structured::remove_layers(c.module, images, {.to_macs = std::min(1.0, (1 - sparsity) * c.macs / now)},
                            c.accuracy);
}

prune::Granularity by_output(const std::string&) { return prune::slice(0); }
prune::Granularity by_weight(const std::string&) { return prune::element(); }

constexpr bool of_outputs = true, deletes = true;

const GranularityRow granularity_rows[] = {
    {{"weight", "each weight by itself"}, by_weight, prune_groups},
    {{"row", "what makes one output of a layer; not of the last, the classes"},
     by_output,
     prune_groups,
     of_outputs},
    {{"filter", "the same, of convolutions"}, by_output, prune_groups, of_outputs},
    {{"column", "what reads one input of a layer"},
     [](const std::string&) { return prune::slice(1); },
     prune_groups},
    {{"kernel", "what leads from one channel to another, of convolutions"},
     [](const std::string&) { return prune::kernel(); },
     prune_groups},
    {{"block", "squares of B x B of the weight as a matrix", "B"},
     [](const std::string& argument) {
       const double size = number_of("granularity", "block:" + argument);
       check(size >= 1 && size <= 1 << 20 && size == std::floor(size),
             "granularity: ", io::detail::in_quotes(argument),
             " is no size of a block, expected a whole number from 1 to 2^20");
       return prune::block(static_cast<int64_t>(size));
     },
     prune_groups},
    {{"N:M", "N of M inputs that follow each other stay, as 2:4"}, by_weight, prune_n_of_m},
    {{"channel", "a channel with all that makes or reads it; deleted"},
     by_output,
     prune_channels,
     of_outputs,
     deletes},
    {{"neuron", "the same, of linear layers"}, by_output, prune_channels, of_outputs, deletes},
    {{"layer", "layers that keep their input's shape, as residual blocks (needs --to-macs); deleted"},
     by_weight,
     remove_layers,
     false,
     deletes},
};

}  // namespace

Tensor Context::example() const { return slice(loader.example(), 0, 0, 8); }

void cut_dead_units(const Context& c) {
  if (c.recipe.cut_dead_units) structured::prune_dead_units(c.module, c.example(), c.weights);
}

std::span<const GranularityRow> granularities() { return granularity_rows; }

const GranularityRow& granularity_row(const std::string& granularity) {
  const bool ratio = !granularity.empty() && granularity[0] >= '0' && granularity[0] <= '9';
  if (!ratio || granularity.find(':') == std::string::npos)
    return find(granularities(), "granularity", granularity);
  return *std::ranges::find(granularity_rows, std::string_view("N:M"), &GranularityRow::name);
}

std::pair<int64_t, int64_t> n_of_m(const std::string& granularity) {
  const double n = number_of("granularity", ":" + granularity.substr(0, granularity.find(':'))),
               m = number_of("granularity", granularity);
  check(0 < n && n <= m && n == std::floor(n) && m == std::floor(m) && m <= 1 << 20, "granularity ",
        io::detail::one_line(granularity, 100), " is no N:M with whole numbers, 0 < N <= M");
  return {static_cast<int64_t>(n), static_cast<int64_t>(m)};
}

}  // namespace tinynn::recipe
