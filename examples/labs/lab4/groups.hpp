// Given: which layers hang together. If layer A's channel 3 goes, so does whatever else is made of it or made
// for it: A's BatchNorm has no channel 3 any more, the next layer has no such input, and where two layers are
// added, the other one has to give up its channel 3, too.
#pragma once

#include "network.hpp"

namespace lab4 {

/// Channels that can only be deleted together, wherever they occur. Layers are given by their numbers in
/// net.layers.
struct Group {
  struct Reader {
    int layer;  // a convolution or a linear layer
    // How many of the layer's inputs are one channel: channel c is the inputs from c * positions up to, and
    // without, (c + 1) * positions. It is 1, but height * width after flatten.
    std::int64_t positions;
  };

  // How many there are.
  std::int64_t channels;
  // The convolutions and linear layers whose outputs they are. Additions tie several.
  std::vector<int> makers;
  // The BatchNorms that they go through.
  std::vector<int> batch_norms;
  // The layers that have them as inputs. One may be a maker of the same group, too.
  std::vector<Reader> readers;
};

/// All groups of a network, without those that are its image or its outputs: nobody may delete these.
std::vector<Group> groups(const Network& net);

/// As text, one group a line:
///   8 channels: made by conv0, conv3; through bn1, bn4; read by conv2, linear8 (16 inputs each)
std::string to_text(const Network& net, const std::vector<Group>& groups);

/// The layers, one a line, with the shapes of weights and what is put out.
std::string to_text(const Network& net);

/// The same within a line, as the checks' messages have it: conv0 4x1x3x3, bn1, relu2, conv3 4x4x3x3,
/// add4(relu2, conv3). A layer that reads the one before it does not say so.
std::string in_short(const Network& net);
std::string in_short(const Network& net, const Group& group);

}  // namespace lab4
