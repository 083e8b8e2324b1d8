// Regrowth: dead weights come back, so that a mask is searched for while it is trained under. An update drops
// the smallest |w| of the living and revives as many of the dead, each at zero with zero moments; the number
// alive does not change. What was just dropped may be chosen again and then keeps its value. The methods
// differ in which come back:
//   SET, at random                      Mocanu et al., Nature Communications 2018
//   RigL, by |dense gradient|           Evci et al., "Rigging the lottery", ICML 2020
//   sparse momentum, by its average     Dettmers & Zettlemoyer, "Sparse networks from scratch", 2019
//
//   const DenseGrad guard(weights);           // before backward(), until the weights have regrown
//   cross_entropy(net(images), labels).backward();
//   sparsify::rigl(weights, sparsify::cosine_decay(0.3, step, end));
//
// Ties are broken by position. If anything throws, no mask has changed.
#pragma once

#include <cstdint>
#include <vector>

#include <tinynn/autograd/parameter.hpp>
#include <tinynn/prune/criterion.hpp>
#include <tinynn/prune/mask_rules.hpp>

namespace tinynn {
class StateVisitor;
}

namespace tinynn::sparsify {

/// Drops `fraction`, in [0, 1], of the living weights of each parameter (local) or of all together (global,
/// where each parameter keeps at least one), and revives as many where the criterion is highest. Throws what
/// the criterion throws, and Error if a score is NaN or a parameter is reparametrized.
void regrow(const std::vector<Parameter>& parameters, double fraction, const prune::Criterion& growth,
            prune::Scope scope = prune::Scope::local);
/// regrow() by random().
void set(const std::vector<Parameter>& parameters, double fraction, prune::Scope scope = prune::Scope::local);
/// regrow() by dense_gradient().
void rigl(const std::vector<Parameter>& parameters, double fraction,
          prune::Scope scope = prune::Scope::local);

/// Revives, where the criterion is highest among all parameters together, as many as make `alive` elements
/// alive; none if there are more. After prune() it is the other half of a regrowth whose number falls. Throws
/// Error as regrow() does, or if there are not so many elements.
void grow(const std::vector<Parameter>& parameters, int64_t alive, const prune::Criterion& growth);

/// |gradient| as it stands in the parameter, also of dead weights: of one backward(), or of several summed.
/// Throws Error if a parameter has none, or if no DenseGrad lives that kept those of the dead.
prune::Criterion dense_gradient();

/// Sparse momentum. A layer gets its part of all that was dropped in proportion to the mean |momentum| of its
/// living weights, and revives where |momentum| is largest. As optimizers keep no moments of dead weights,
/// the momentum is an average of its own, m = decay m + (1 - decay) grad, of dense gradients: while this
/// lives, its parameters have no others. They must not be cut.
class SparseMomentum {
 public:
  /// Throws Error unless 0 <= decay < 1.
  explicit SparseMomentum(std::vector<Parameter> parameters, double decay = 0.9);
  /// To be called after backward(). Throws Error if a parameter has no gradient.
  void update();
  /// Drops `fraction` of the living weights of each parameter, and revives as many in all.
  void regrow(double fraction) const;
  void state(StateVisitor& visit);

 private:
  void check_uncut(size_t k) const;
  std::vector<Parameter> parameters_;
  double decay_;
  DenseGrad dense_;
  std::vector<Tensor> momentum_;
  bool updated_ = false;
};

/// fraction / 2 (1 + cos(pi step / end)), and 0 from the end on: how RigL lets regrowth fade.
/// Throws Error if the step is negative or the end is not positive.
double cosine_decay(double fraction, int64_t step, int64_t end);

}  // namespace tinynn::sparsify
