// Weight sharing: the live values of a weight become few, the centres of k clusters, so that a file can hold
// the index of a cluster for each (io::Storage::compressed). Zeros stay zero. Han et al., "Deep compression",
// ICLR 2016.
#pragma once

#include <cstdint>
#include <vector>

#include <tinynn/autograd/parameter.hpp>

namespace tinynn::deploy {

/// Gives every live element of a parameter the centre of its cluster, one of at most k: k-means (Lloyd's
/// iterations) from centres spaced evenly between the smallest and the largest value, which keeps the rare
/// large ones. Returns the root of the mean squared change. Throws Error for k below 1, a parameter that is
/// reparametrized, or values that are not finite.
double share_weights(Parameter parameter, int64_t k);

}  // namespace tinynn::deploy
