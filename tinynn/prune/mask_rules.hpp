// From scores to masks: which elements die, chosen by count and never by a threshold, so that ties cannot
// prune too many. New masks add to old ones. If anything throws, no parameter has changed.
#pragma once

#include <vector>

#include <tinynn/autograd/parameter.hpp>
#include <tinynn/nn/module.hpp>
#include <tinynn/prune/amount.hpp>
#include <tinynn/prune/criterion.hpp>

namespace tinynn::prune {

/// Whether parameters compete with each other for survival, or each gives its own share.
enum class Scope { local, global };

/// The parameters that pruning acts on unless told otherwise: rank two and more, so no biases and no
/// normalisation.
std::vector<Parameter> prunable(nn::Module& module);
/// The fraction of zeros in these parameters; 0 if there are no elements.
double sparsity(const std::vector<Parameter>& parameters);

/// Prunes the elements with the lowest scores: `amount` of each parameter, or of all of them ranked together.
/// Throws Error if a criterion's scores have another shape than the weight or are NaN.
void unstructured(const std::vector<Parameter>& parameters, const Amount& amount,
                  const Criterion& criterion = magnitude(), Scope scope = Scope::global);

/// torch.nn.utils.prune.l1_unstructured
void l1_unstructured(Parameter& parameter, const Amount& amount);
/// Prunes where the mask is zero, besides what is dead already. torch.nn.utils.prune.custom_from_mask.
void custom_from_mask(Parameter& parameter, const Tensor& mask);

}  // namespace tinynn::prune
