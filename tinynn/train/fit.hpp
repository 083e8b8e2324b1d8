// fit: the training loop, ready made. A loop written out by hand needs nothing from here.
#pragma once

#include <tinynn/train/run.hpp>

namespace tinynn::train {

using FitOptions = RunOptions;

/// Runs all epochs and returns an entry for each. Throws what Run throws.
std::vector<Epoch> fit(nn::Module& module, optim::Optimizer& optimizer, data::DataLoader& loader,
                       const FitOptions& options = {});

}  // namespace tinynn::train
