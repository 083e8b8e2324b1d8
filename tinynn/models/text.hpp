// A network as text, from input to output:
//
//   conv 20 5, maxpool 2, conv 50 5, maxpool 2, linear 500, relu, linear 10
//   conv 16 3 pad 1 nobias, bn, relu, [conv 16 3 pad 1 nobias, bn, relu, conv 16 3 pad 1 nobias, bn]+, relu,
//   [conv 32 3 stride 2 pad 1, bn | conv 32 1 stride 2, bn]+, relu, globalpool, linear 10
//
// A layer is a word and its numbers, sizes of inputs follow. What stands in [ ... ]+ is added to what it was
// given, or to what the layers behind | make of that. Pictures are flattened before a linear layer. The
// layers have the names that they have in PyTorch's nn.Sequential: "0.weight", "3.0.weight",
// "3.shortcut.0.weight"; or those that are given, so that weights of other networks fit: "conv1: conv 20 5,
// maxpool 2, fc: linear 10".
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <tinynn/graph/graph.hpp>
#include <tinynn/nn/sequential.hpp>

namespace tinynn::models {

/// The network for samples of this shape, (c, h, w) or (features), freshly initialised. Throws Error for a
/// word that is none of a layer's, naming the nearest, and where sizes do not fit, naming the layer and both
/// shapes.
std::unique_ptr<nn::Sequential> from_text(const std::string& text, const Shape& sample);

/// The text of which from_text() makes a network of the same operations and sizes; none if there is no such.
std::optional<std::string> to_text(const graph::Graph& graph);

/// A line for each layer, for help.
std::string text_help();

}  // namespace tinynn::models
