// compact: masks make a network sparse, deletion makes it small. What the masks have killed as whole channels
// is deleted from weights, gradients, masks, running statistics and the moments of every live optimizer,
// which all go on with the small network. It is one transaction: complete and checked, or the model is
// untouched.
//
//   prune::ln_structured(net.conv1.weight, {.amount = prune::count(2)});
//   structured::compact(net, images);    // conv1 has two filters less, whatever reads them has two inputs
//   less
//
// First the biases and normalisation parameters of dead channels are masked, which may change the outputs;
// the deletion after that must not, but for rounding. Where a dead channel is a constant other than zero
// (sigmoid of 0), it is folded into the bias of what reads it if that is exact, and kept if not.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tinynn/core/state.hpp>
#include <tinynn/graph/graph.hpp>

namespace tinynn::structured {

struct CompactOptions {
  bool release_outputs = false;  // whether channels of the model's outputs may be deleted
  double tolerance = 1e-4;       // of the largest |output|, for the difference that deletion may make
};

struct Compacted {
  int64_t channels = 0;  // classes of tied channels that were deleted
  int64_t parameters_before = 0, parameters = 0;
  // On the example, the largest change of an output over the largest |output|: by masking biases, and by
  // deleting (and folding), which is rounding.
  double output_change_by_bias = 0, output_difference = 0;
  int64_t folded = 0;                  // channels whose constant went into the next bias
  std::vector<std::string> kept = {};  // masked filters that could not be deleted, each with the reason

  void state(StateVisitor& visit);
};

/// Throws Error, and leaves the model as it was, if a parameter is reparametrized, if the model does not run
/// on the example, or if the outputs differ by more than rounding.
Compacted compact(nn::Module& model, const graph::Example& example, const CompactOptions& options = {});

/// The first half alone: masks the biases, normalisation parameters and filters of channels that the masks
/// have killed, so that training keeps them at zero. Returns the change of the outputs on the example, as
/// above.
double complete_masks(nn::Module& model, const graph::Example& example);

}  // namespace tinynn::structured
