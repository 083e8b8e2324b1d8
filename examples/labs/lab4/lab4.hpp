// Lab 4: channels out. What the student writes, in lab4.cpp. Read network.hpp and groups.hpp first.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "../support/lab.hpp"
#include "groups.hpp"
#include "network.hpp"

namespace lab4 {

enum class Norm { l1, l2 };

/// How important each channel of the group is (group.channels numbers): the norm of the weights that make it,
/// summed over all makers of the group. The weights that make channel c in a layer are weight[c], everything
/// with c as its first index: (inputs, 3, 3) of a convolution, (inputs) of a linear layer. Biases, BatchNorms
/// and readers do not count. L1 is the sum of absolute values; L2 the root of the sum of squares, taken for
/// each maker by itself. In double.
std::vector<double> channel_importance(const Network& net, const Group& group, Norm norm);

/// Which channels stay if `share` of them go, in ascending order. share * (number of channels) go, rounded to
/// the nearest whole number, halves to the even one (as std::nearbyint does); but at least one channel stays.
/// The least important go. Of equally important ones, those with the higher numbers go first. `importance` is
/// not empty and has no NaN. Throws std::invalid_argument if `share` is not from 0 to 1 (NaN is not).
std::vector<std::int64_t> channels_to_keep(std::span<const double> importance, double share);

/// Deletes, in place, all channels of the group but `keep`, wherever they occur: outputs of the makers,
/// BatchNorms with their running statistics, inputs of the readers; of each Parameter its shape, value and
/// Adam's moments m and v, so that training goes on as if the channels had only been held at zero. What stays
/// keeps its order and its value to the bit. `group` is one of groups(net), or was before channels of other
/// groups were deleted. Throws std::invalid_argument, and leaves `net` as it was, if `keep` is empty, not
/// strictly ascending, or has a number that is not from 0 to group.channels - 1.
void delete_channels(Network& net, const Group& group, std::span<const std::int64_t> keep);

/// Question 1. Delete 30% of the channels of every group of vgg(), the least important by L1. Which share of
/// its macs() remains? To 0.005.
double question1();

/// Question 2. Delete 30% of the channels of those groups of resnet() that have only one maker, again by L1.
/// Which share of its macs() remains? To 0.005.
double question2();

/// Question 3. resnet() has a group of 16 channels with four makers. Half of them are to stay, by L1. How
/// many of the eight that stay would have gone if importance had been taken from the group's first maker
/// alone?
double question3();

}  // namespace lab4
