// Folding: a dead channel that is a constant other than zero adds a constant to every output of what reads
// it. Where that is the same number everywhere it can be added to the bias instead; where an image is padded
// with zeros it is not the same at the border.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include <tinynn/structured/dead_channels.hpp>

namespace tinynn::structured {

/// Those of the classes that cannot be deleted, for something reads them that needs more than a constant, or
/// a constant that cannot be folded; with reasons.
std::map<int64_t, std::string> not_foldable(const graph::ChannelMap& map, const DeadChannels& dead,
                                            const std::set<int64_t>& classes);
/// Adds the constants of these classes, which must be foldable, to the biases of what reads them. Returns how
/// many classes had one.
int64_t fold_constants(const graph::ChannelMap& map, const DeadChannels& dead,
                       const std::set<int64_t>& classes);

}  // namespace tinynn::structured
