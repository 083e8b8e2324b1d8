// Channel pruning: whole channels, with all that hangs on them, to a budget. It masks them; compact() deletes
// what is masked, at once or after fine-tuning.
//
//   structured::prune_channels(net, images, {.amount = prune::to_macs(0.5)});
//   train::fit(net, sgd, train, {.epochs = 1});
//   structured::compact(net, images);
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <tinynn/graph/graph.hpp>
#include <tinynn/prune/mask_rules.hpp>

namespace tinynn::structured {

/// Which channels may go: all, those that convolutions make, or those that linear layers alone make.
enum class ChannelKind { any, images, neurons };

/// What fractions are fractions of.
struct ChannelTotals {
  int64_t channels, parameters, macs;
};

struct ChannelOptions {
  /// fraction(), fraction_of_total() and count() count channels; to_macs() and to_parameters() say what
  /// remains of the model as it is, channels that are masked already being gone.
  prune::Amount amount = prune::fraction(0);
  /// A channel's importance is the sum of the scores of all weights that make or read it; for a criterion
  /// of outputs (activations, fpgm ...) only of those that make it.
  prune::Criterion criterion = prune::magnitude();
  /// global: all channels compete, each by its importance relative to the mean of its group; local: all
  /// groups give the same share.
  prune::Scope scope = prune::Scope::global;
  /// With global scope: only groups in like places compete (the first convolutions of all residual blocks,
  /// say), and all kinds of places give the same share of their channels. Fang et al., "Isomorphic pruning
  /// for vision models", ECCV 2024.
  bool isomorphic = false;
  ChannelKind kind = ChannelKind::any;
  double keep_at_least = 0;  // of each group's channels; one always stays
  int64_t round_to = 1;      // of a group that loses channels a multiple of this stays
  /// If not empty: only channels that one of these weights makes.
  std::vector<Parameter> made_by = {};
  /// Groups with one of these weights lose nothing.
  std::vector<Parameter> except = {};
  /// channel_totals() of before, where channels have been deleted since; none: those of the model as it is.
  std::optional<ChannelTotals> of = {};
};

/// Of the model as it is, masked channels included: `channels` are those that the options let go.
ChannelTotals channel_totals(nn::Module& model, const graph::Example& example, const ChannelOptions& options);

/// Masks the least important channels until the budget holds, or nothing more may go. Returns the numbers of
/// channels left over those before. Throws Error, and changes nothing, if the amount cannot be reached (with
/// the reasons why channels are pinned), if a parameter is reparametrized, and what tracing and the criterion
/// throw.
double prune_channels(nn::Module& model, const graph::Example& example, const ChannelOptions& options);

/// Prunes channels to the largest model whose `measure`, say the seconds of a forward pass after compact(),
/// is at most this share of what it is now: tries budgets of MACs, each undone again, and keeps the masks of
/// the best. Returns the share of the MACs that remains.
double prune_channels_to_measure(nn::Module& model, const graph::Example& example, double share,
                                 const std::function<double()>& measure, ChannelOptions options = {});

}  // namespace tinynn::structured
