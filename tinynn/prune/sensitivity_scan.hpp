// Sensitivity scan: how much accuracy each layer costs. One layer at a time is pruned, without fine-tuning,
// to one sparsity after the other, and the network evaluated (Li et al., "Pruning filters for efficient
// ConvNets", ICLR 2017). Layers differ a lot: the scan says which can be pruned, and how far.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <tinynn/nn/module.hpp>
#include <tinynn/prune/mask_rules.hpp>

namespace tinynn::prune {

struct ScanOptions {
  std::vector<double> sparsities = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99};  // ascending
  Rule rule = {};
};

struct LayerScan {
  std::string name;  // of the weight
  Parameter weight;
  std::vector<double> sparsities, accuracies;  // from the state the network is in, which comes first
};

/// Scans every weight; `accuracy` evaluates the network. It is in the end what it was, even if
/// something throws. Throws Error for sparsities that are no ascending fractions.
std::vector<LayerScan> scan_sensitivity(nn::Module& module, const std::function<double()>& accuracy,
                                        const ScanOptions& options = {});

/// For each layer the largest sparsity at which it alone costs no more than `loss` of accuracy, interpolated
/// between the scanned ones: shares to prune by. Layers together cost more than each alone.
std::vector<Share> shares_within(const std::vector<LayerScan>& scan, double loss);

}  // namespace tinynn::prune
