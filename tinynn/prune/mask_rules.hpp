// From scores to masks: which groups of elements die. They are chosen by count and never by a threshold, so
// that ties cannot prune too many. New masks add to old ones. If anything throws, no parameter has changed.
#pragma once

#include <span>
#include <vector>

#include <tinynn/autograd/parameter.hpp>
#include <tinynn/nn/module.hpp>
#include <tinynn/prune/amount.hpp>
#include <tinynn/prune/criterion.hpp>
#include <tinynn/prune/granularity.hpp>

namespace tinynn::prune {

/// What dies, and by which scores.
struct Rule {
  Criterion criterion = magnitude();
  Granularity granularity = element();
  /// Of each parameter at least this fraction of the groups stays alive, and never less than one, unless the
  /// amount asks for all.
  double keep_at_least = 0;
};

/// Whether parameters compete with each other for survival, or each gives its own share.
enum class Scope { local, global };

/// The parameters that pruning acts on by default: rank two and more, so no biases and no
/// normalisation.
std::vector<Parameter> weights(nn::Module& module);
/// How many elements these parameters have, and how many of them are not zero.
struct Elements {
  int64_t all = 0, nonzero = 0;
};
Elements count_elements(const std::vector<Parameter>& parameters);
/// The fraction of zeros in these parameters; 0 if there are no elements.
double sparsity(const std::vector<Parameter>& parameters);

/// Parameters that compete with each other, and how much of them goes: fractions and counts of what is alive
/// count groups, fraction_of_total counts elements and is met as nearly as whole groups allow. Where there
/// are several and groups of more than one element, scores count relative to the mean score of their
/// parameter: sums over groups of other sizes and weights of other scales would not compare.
struct Share {
  std::vector<Parameter> parameters;
  Amount amount;
};

/// Takes out of the masks of some weights, those of one Share, the groups that have the lowest scores. Ties
/// die in order of position, so that equal runs prune equal weights.
void kill_lowest(std::span<Mask> masks, std::span<const Tensor> scores, const Amount& amount,
                 const Rule& rule);

/// Prunes each share by itself: one share for all is global pruning, one for each parameter local pruning,
/// and anything between is up to you. Throws Error for what the criterion or the granularity does not like.
void prune(const std::vector<Share>& shares, const Rule& rule = {});
/// Prunes `amount` of all of them together (global) or of each (local).
void prune(const std::vector<Parameter>& parameters, const Amount& amount, const Rule& rule = {},
           Scope scope = Scope::global);

// As torch.nn.utils.prune has them, on one parameter.

struct LnStructuredOptions {
  Amount amount;
  double n = 1;     // the order of the norm
  int64_t dim = 0;  // whose slices live or die; may count from the end
};
/// torch.nn.utils.prune.l1_unstructured
void l1_unstructured(Parameter& parameter, const Amount& amount);
/// torch.nn.utils.prune.random_unstructured
void random_unstructured(Parameter& parameter, const Amount& amount);
/// torch.nn.utils.prune.ln_structured
void ln_structured(Parameter& parameter, const LnStructuredOptions& options);
/// torch.nn.utils.prune.random_structured
void random_structured(Parameter& parameter, const Amount& amount, int64_t dim = 0);
/// Prunes where the mask is zero, besides what is dead already. torch.nn.utils.prune.custom_from_mask.
void custom_from_mask(Parameter& parameter, const Tensor& mask);

/// Kills the slices `indices` along `dim`, which may count from the end: these rows, filters (0) or inputs
/// (1). Throws Error for an index that is not there or is named twice.
void mask_slices(Parameter& parameter, int64_t dim, const std::vector<int64_t>& indices);

/// Each living weight dies with this probability, independently: how many do is left to chance.
void bernoulli(const std::vector<Parameter>& parameters, double probability);
/// Prunes every living weight whose score is not above the threshold. How many die is up to the weights.
void by_threshold(const std::vector<Parameter>& parameters, double threshold,
                  const Criterion& criterion = magnitude());
/// Keeps the `n` highest scores of every `m` elements that follow each other along dimension 1 (inputs), as
/// hardware for sparsity of 2 in 4 wants it; a shorter rest at the end keeps n as well.
void n_of_m(const std::vector<Parameter>& parameters, int64_t n, int64_t m,
            const Criterion& criterion = magnitude());

}  // namespace tinynn::prune
