// rewind: the step that makes lottery tickets. A network is trained and pruned, and what is left of it starts
// again from the weights it had in the beginning (Frankle & Carbin, "The lottery ticket hypothesis", ICLR
// 2019) or early in training, which larger networks need (Frankle et al., "Linear mode connectivity and the
// lottery ticket hypothesis", ICML 2020).
//
//   const Snapshot start = snapshot(net);
//   for (int round = 0; round < 10; ++round) {
//     train_from_start_to_end();
//     prune::prune(prune::weights(net), prune::fraction(0.2));
//     prune::rewind(net, start);
//   }
#pragma once

#include <tinynn/nn/snapshot.hpp>

namespace tinynn::prune {

/// Gives the parameters the values, and the module the buffers, of the snapshot; present masks stay, and all
/// moments become zero. The snapshot may be one of another network of the same shapes: fresh weights in a
/// ticket's mask are what the ticket has to beat. Optimizers go on counting their steps: make a new one to
/// begin with a full bias correction. Throws Error, and changes nothing, if a shape differs
/// or a parameter is reparametrized.
void rewind(nn::Module& module, const nn::Snapshot& to);

}  // namespace tinynn::prune
