#include <algorithm>
#include <string_view>
#include <vector>

#include <tinynn/autograd/no_grad.hpp>
#include <tinynn/autograd/parameter.hpp>
#include <tinynn/ops/conv2d.hpp>
#include <tinynn/ops/linear.hpp>
#include <tinynn/ops/registry.hpp>
#include <tinynn/structured/fold_constants.hpp>

namespace tinynn::structured {

using autograd::Link;
using graph::AtomLink;
using graph::ChannelMap;
using graph::Operation;
using graph::Value;

namespace {

const Value& value_of(const ChannelMap& map, int number) { return map.graph().values[number]; }

// Why a constant that this operation reads cannot go into its bias; empty if it can.
std::string obstacle(const ChannelMap& map, const Operation& operation) {
  const auto reads = "it is not zero, and " + std::string(operation.op->name) + " of " +
                     value_of(map, operation.inputs[1]).name;
  if (operation.op == &ops::conv_transpose2d) return reads + " makes another number of it at each pixel";
  const bool has_bias =
      operation.op == &ops::linear || operation.op == &ops::conv1d || operation.op == &ops::conv2d;
  if (!has_bias || operation.inputs[2] < 0) return reads + " has no bias to fold it into";
  const auto pads = [](const auto& attribute) {
    return attribute.name == std::string_view("padding") && attribute.value > 0;
  };
  if (std::ranges::any_of(operation.attributes, pads))
    return reads + " pads with zeros, so that it is another at the border";
  if (map.graph().uses(operation.inputs[1]) > 1 || map.graph().uses(operation.inputs[2]) > 1)
    return reads + " is used twice";
  return {};
}

// The links of an operation by which it reads a class, and is not masked there.
template <class F>
void for_each_reader(const ChannelMap& map, const DeadChannels& dead, const std::set<int64_t>& classes, F f) {
  for (size_t k = 0; k < map.links().size(); ++k) {
    for (const AtomLink& link : map.links()[k]) {
      if (link.kind != Link::consumes || dead.is_masked(link.from)) continue;
      if (classes.contains(map.class_of(link.to))) f(map.graph().operations[k], link);
    }
  }
}

// What the operation, without its bias, makes of an input that is these numbers and 0 elsewhere.
Tensor probe(const ChannelMap& map, const Operation& operation, const std::map<int64_t, float>& constants) {
  const NoGrad no_grad;
  const Tensor weight = value_of(map, operation.inputs[1]).tensor.detach();
  const Shape& input = value_of(map, operation.inputs[0]).shape;
  // Of a convolution one window; what its dilation is does not matter.
  std::vector<int64_t> sizes{1, operation.op == &ops::linear ? input[-1] : input[1]};
  sizes.insert(sizes.end(), weight.shape().begin() + 2, weight.shape().end());
  const Shape shape(sizes);
  Tensor x = zeros(shape);
  for (const auto& [channel, constant] : constants) {
    std::fill_n(x.mutable_data() + channel * shape.inner(1), shape.inner(1), constant);
  }
  if (operation.op == &ops::linear) return linear(x, weight, {});
  const int64_t groups = conv_groups(input, weight.shape());
  if (operation.op == &ops::conv1d) return conv1d(x, weight, {}, {.groups = groups});
  return conv2d(x, weight, {}, {.groups = groups});
}

}  // namespace

std::map<int64_t, std::string> not_foldable(const ChannelMap& map, const DeadChannels& dead,
                                            const std::set<int64_t>& classes) {
  std::map<int64_t, std::string> reasons;
  for_each_reader(map, dead, classes, [&](const Operation& operation, const AtomLink& link) {
    std::string reason;
    if (!dead.is_constant(link.to)) {
      reason = value_of(map, link.to.value).name + " is not the same number everywhere";
    } else if (dead.constant(link.to) != 0) {
      reason = obstacle(map, operation);
    }
    if (!reason.empty()) reasons.emplace(map.class_of(link.to), reason);
  });
  return reasons;
}

int64_t fold_constants(const ChannelMap& map, const DeadChannels& dead, const std::set<int64_t>& classes) {
  std::map<const Operation*, std::map<int64_t, float>> constants;
  std::set<int64_t> folded;
  for_each_reader(map, dead, classes, [&](const Operation& operation, const AtomLink& link) {
    const float constant = dead.constant(link.to);
    if (constant == 0) return;
    constants[&operation][link.to.index] = constant;
    folded.insert(map.class_of(link.to));
  });
  for (const auto& [operation, channels] : constants) {
    const Tensor sum = probe(map, *operation, channels);
    Parameter::of(value_of(map, operation->inputs[2]).tensor).update([&](std::span<float> bias) {
      for (size_t i = 0; i < bias.size(); ++i) bias[i] += sum.values()[i];
    });
  }
  return static_cast<int64_t>(folded.size());
}

}  // namespace tinynn::structured
