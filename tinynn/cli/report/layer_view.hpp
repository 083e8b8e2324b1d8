// LayerView: the state of one weight at one time, kept for a report; and what of it can be seen.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tinynn/cli/report/html.hpp>
#include <tinynn/core/state.hpp>
#include <tinynn/nn/module.hpp>

namespace tinynn::cli {

struct LayerView {
  std::string name;       // "conv1.weight"
  Tensor weight;          // a copy: (O, I) of a linear layer, (O, I/groups, kH, kW) of a convolution
  int64_t live = 0;       // weights that are not zero; those that are pruned are
  int64_t live_rows = 0;  // rows or filters, slices along O, with a live weight
  int64_t macs = 0;       // live multiply-accumulates of one sample in its layer

  void state(StateVisitor& visit);
};

/// Every weight of the module, in listing order. Runs the module once on `example` (n, ...).
std::vector<LayerView> view_layers(nn::Module& module, const Tensor& example);

/// A row a layer, before and after.
Html layer_table(const std::vector<LayerView>& before, const std::vector<LayerView>& after);

/// The live weights of a layer as a picture: a row an output, a column an input (for a convolution: a weight
/// of each kernel, one kernel after the other). Big ones show the density of small squares.
Html mask_picture(const LayerView& layer);

/// What the first 64 outputs of the first layer look for, before and after: its kernels or, where it is
/// linear and reads images of shape (C, H, W), one picture of each output's weights. Empty if there is no
/// such.
Html filter_pictures(const LayerView& before, const LayerView& after, const Shape& image);

}  // namespace tinynn::cli
