// Channel path: the way of a layer's channels from the weight that makes them to the weights that read them,
// where every channel goes the same way by itself. Two channels whose weights agree are then equal wherever
// they are read, and one can stand for both.
#pragma once

#include <string>
#include <vector>

#include <tinynn/graph/channel_map.hpp>

namespace tinynn::structured {

struct ChannelPath {
  struct Channel {
    graph::Atom maker;  // the slice of a weight that makes it
    std::vector<graph::Atom>
        readers;  // the slices of weights that read it, in the same order for all channels
  };

  int weight, bias = -1;                   // numbers of values of the graph; -1: none
  const graph::Operation* norm = nullptr;  // the batch_norm right after, if there is one
  std::vector<Channel> channels = {};
  bool homogeneous = true;    // what comes after is f with f(s x) = s f(x) for every s > 0, as relu is
  std::string obstacle = {};  // why one channel cannot stand for another; empty if it can
};

/// Those of all operations of the map's graph that make channels, in their order. `map` must outlive them.
std::vector<ChannelPath> channel_paths(const graph::ChannelMap& map);

}  // namespace tinynn::structured
