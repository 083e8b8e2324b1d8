// The checks of lab 4. Deletion is checked by what it must not change: a network whose channels have been set
// to zero puts out the same, and learns the same, when they are gone.
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "../support/grading.hpp"
#include "lab4.hpp"

using namespace grading;
using namespace lab4;
using std::int64_t, std::vector;

namespace {

// ---- channel_importance

// Every maker's value of the channel, by the definition.
double importance_of(const Network& net, const Group& group, Norm norm, int64_t channel) {
  double sum = 0;
  for (const int maker : group.makers) {
    const Parameter& weight = net.layers[maker].weight;
    double of_maker = 0;
    for (int64_t i = 0; i < std::ssize(weight.value); ++i) {
      if (i * weight.shape[0] / std::ssize(weight.value) != channel) continue;
      const double w = weight.value[i];
      of_maker += norm == Norm::l1 ? std::abs(w) : w * w;
    }
    sum += norm == Norm::l1 ? of_maker : std::sqrt(of_maker);
  }
  return sum;
}

void require_importance(const Network& net, Norm norm) {
  for (const Group& group : groups(net)) {
    const vector<double> got = channel_importance(net, group, norm);
    const std::string of =
        text(norm == Norm::l1 ? "L1" : "L2", " importance of the group of ", in_short(net, group));
    require(std::ssize(got) == group.channels, of, "; has ", got.size(), " numbers, expected ",
            group.channels);
    for (int64_t c = 0; c < group.channels; ++c) {
      const double expected = importance_of(net, group, norm, c);
      require(std::abs(got[c] - expected) <= 1e-5 * (1 + expected), of, "; of channel ", c, " is ", got[c],
              ", expected ", expected);
    }
  }
}

// A chain of a convolution, a BatchNorm and linear layers.
Network chain(Random& random, int64_t channels = 3) {
  Builder b(1, 2, 2, random.integer(1, 1 << 30));
  const int x = b.flatten(b.relu(b.batch_norm(b.conv(b.conv(-1, channels), 2))));
  b.linear(b.relu(b.linear(x, 4)), 3);
  return b.network();
}

// Where more than one layer makes the same channels: a block, a convolution added to its own input, a
// shortcut.
Network tied(Random& random) {
  Builder b(2, 4, 4, random.integer(1, 1 << 30));
  int x = b.relu(b.batch_norm(b.conv(-1, 4)));
  x = b.relu(b.add(b.batch_norm(b.conv(b.relu(b.conv(x, 3)), 4)), x));
  x = b.add(x, b.conv(x, 4));
  x = b.relu(b.add(b.batch_norm(b.conv(x, 3)), b.conv(x, 3)));
  b.linear(b.flatten(b.pool(x)), 3);
  return b.network();
}

Network random_network(Random& random) {
  Builder b(random.integer(1, 2), 2 * random.integer(2, 3), 4, random.integer(1, 1 << 30));
  const auto maybe_norm = [&](int x) { return random.chance(0.7) ? b.batch_norm(x) : x; };
  const auto conv = [&](int x, int64_t outputs) { return maybe_norm(b.conv(x, outputs)); };
  int64_t channels = random.integer(2, 5);
  int x = b.relu(conv(-1, channels));
  for (int64_t stage = random.integer(1, 3); stage > 0; --stage) {
    switch (random.integer(0, 3)) {
      case 0: x = b.relu(conv(x, channels = random.integer(2, 5))); break;
      case 1: x = b.relu(b.add(x, conv(b.relu(conv(x, random.integer(2, 4))), channels))); break;
      case 2: x = maybe_norm(b.add(conv(x, channels), x)); break;
      case 3: {
        channels = random.integer(2, 5);
        const int shortcut = conv(x, channels);
        x = b.relu(b.add(conv(x, channels), shortcut));
      }
    }
  }
  x = b.flatten(random.chance(0.5) ? b.pool(x) : x);
  if (random.chance(0.7)) x = b.relu(maybe_norm(b.linear(x, channels = random.integer(2, 6))));
  if (random.chance(0.3)) x = b.relu(b.linear(x, random.integer(2, 6)));
  b.linear(x, 3);
  return b.network();
}

void l1(Random& random) {
  for (int i = 0; i < 5; ++i) require_importance(chain(random), Norm::l1);
}
void l2(Random& random) {
  for (int i = 0; i < 5; ++i) require_importance(chain(random), Norm::l2);
}
void tied_weights(Random& random) {
  for (int i = 0; i < 20; ++i) {
    const Network net = i < 5 ? tied(random) : random_network(random);
    require_importance(net, Norm::l1);
    require_importance(net, Norm::l2);
  }
}

// ---- channels_to_keep

void require_kept(const vector<double>& importance, double share, const vector<int64_t>& expected) {
  const vector<int64_t> got = channels_to_keep(importance, share);
  require(got == expected, "channels_to_keep(", show(importance), ", ", share, ") is ", show(got),
          ", expected ", show(expected));
}

void how_many(Random&) {
  for (int64_t channels = 1; channels <= 20; ++channels) {
    const vector<double> importance(channels, 1.0);
    for (int64_t tenth = 0; tenth <= 20; ++tenth) {
      const double share = static_cast<double>(tenth) / 20;
      const double exact = share * static_cast<double>(channels), below = std::floor(exact);
      double gone = exact - below > 0.5 ? below + 1 : below;
      if (exact - below == 0.5 && std::fmod(below, 2) == 1) gone = below + 1;  // halves to even
      const int64_t expected = channels - std::min(static_cast<int64_t>(gone), channels - 1);
      const int64_t got = std::ssize(channels_to_keep(importance, share));
      require(got == expected, "channels_to_keep of ", channels, " channels with share ", share, " keeps ",
              got, ", expected ", expected);
    }
  }
}

void limits(Random&) {
  require_kept({3}, 1, {0});
  require_kept({1, 3, 2}, 1, {1});
  require_kept({1, 3, 2}, 0, {0, 1, 2});
  for (const double share : {-0.01, 1.01, std::nan("")}) {
    bool threw = false;
    try {
      channels_to_keep(vector<double>{1, 2, 3}, share);
    } catch (const std::invalid_argument&) {
      threw = true;
    }
    require(threw, "channels_to_keep with share ", share, " returned, expected std::invalid_argument");
  }
}

void which(Random& random) {
  require_kept({1, 4, 3, 2}, 0.5, {1, 2});
  require_kept({2, 1, 3}, 0.34, {0, 2});
  require_kept({0, 0, 0}, 0.67, {0});
  require_kept({5, 1, 1, 1}, 0.5, {0, 1});
  for (int i = 0; i < 200; ++i) {
    vector<double> importance;
    const int64_t channels = random.integer(1, 40);
    for (int64_t c = 0; c < channels; ++c) importance.push_back(static_cast<double>(random.integer(0, 5)));
    const int64_t gone = random.integer(0, channels - 1);
    // Channel c stays if fewer than channels - gone are before it.
    vector<int64_t> expected;
    for (int64_t c = 0; c < channels; ++c) {
      int64_t before = 0;
      for (int64_t d = 0; d < channels; ++d) {
        before += importance[d] > importance[c] || (importance[d] == importance[c] && d < c);
      }
      if (before < channels - gone) expected.push_back(c);
    }
    require_kept(importance, static_cast<double>(gone) / static_cast<double>(channels), expected);
  }
}

// ---- delete_channels

void zero(Parameter& p, int64_t channel) {
  const int64_t each = std::ssize(p.value) / p.shape[0];
  for (vector<float>* values : {&p.value, &p.m, &p.v})
    std::fill_n(values->begin() + channel * each, each, 0.0F);
}

// Holds all but the channels `keep` at zero, as a mask does.
void mask(Network& net, const Group& group, const vector<int64_t>& keep) {
  for (int64_t c = 0; c < group.channels; ++c) {
    if (std::binary_search(keep.begin(), keep.end(), c)) continue;
    for (const int number : group.makers)
      zero(net.layers[number].weight, c), zero(net.layers[number].bias, c);
    for (const int number : group.batch_norms)
      zero(net.layers[number].weight, c), zero(net.layers[number].bias, c);
  }
}

struct Batch {
  vector<float> images;
  vector<int> labels;
  Batch(Random& random, const Network& net, int64_t count = 4)
      : images(random.floats(count * net.channels * net.height * net.width)) {
    for (int64_t i = 0; i < count; ++i) labels.push_back(static_cast<int>(random.integer(0, 2)));
  }
};

vector<int64_t> every(const Group& group) {
  vector<int64_t> channels;
  for (int64_t c = 0; c < group.channels; ++c) channels.push_back(c);
  return channels;
}

vector<int64_t> some(Random& random, int64_t channels) {
  vector<int64_t> keep;
  for (int64_t c = 0; c < channels; ++c) {
    if (random.chance(0.6)) keep.push_back(c);
  }
  if (keep.empty()) keep.push_back(random.integer(0, channels - 1));
  return keep;
}

// What macs() should be: each layer's by the shares of outputs and inputs that stay.
int64_t expected_macs(const Network& net, const vector<Group>& all, const vector<vector<int64_t>>& keep) {
  const vector<Size> size = sizes(net);
  int64_t sum = 0;
  for (int i = 0; i < static_cast<int>(net.layers.size()); ++i) {
    if (net.layers[i].kind != Kind::conv && net.layers[i].kind != Kind::linear) continue;
    int64_t here = std::ssize(net.layers[i].weight.value) * size[i].height * size[i].width;
    for (std::size_t g = 0; g < all.size(); ++g) {
      const auto scaled = [&] { return here / all[g].channels * std::ssize(keep[g]); };
      if (std::count(all[g].makers.begin(), all[g].makers.end(), i) > 0) here = scaled();
      for (const Group::Reader& reader : all[g].readers) here = reader.layer == i ? scaled() : here;
    }
    sum += here;
  }
  return sum;
}

// A network that has been trained for two steps and then masked, and the same with the masked channels
// deleted.
struct Pair {
  Network masked, cut;
  vector<Group> all;
  vector<vector<int64_t>> keep;
  std::string where;  // what was deleted, and from what

