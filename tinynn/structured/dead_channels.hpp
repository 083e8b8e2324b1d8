// Dead channels: which channels the masks of a network have killed. A channel is dead if nothing changes
// without it: everything that reads it either is masked there, or would read the same number whatever the
// sample, because all that makes the channel is masked.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <tinynn/graph/channel_map.hpp>

namespace tinynn::structured {

class DeadChannels {
 public:
  /// `map` must outlive this. The masks are read now; the numbers on the example are those of the map's
  /// graph. With `trust_zeros` a product is taken to be zero wherever one factor could be, with no look at
  /// the numbers: as long as the biases of dead channels have not been masked, these say nothing yet.
  DeadChannels(const graph::ChannelMap& map, bool trust_zeros);

  /// The classes that may be deleted, as far as masks and structure go. A layer always keeps one channel.
  std::set<int64_t> classes() const;
  /// Whether this atom is the same number for every sample and everywhere in its channel.
  bool is_constant(const graph::Atom& atom) const { return constant_[index(atom)] && !varies(atom); }
  /// That number.
  float constant(const graph::Atom& atom) const;
  /// Whether this slice of a weight is masked as a whole.
  bool is_masked(const graph::Atom& atom) const { return masked_[index(atom)]; }

 private:
  size_t index(const graph::Atom& atom) const { return static_cast<size_t>(map_.number(atom)); }
  bool varies(const graph::Atom& atom) const;
  bool is_zero(const graph::Atom& atom) const;
  void read_masks();
  void follow_constants();

  const graph::ChannelMap& map_;
  bool trust_zeros_;
  std::vector<bool> masked_, constant_;  // by atom
};

/// Masks what makes and shifts the channels of these classes. What reads them stays as it is, for it may
/// still have to add a constant to a bias.
void mask_channels(const graph::ChannelMap& map, const std::set<int64_t>& classes);

/// "conv1.weight", dimension 0, index 3 as "conv1.weight[3]"; as "conv1.weight[:, 3]" in dimension 1.
std::string name_of(const graph::ChannelMap& map, const graph::Atom& atom);

}  // namespace tinynn::structured
