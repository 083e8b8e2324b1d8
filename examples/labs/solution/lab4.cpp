// Lab 4: channels out. See lab4.hpp for what each function has to do.
#include "lab4.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace lab4 {

using std::int64_t, std::span, std::vector;

vector<double> channel_importance(const Network& net, const Group& group, Norm norm) {
  // BEGIN SOLUTION channel_importance
  vector<double> importance(group.channels);
  for (const int maker : group.makers) {
    const vector<float>& weight = net.layers[maker].weight.value;
    const int64_t each = std::ssize(weight) / group.channels;  // weights that make one channel
    for (int64_t c = 0; c < group.channels; ++c) {
      double sum = 0;
      for (const float w : span(weight).subspan(c * each, each))
        sum += norm == Norm::l1 ? std::abs(w) : double{w} * w;
      importance[c] += norm == Norm::l1 ? sum : std::sqrt(sum);
    }
  }
  return importance;
  // END SOLUTION
}

vector<int64_t> channels_to_keep(span<const double> importance, double share) {
  // BEGIN SOLUTION channels_to_keep
  if (!(share >= 0 && share <= 1)) throw std::invalid_argument("channels_to_keep: share is not from 0 to 1");
  const int64_t channels = std::ssize(importance);
  const int64_t gone = std::min(static_cast<int64_t>(std::nearbyint(share * channels)), channels - 1);
  vector<int64_t> keep(channels);
  std::iota(keep.begin(), keep.end(), 0);
  // Stable: of equals the first stay in front.
  std::stable_sort(keep.begin(), keep.end(),
                   [&](int64_t a, int64_t b) { return importance[a] > importance[b]; });
  keep.resize(channels - gone);
  std::sort(keep.begin(), keep.end());
  return keep;
  // END SOLUTION
}

// BEGIN SOLUTION
// Values are `before` times `channels` slices of `size`; the slices of `keep` stay.
void keep_slices(vector<float>& values, int64_t before, int64_t channels, int64_t size,
                 span<const int64_t> keep) {
  vector<float> kept;
  kept.reserve(before * keep.size() * size);
  for (int64_t i = 0; i < before; ++i) {
    for (const int64_t c : keep) {
      const auto slice = values.begin() + (i * channels + c) * size;
      kept.insert(kept.end(), slice, slice + size);
    }
  }
  values = std::move(kept);
}

// Cuts one dimension, along which a channel is `positions` indices side by side. Moments are cut as values
// are.
void cut(Parameter& p, int dimension, int64_t positions, span<const int64_t> keep) {
  const auto product = [](auto begin, auto end) {
    return std::accumulate(begin, end, int64_t{1}, std::multiplies<>());
  };
  const auto at = p.shape.begin() + dimension;
  const int64_t before = product(p.shape.begin(), at), channels = *at / positions;
  const int64_t size = positions * product(at + 1, p.shape.end());
  for (vector<float>* values : {&p.value, &p.m, &p.v}) keep_slices(*values, before, channels, size, keep);
  *at = std::ssize(keep) * positions;
}
// END SOLUTION

void delete_channels(Network& net, const Group& group, span<const int64_t> keep) {
  // BEGIN SOLUTION delete_channels
  const bool ascending = std::adjacent_find(keep.begin(), keep.end(), std::greater_equal<>()) == keep.end();
  if (keep.empty() || !ascending || keep.front() < 0 || keep.back() >= group.channels) {
    throw std::invalid_argument("delete_channels: not an ascending list of channels to keep");
  }
  for (const int maker : group.makers) {
    cut(net.layers[maker].weight, 0, 1, keep);
    cut(net.layers[maker].bias, 0, 1, keep);
  }
  for (const int number : group.batch_norms) {
    Layer& layer = net.layers[number];
    cut(layer.weight, 0, 1, keep);
    cut(layer.bias, 0, 1, keep);
    keep_slices(layer.mean, 1, group.channels, 1, keep);
    keep_slices(layer.variance, 1, group.channels, 1, keep);
  }
  // A layer that makes and reads these channels has been cut above as their maker: now its second dimension
  // is.
  for (const auto& [reader, positions] : group.readers) cut(net.layers[reader].weight, 1, positions, keep);
  // END SOLUTION
}

double question1() {
  // BEGIN SOLUTION question1
  Network net = vgg();
  for (const Group& group : groups(net)) {
    delete_channels(net, group, channels_to_keep(channel_importance(net, group, Norm::l1), 0.3));
  }
  return static_cast<double>(macs(net)) / static_cast<double>(macs(vgg()));
  // END SOLUTION
}

double question2() {
  // BEGIN SOLUTION question2
  Network net = resnet();
  for (const Group& group : groups(net)) {
    if (group.makers.size() > 1) continue;
    delete_channels(net, group, channels_to_keep(channel_importance(net, group, Norm::l1), 0.3));
  }
  return static_cast<double>(macs(net)) / static_cast<double>(macs(resnet()));
  // END SOLUTION
}

double question3() {
  // BEGIN SOLUTION question3
  const Network net = resnet();
  Group group = groups(net).at(0);
  const vector<int64_t> keep = channels_to_keep(channel_importance(net, group, Norm::l1), 0.5);
  group.makers.resize(1);
  const vector<int64_t> other = channels_to_keep(channel_importance(net, group, Norm::l1), 0.5);
  return static_cast<double>(std::count_if(keep.begin(), keep.end(), [&](int64_t c) {
    return std::find(other.begin(), other.end(), c) == other.end();
  }));
  // END SOLUTION
}

}  // namespace lab4
