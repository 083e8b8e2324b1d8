// recalibrate_batch_norm: running statistics after a cut. Evaluation normalises with means and variances that
// were averaged while channels were still there; a network that loses half of them is often wrong for that
// reason alone. torch.optim.swa_utils.update_bn does the same for averaged weights.
#pragma once

#include <cstdint>

#include <tinynn/data/data_loader.hpp>
#include <tinynn/nn/module.hpp>

namespace tinynn::train {

/// Runs so many batches of the next epoch forward in training mode, without gradients: the running averages
/// of all normalisations become those of these batches, as far as their momentum m forgets: what was there
/// before keeps a weight of (1 - m)^batches. Parameters stay; each module gets its own mode back. Throws
/// Error for a negative number.
void recalibrate_batch_norm(nn::Module& module, data::DataLoader& loader, int64_t batches);

}  // namespace tinynn::train
