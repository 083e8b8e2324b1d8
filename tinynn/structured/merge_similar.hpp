// merge_similar: of neurons or filters that compute the same, one is enough. Rows of a weight, with their
// biases, that point in nearly the same direction are found by hashing (similar_rows.hpp); the later row is
// masked, and what it did is handed to the earlier: the weights that read it, times the ratio of the norms,
// are added to those that read the survivor. compact() then deletes it.
//
//   structured::merge_similar(net, images, {.cosine = 0.95});
//   structured::compact(net, images);
//
// This is exact if one row is a positive multiple of the other and all that comes between the layer and its
// readers is positively homogeneous: relu, leaky_relu, pools, reshape, permute; a BatchNorm right after
// the layer counts as part of its rows. After other activations, sigmoid say, only rows that are equal are
// merged. Where channels are tied to others (residual sums, products, concatenations), are grouped, or
// are the model's outputs, the layer is left alone. As in data-free parameter pruning of Srinivas and Babu,
// BMVC 2015, which removes one neuron of the most similar pair at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tinynn/graph/graph.hpp>
#include <tinynn/structured/similar_rows.hpp>

namespace tinynn::structured {

struct Merge {
  std::string weight;  // dotted name of the layer's weight
  int64_t channel, survivor;
  double cosine, scale;  // channel = scale * survivor, if the cosine is 1
};

struct MergeReport {
  std::vector<Merge> merges = {};
  double output_change = 0;  // on the example, the largest change of an output over the largest |output|
  std::vector<std::string> left_alone = {};  // weights whose channels cannot be merged, each with the reason
};

/// Each channel is merged into the survivor to which it has the largest cosine, of those that are similar to
/// it. A survivor's reader is alive afterwards where either was. Works in evaluation mode, by the running
/// statistics of a BatchNorm. Throws Error, and leaves the model as it was, if a parameter is reparametrized,
/// if the model does not run on the example, or for options out of their ranges.
MergeReport merge_similar(nn::Module& model, const graph::Example& example,
                          const SimilarOptions& options = {});

}  // namespace tinynn::structured
