// The graph printer. Every layer's output belongs to a group; an addition makes one group of two.
#include "groups.hpp"

#include <map>
#include <sstream>

namespace lab4 {
namespace {

using std::int64_t;

// What a layer puts out: the number of the group, and how many positions of the output are one of its
// channels.
struct Output {
  int group;
  int64_t positions;
};

std::string list(const Network& net, const std::vector<int>& layers) {
  std::string text;
  for (const int layer : layers) {
    if (!text.empty()) text += ", ";
    text += layer < 0 ? "image" : net.layers[static_cast<std::size_t>(layer)].name;
  }
  return text;
}

}  // namespace

std::vector<Group> groups(const Network& net) {
  const std::vector<Size> size = sizes(net);
  std::vector<int> united{
      0};  // by group: itself, or an earlier one that it was united with. Group 0 is the image
  const auto first = [&](int group) {
    while (united[static_cast<std::size_t>(group)] != group) group = united[static_cast<std::size_t>(group)];
    return group;
  };
  std::vector<Output> outputs;
  const auto read = [&](int layer) {
    return layer < 0 ? Output{0, 1} : outputs[static_cast<std::size_t>(layer)];
  };
  for (const Layer& layer : net.layers) {
    Output output = read(layer.inputs[0]);
    if (layer.kind == Kind::conv || layer.kind == Kind::linear) {
      output = {static_cast<int>(united.size()), 1};
      united.push_back(output.group);
    } else if (layer.kind == Kind::flatten) {
      const int input = layer.inputs[0];
      const Size in =
          input < 0 ? Size{net.channels, net.height, net.width} : size[static_cast<std::size_t>(input)];
      output.positions *= in.height * in.width;
    } else if (layer.kind == Kind::add) {
      const int a = first(output.group), b = first(read(layer.inputs[1]).group);
      united[static_cast<std::size_t>(std::max(a, b))] = std::min(a, b);
    }
    outputs.push_back(output);
  }

  std::map<int, Group> found;
  for (std::size_t i = 0; i < net.layers.size(); ++i) {
    const Layer& layer = net.layers[i];
    const int number = static_cast<int>(i);
    const Output in = read(layer.inputs[0]);
    if (layer.kind == Kind::batch_norm) found[first(in.group)].batch_norms.push_back(number);
    if (layer.kind != Kind::conv && layer.kind != Kind::linear) continue;
    Group& made = found[first(outputs[i].group)];
    made.channels = size[i].channels;
    made.makers.push_back(number);
    found[first(in.group)].readers.push_back({number, in.positions});
  }
  found.erase(0);
  found.erase(first(outputs.back().group));
  std::vector<Group> all;
  for (auto& [number, group] : found) all.push_back(std::move(group));
  return all;
}

std::string to_text(const Network& net, const std::vector<Group>& groups) {
  std::ostringstream text;
  for (const Group& group : groups) text << in_short(net, group) << '\n';
  return text.str();
}

std::string in_short(const Network& net, const Group& group) {
  std::ostringstream text;
  text << group.channels << " channels: made by " << list(net, group.makers);
  if (!group.batch_norms.empty()) text << "; through " << list(net, group.batch_norms);
  for (std::size_t i = 0; i < group.readers.size(); ++i) {
    text << (i == 0 ? "; read by " : ", ") << list(net, {group.readers[i].layer});
    if (group.readers[i].positions > 1) text << " (" << group.readers[i].positions << " inputs each)";
  }
  return text.str();
}

std::string to_text(const Network& net) {
  const std::vector<Size> size = sizes(net);
  std::ostringstream text;
  for (std::size_t i = 0; i < net.layers.size(); ++i) {
    const Layer& layer = net.layers[i];
    text << layer.name << '(' << list(net, layer.inputs) << ')';
    if (!layer.weight.shape.empty()) text << "  weight";
    for (const int64_t n : layer.weight.shape) text << ' ' << n;
    text << "  -> " << size[i].channels;
    if (size[i].height * size[i].width > 1) text << " x " << size[i].height << " x " << size[i].width;
    text << '\n';
  }
  return text.str();
}

std::string in_short(const Network& net) {
  std::ostringstream text;
  for (int i = 0; i < static_cast<int>(net.layers.size()); ++i) {
    const Layer& layer = net.layers[static_cast<std::size_t>(i)];
    text << (i == 0 ? "" : ", ") << layer.name;
    if (layer.inputs != std::vector<int>{i - 1}) text << '(' << list(net, layer.inputs) << ')';
    for (std::size_t d = 0; d < layer.weight.shape.size(); ++d)
      text << (d == 0 ? ' ' : 'x') << layer.weight.shape[d];
  }
  return text.str();
}

}  // namespace lab4
