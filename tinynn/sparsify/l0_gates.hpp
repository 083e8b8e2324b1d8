// L0Gates: learns which weights to remove, by gradient descent on the expected number of those that are left
// (Louizos, Welling & Kingma, "Learning sparse neural networks through L0 regularization", ICLR 2018). Every
// weight w, or every slice of weights, gets a gate z in [0, 1] with one learned parameter log_alpha, and
// layers compute with w z:
//   training:    s = sigmoid((log u - log(1 - u) + log_alpha) / beta), u uniform in (0, 1)
//   evaluation:  s = sigmoid(log_alpha)
//   z = min(max(s (zeta - gamma) + gamma, 0), 1)            (the "hard concrete" distribution)
//   P(z != 0) = sigmoid(log_alpha - beta log(-gamma / zeta))
// Whether a gate is drawn or fixed is decided by the mode of the layer that asks, as for dropout: after
// Module::eval() outputs repeat, with the tape or without. One draw serves the whole batch.
//
//   sparsify::L0Gates gates(prune::weights(net), {.strength = 1e-6});
//   optim::Adam adam({{net.parameters(), {}}, {gates.parameters(), {.lr = 1e-2}}});
//   train::fit(net, adam, loader, {.epochs = 20, .penalty = [&] { return gates.penalty(); }});
//   gates.harden();
#pragma once

#include <vector>

#include <tinynn/autograd/parameter.hpp>

namespace tinynn {
class StateVisitor;
}

namespace tinynn::sparsify {

struct L0Options {
  double strength = 1e-6;   // price of one weight: the paper's lambda divided by the training samples
  bool per_slice = false;   // one gate for each slice of dimension 0 (neuron, filter), not for each weight
  double droprate = 0.5;    // where gates start: log_alpha normal, mean log((1 - p) / p), deviation 0.01
  double beta = 2.0 / 3.0;  // temperature: smaller is closer to 0 or 1
  double gamma = -0.1, zeta = 1.1;  // z is stretched to this range, then cut
};

class L0Gates {
 public:
  /// Hangs a gate on each weight. Throws Error, and changes nothing, if an option is out of range or a weight
  /// is reparametrized already or listed twice.
  explicit L0Gates(const std::vector<Parameter>& weights, const L0Options& options = {});

  /// log_alpha of every weight, (out, in, ...) or, per slice, (out, 1, ...): for an optimizer, whose rate for
  /// them may be ten times that of the weights.
  std::vector<Parameter> parameters() const;
  /// strength * the expected number of weights that are not zero, to be added to the loss. Weights that are
  /// dead already do not count.
  Tensor penalty() const;
  /// That number as a fraction of all weights.
  double expected_density() const;
  /// sparsify::harden() on every weight.
  void harden();
  void state(StateVisitor& visit);

 private:
  struct Gate {
    Parameter weight, log_alpha;
    Tensor alive;  // weights that each gate decides about, in the shape of log_alpha
  };
  Tensor expected_nonzero() const;
  L0Options options_;
  std::vector<Gate> gates_;
};

/// z for these log_alpha, of the same shape.
Tensor hard_concrete(const Tensor& log_alpha, const L0Options& options, bool training);

}  // namespace tinynn::sparsify
