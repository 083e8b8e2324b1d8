// Channel groups: what hangs together in a model, and what deleting it would save. A group is a set of
// channels that touch the same tensors in the same way: the filters of one convolution, say, with the batch
// normalisation after it and the inputs of the next; or all that residual additions tie together.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tinynn/graph/channel_map.hpp>

namespace tinynn::structured {

/// One of the tensors that a group's channels are slices of.
struct GroupMember {
  std::string name;  // dotted
  Tensor tensor;     // the live parameter or buffer
  int64_t dim;
  std::vector<std::vector<int64_t>> indices;  // along dim, for each channel
  bool makes = false;                         // the channels, rather than reading them
};

struct ChannelGroup {
  std::vector<int64_t> classes;      // of the channel map, one a channel
  std::vector<GroupMember> members;  // in the order of the graph
  std::string pinned;                // why nothing of it can be deleted; empty if it can
  bool images = false;               // made by convolutions, not by linear layers alone
  int64_t parameters = 0, macs = 0;  // saved by deleting one channel; MACs of one sample
};

/// All groups that some weight produces, in the order in which they are made.
std::vector<ChannelGroup> groups(const graph::ChannelMap& map);
std::vector<ChannelGroup> groups(nn::Module& model, const graph::Example& example);

/// As a table, one group a line.
std::string to_text(const std::vector<ChannelGroup>& groups);

/// What a model costs while channels are taken off it one by one, on paper: parameters, and
/// multiply-accumulates of one sample with weights of which none are masked.
class ChannelCosts {
 public:
  struct Cost {
    int64_t parameters = 0, macs = 0;
  };
  /// `map` must outlive this.
  explicit ChannelCosts(const graph::ChannelMap& map);
  Cost total() const;
  void remove(int64_t of_class) { resize(of_class, -1); }
  void put_back(int64_t of_class) { resize(of_class, 1); }
  Cost saved_by(int64_t of_class);

 private:
  void resize(int64_t of_class, int64_t change);

  std::vector<std::vector<graph::Atom>> slices_;
  std::vector<bool> is_parameter_;           // by value
  std::vector<int64_t> uses_;                // by value: how often each of its elements is multiplied
  std::vector<std::vector<int64_t>> sizes_;  // by value
};

}  // namespace tinynn::structured