  // Of one group, or of each with a probability of 70%.
  Pair(Random& random, const Network& net, bool one_group) : masked(net), all(groups(net)) {
    const Batch batch(random, net);
    for (int i = 0; i < 2; ++i) train_step(masked, batch.images, batch.labels);
    const int64_t chosen = random.integer(0, std::ssize(all) - 1);
    for (int64_t g = 0; g < std::ssize(all); ++g) {
      const bool cuts = one_group ? g == chosen : random.chance(0.7);
      keep.push_back(cuts ? some(random, all[g].channels) : every(all[g]));
      mask(masked, all[g], keep.back());
      if (cuts) where += "; group: " + in_short(net, all[g]) + "; keeps " + show(keep.back());
    }
    where += "; network: " + in_short(net);
    cut = masked;
    for (std::size_t g = 0; g < all.size(); ++g) {
      if (std::ssize(keep[g]) < all[g].channels) delete_channels(cut, all[g], keep[g]);
    }
    try {
      sizes(cut);
    } catch (const std::exception& e) {
      fail("after deletion ", e.what(), where);
    }
    const int64_t expected = expected_macs(masked, all, keep);
    require(macs(cut) == expected, "after deletion ", macs(cut), " MACs, expected ", expected, where);
  }

  void require_same(Random& random, const std::string& when = "after deletion",
                    double tolerance = 1e-5) const {
    const Batch batch(random, masked, 2);
    const vector<float> got = forward(cut, batch.images), expected = forward(masked, batch.images);
    require(got.size() == expected.size(), when, " ", got.size(), " outputs, expected ", expected.size(),
            where);
    for (std::size_t i = 0; i < got.size(); ++i) {
      const bool near = std::abs(got[i] - expected[i]) <= tolerance * std::max(1.0F, std::abs(expected[i]));
      require(near, when, " output ", i, " is ", got[i], ", of the masked network ", expected[i], where);
    }
  }
};

void plain(Random& random) {
  for (int i = 0; i < 10; ++i) {
    Builder b(1, 2, 2, random.integer(1, 1 << 30));
    b.linear(b.relu(b.linear(b.linear(b.flatten(-1), i < 5 ? 2 : 4), 3)), 3);
    Pair(random, b.network(), i < 8).require_same(random);
  }
  for (int i = 0; i < 10; ++i) {
    Builder b(1, 3, 3, random.integer(1, 1 << 30));
    b.conv(b.relu(b.conv(b.conv(-1, 3), 4)), 3);  // outputs are pixels
    Pair(random, b.network(), i < 8).require_same(random);
  }
}

void with_norm(Random& random) {
  for (int i = 0; i < 10; ++i) {
    Builder b(1, 3, 3, random.integer(1, 1 << 30));
    b.conv(b.relu(b.batch_norm(b.conv(-1, 4))), 3);
    Pair(random, b.network(), i < 8).require_same(random);
  }
}

void with_flatten(Random& random) {
  for (int i = 0; i < 10; ++i) {
    Builder b(1, 2, 2 + 2 * (i % 2), random.integer(1, 1 << 30));
    b.linear(b.flatten(i < 5 ? b.conv(-1, 3) : b.pool(b.relu(b.conv(-1, 4)))), 3);
    Pair(random, b.network(), i < 8).require_same(random);
  }
}

void with_ties(Random& random) {
  for (int i = 0; i < 10; ++i) Pair(random, tied(random), i < 8).require_same(random);
}

void random_networks(Random& random) {
  for (int i = 0; i < 50; ++i) Pair(random, random_network(random), i < 25).require_same(random);
}

void goes_on(Random& random) {
  for (int i = 0; i < 15; ++i) {
    Pair pair(random, i < 5 ? chain(random, 4) : random_network(random), i < 5);
    for (int step = 0; step < 10; ++step) {
      const Batch batch(random, pair.masked);
      const double loss = train_step(pair.cut, batch.images, batch.labels);
      const double expected = train_step(pair.masked, batch.images, batch.labels);
      require(std::abs(loss - expected) <= 1e-5 * (1 + expected), "the loss before step ", step + 1,
              " of Adam after deletion is ", loss, ", of the masked network ", expected, pair.where);
      for (std::size_t g = 0; g < pair.all.size(); ++g) mask(pair.masked, pair.all[g], pair.keep[g]);
    }
    pair.require_same(random, "after ten more steps of Adam", 1e-4);
  }
}

bool same(const Network& a, const Network& b) {
  return std::equal(a.layers.begin(), a.layers.end(), b.layers.begin(), b.layers.end(),
                    [](const Layer& l, const Layer& k) {
                      const auto equal = [](const Parameter& p, const Parameter& q) {
                        return p.shape == q.shape && p.value == q.value && p.m == q.m && p.v == q.v;
                      };
                      return equal(l.weight, k.weight) && equal(l.bias, k.bias) && l.mean == k.mean &&
                             l.variance == k.variance;
                    });
}

void what_to_keep(Random& random) {
  const Network net = tied(random);
  const vector<Group> all = groups(net);
  for (const Group& group : all) {
    Network cut = net;
    delete_channels(cut, group, every(group));
    require(same(cut, net), "delete_channels that keeps all of ", in_short(net, group),
            " has changed the network");
    // One channel alone stays, with its values.
    const int64_t one = random.integer(0, group.channels - 1);
    delete_channels(cut, group, vector<int64_t>{one});
    const float got = cut.layers[group.makers.back()].bias.value.at(0);
    const float expected = net.layers[group.makers.back()].bias.value[one];
    require(got == expected && groups(cut).size() == all.size(), "delete_channels that keeps channel ", one,
            " of ", in_short(net, group), " has bias ", got, " there, expected ", expected);
    for (const vector<int64_t>& wrong : {vector<int64_t>{}, {1, 0}, {1, 1}, {-1, 0}, {0, group.channels}}) {
      cut = net;
      bool threw = false;
      try {
        delete_channels(cut, group, wrong);
      } catch (const std::invalid_argument&) {
        threw = true;
      }
      require(threw, "delete_channels with keep ", show(wrong), " of ", group.channels,
              " channels returned, expected std::invalid_argument");
      require(same(cut, net), "delete_channels with keep ", show(wrong),
              " threw, but has changed the network");
    }
  }
}

// ---- questions, answered once more with the student's functions

// macs() of the network with 30% of the channels of its groups gone, of those with at most so many makers.
double macs_left(Network net, std::size_t makers) {
  const auto before = static_cast<double>(macs(net));
  for (const Group& group : groups(net)) {
    if (group.makers.size() > makers) continue;
    delete_channels(net, group, channels_to_keep(channel_importance(net, group, Norm::l1), 0.3));
  }
  return static_cast<double>(macs(net)) / before;
}

void half_the_macs(Random&) {
  const double answer = question1();
  require(std::abs(answer - macs_left(vgg(), 100)) <= 0.005, "question 1: ", answer,
          " is not the share of MACs that remains");
}

void inner_channels(Random&) {
  const double answer = question2();
  require(std::abs(answer - macs_left(resnet(), 1)) <= 0.005, "question 2: ", answer,
          " is not the share of MACs that remains");
}

void one_vote(Random&) {
  const Network net = resnet();
  Group group = groups(net).at(0);
  const vector<int64_t> all = channels_to_keep(channel_importance(net, group, Norm::l1), 0.5);
  group.makers.resize(1);
  const vector<int64_t> first = channels_to_keep(channel_importance(net, group, Norm::l1), 0.5);
  vector<int64_t> lost;
  std::set_difference(all.begin(), all.end(), first.begin(), first.end(), std::back_inserter(lost));
  const double answer = question3();
  require(answer == static_cast<double>(lost.size()), "question 3: ", answer,
          " is not how many of the eight would have gone");
}

}  // namespace

const std::vector<Check> grading::checks = {
    {"channel_importance", 1, "L1, in a chain", l1},
    {"channel_importance", 1, "L2, in a chain", l2},
    {"channel_importance", 2, "tied weights, 20 networks", tied_weights},
    {"channels_to_keep", 1, "how many", how_many},
    {"channels_to_keep", 1, "none, all, and shares that are none", limits},
    {"channels_to_keep", 2, "which", which},
    {"delete_channels", 1, "linear layers and convolutions in a chain", plain},
    {"delete_channels", 1, "a BatchNorm between", with_norm},
    {"delete_channels", 1, "flatten: a channel is several inputs", with_flatten},
    {"delete_channels", 1, "additions: several makers, one that reads as well", with_ties},
    {"delete_channels", 2, "50 random networks: outputs and MACs", random_networks},
    {"delete_channels", 3, "ten more steps of Adam, 15 networks", goes_on},
    {"delete_channels", 1, "all stay, one stays, and lists that are wrong", what_to_keep},
    {"question1", 1, "30% of the channels of a chain", half_the_macs},
    {"question2", 1, "30% of the channels within blocks", inner_channels},
    {"question3", 1, "one maker's vote", one_vote},
};
