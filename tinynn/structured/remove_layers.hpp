// Layer pruning: whole layers whose input and output have one shape, a residual block say, are replaced by
// nothing. Which ones can go is seen on a run, which ones should go is for the caller to measure:
//
//   structured::remove_layers(net, images, {.count = 2}, [&] { return train::evaluate(net, test).accuracy;
//   });
//
// A layer can go if it is an entry of a nn::Sequential, has a weight, and each time it ran gave what it got
// in shape. In its place stays a Removed, which hands its input on, so that the names of all others stay. In
// a graph::Network it is a block, and goes from the graph. Residual networks bear this without retraining:
// Veit et al., "Residual networks behave like ensembles of relatively shallow networks", NIPS 2016.
//
// A file of such a network has no tensors of the removed layers; with its graph it is loaded as any other,
// and without it the same layers have to be removed from what it is loaded into.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <tinynn/graph/network.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/sequential.hpp>

namespace tinynn::structured {

/// What stands where a layer was.
struct Removed : nn::Identity {};

struct LayerChoice {
  std::string name;                     // dotted
  int64_t parameters = 0;               // trainable
  int64_t macs = 0;                     // live multiply-accumulates of one sample
  std::optional<double> accuracy = {};  // of the network without it, if that was measured
};

/// The layers that can go, parents first. Throws what the model throws when it runs on the example.
std::vector<LayerChoice> removable_layers(nn::Module& model, const graph::Example& example);

/// Removes a layer, for a caller that knows that its shapes agree. Optimizers go on with the others. Throws
/// Error, and changes nothing, if there is no module of that name, if it is no entry of a Sequential and
/// no block, or if no weight would be left.
void remove_layer(nn::Module& model, const std::string& name);
/// The same for any caller: throws Error also if the layer is none of removable_layers().
void remove_layer(nn::Module& model, const std::string& name, const graph::Example& example);
/// The names of the layers that were removed, in listing order.
std::vector<std::string> removed_layers(nn::Module& model);

/// While one lives, a layer is removed; then it is back, the very same, unless it was let go.
class WithoutLayer {
 public:
  /// Throws what remove_layer() without an example throws.
  WithoutLayer(nn::Module& model, const std::string& name);
  ~WithoutLayer();
  WithoutLayer(const WithoutLayer&) = delete;
  WithoutLayer& operator=(const WithoutLayer&) = delete;

  void let_go() {
    layer_.reset();
    before_.reset();
  }

 private:
  nn::Sequential* parent_ = nullptr;
  int64_t index_ = 0;
  std::optional<nn::Sequential::Entry> layer_;
  graph::Network* network_ = nullptr;
  std::optional<graph::Network> before_;
};

/// Measures the accuracy without each of the removable layers, one at a time; the least missed comes first.
/// The model is in the end what it was, even if something throws.
std::vector<LayerChoice> rank_layers(nn::Module& model, const graph::Example& example,
                                     const std::function<double()>& accuracy);

/// How much to remove: one of the two.
struct RemoveLayersOptions {
  std::optional<int64_t> count = {};   // this many layers
  std::optional<double> to_macs = {};  // until at most this fraction, in (0, 1], of the MACs remains
};

/// Removes the layer that is missed least, ranks the rest anew, and so on; returns what was removed, in that
/// order. Throws Error for options out of their ranges, and if no layer that can go is left before enough are
/// removed; then, and if anything else throws, all layers are back.
std::vector<LayerChoice> remove_layers(nn::Module& model, const graph::Example& example,
                                       const RemoveLayersOptions& options,
                                       const std::function<double()>& accuracy);

}  // namespace tinynn::structured
