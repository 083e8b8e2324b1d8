// Splice: pruning that can change its mind (Guo, Yao & Chen, "Dynamic network surgery for efficient DNNs",
// NIPS 2016). Layers compute with w T, where T is 0 for what is cut and 1 elsewhere; the gradient reaches all
// of w as if nothing were cut, so that what was cut goes on learning and is spliced back once it has grown.
// With a threshold t and a band h, 0.1 in the paper:
//   T = 0 where |w| < (1 - h) t,   T = 1 where |w| >= (1 + h) t,   unchanged in between
//
//   sparsify::Splice splice(prune::weights(net));
//   ... every few steps of training: splice.update(0.95); ... and in the end
//   splice.update(0.95, 0);
//   splice.harden();
#pragma once

#include <vector>

#include <tinynn/autograd/parameter.hpp>

namespace tinynn {
class StateVisitor;
}

namespace tinynn::sparsify {

class Splice {
 public:
  /// Hangs a T of ones on each weight. Throws Error, and changes nothing, if one is reparametrized already or
  /// listed twice.
  explicit Splice(const std::vector<Parameter>& weights);

  /// Updates T with one t for all weights: where |w| passes this fraction, in [0, 1], of them. With band 0
  /// exactly that many are cut, unless there are ties. Throws Error, and changes nothing, if the fraction is
  /// outside [0, 1], the band outside [0, 1), or a weight NaN.
  void update(double sparsity, double band = 0.1);
  /// Updates T as published, with t = mean + c * standard deviation of |w|, of each weight tensor by itself.
  void update_by_deviation(double c, double band = 0.1);
  /// The fraction that is cut.
  double sparsity() const;
  /// sparsify::harden() on every weight.
  void harden();
  void state(StateVisitor& visit);

 private:
  struct Layer {
    Parameter weight;
    Tensor kept;  // T
  };
  std::vector<Layer> layers_;
};

}  // namespace tinynn::sparsify
