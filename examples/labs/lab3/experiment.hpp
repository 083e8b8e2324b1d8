// What your functions are for: LeNet-300-100 on a tenth of its weights. Given.
#pragma once

#include <cstdint>
#include <vector>

#include "lab3.hpp"
#include "network.hpp"

namespace lab3 {

struct Experiment {
  Network network;
  std::vector<Mask> masks;         ///< of the layers' weights, in the end
  std::vector<double> sparsities;  ///< that choose_sparsities gave
  double dense;                    ///< accuracy before pruning, on images that were held out
};

/// Trains on 19 of 20 images, scans on the others, and prunes to `density` of the weights while training goes
/// on.
Experiment prune_while_training(const Data& data, double density, std::uint64_t seed);

}  // namespace lab3
