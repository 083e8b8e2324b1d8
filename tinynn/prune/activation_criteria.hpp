// Criteria that look at what goes through the network. Most look at what comes out of a layer: a score for
// each output (neuron or filter), which all the weights of its row or filter share. They mean something for
// slices of dimension 0. What comes out of a layer is its result after the normalisation and the activation
// that follow it, as the operations of a forward pass show; nothing has to be declared. The network runs in
// evaluation mode and without gradients.
#pragma once

#include <tinynn/data/data_loader.hpp>
#include <tinynn/nn/module.hpp>
#include <tinynn/prune/criterion.hpp>
#include <tinynn/train/batch_sums.hpp>

namespace tinynn::prune {

/// Data that run through a network; both have to outlive the criteria.
struct ActivationSource {
  nn::Module& module;
  data::DataLoader& loader;
  int64_t batches = -1;         // at most so many of an epoch; below 0: all
  train::Sharing sharing = {};  // of the batches
};

/// The mean of |activation| over samples and positions.
Criterion mean_activation(ActivationSource source);
/// The fraction of activations that are not zero, 1 - APoZ: Hu et al., "Network trimming", 2016.
Criterion apoz(ActivationSource source);
/// |scale| of the BatchNorm that follows the layer: Liu et al., "Learning efficient convolutional networks
/// through network slimming", ICCV 2017. `example` is a batch that the network takes. Where none
/// follows, as behind a stem, the mean of those of the channels that its own are tied to. Throws Error where
/// there are none either.
Criterion bn_scale(nn::Module& module, const Tensor& example);

/// |w| times the norm of the input that it multiplies, over all samples and positions, padding included: Sun
/// et al., "A simple and effective pruning approach for large language models", ICLR 2024 (Wanda), there
/// within rows. It scores single weights. Throws Error for a weight that no linear layer or convolution
/// reads.
Criterion wanda(ActivationSource source);

}  // namespace tinynn::prune
