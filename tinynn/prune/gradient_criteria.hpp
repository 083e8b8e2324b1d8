// Criteria that ask the loss: they run batches through the network, forward and backward, and look at the
// gradients, those of dead weights included. The network runs in evaluation mode; parameters, buffers, modes
// and gradients are afterwards what they were. Each call of a criterion runs the batches again, on the
// weights as they are then. All throw Error if one of the weights gets no gradient, or if the data have no
// batch.
#pragma once

#include <functional>
#include <memory>

#include <tinynn/core/targets.hpp>
#include <tinynn/data/data_loader.hpp>
#include <tinynn/nn/module.hpp>
#include <tinynn/ops/loss.hpp>
#include <tinynn/prune/criterion.hpp>
#include <tinynn/prune/granularity.hpp>
#include <tinynn/train/batch_sums.hpp>

namespace tinynn {
class StateVisitor;
}

namespace tinynn::prune {

/// Where gradients come from. The network and the loader have to outlive the criteria made from it.
struct GradientSource {
  nn::Module& module;
  data::DataLoader& loader;
  int64_t batches = -1;  // at most so many of an epoch; below 0: all
  std::function<Tensor(const Tensor& output, const Targets& targets)> loss =
      [](const Tensor& output, const Targets& targets) { return cross_entropy(output, targets); };
  train::Sharing sharing = {};  // of the batches
};

/// The mean over batches of |g|: how much the loss moves with the weight.
Criterion sensitivity(GradientSource source);
/// |w| over its sensitivity, by which the rule `|w| > threshold * sensitivity` is by_threshold(weights,
/// threshold, ...). A weight with no sensitivity at all ranks highest, if it is not zero itself.
Criterion magnitude_over_sensitivity(GradientSource source);
/// |w * sum of g|: what setting the weight to zero does to the loss, in first order, of all batches together.
/// On an untrained network, with one batch: Lee et al., "SNIP: single-shot network pruning", ICLR 2019.
Criterion snip(GradientSource source);
/// The mean over batches of |sum of w * g over the group|: Molchanov et al., "Pruning convolutional neural
/// networks for resource efficient inference", ICLR 2017, there for channels. Parts of a group that cancel do
/// so here.
Criterion taylor(GradientSource source, const Granularity& granularity = element());
/// w^2 / 2 * the mean over batches of g^2 (the empirical Fisher information, which stands for the diagonal of
/// the Hessian): the loss that removing the weight costs at a minimum. LeCun et al., "Optimal brain damage",
/// 1990.
Criterion hessian_diagonal(GradientSource source);

/// Movement pruning (Sanh et al. 2020): weights that training moves away from zero are worth keeping,
/// whatever their size. It adds up -w * g over training steps: call observe() after each backward(), before
/// the step or after it.
class Movement {
 public:
  explicit Movement(std::vector<Parameter> weights);
  /// Throws Error if one of the weights has no gradient.
  void observe();
  /// The sums so far, at each call. Throws Error if nothing was observed, or for weights that are not these.
  Criterion criterion() const;
  void state(StateVisitor& visit);

 private:
  struct Sums;
  std::shared_ptr<Sums> sums_;
};

}  // namespace tinynn::prune
