// Node: one recorded operation. Every tensor that an operation made points to its node, the node points to
// the operation's inputs; that is the whole tape. Nodes carry a creation number: since an operation is
// recorded after its inputs were, walking backward in descending numbers is always a valid order.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <tinynn/autograd/channel_rule.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/tensor.hpp>

namespace tinynn::autograd {

/// What it takes to run an operation: its inputs as record() got them, its attributes, and the mode.
struct Arguments : Attributes {
  Arguments(const std::vector<Tensor>& i, const Attributes& attributes, bool t)
      : Attributes(attributes), inputs(i), training(t) {}
  /// Throws Error if there are fewer, as in a file that somebody damaged.
  const Tensor& operator[](size_t i) const {
    check(i < inputs.size(), "an operation has ", inputs.size(), " inputs, expected at least ", i + 1);
    return inputs[i];
  }

  const std::vector<Tensor>& inputs;
  bool training;
};

/// What holds of an operation, besides what it computes.
struct Properties {
  /// How its result's channels hang together with those of its inputs; none: they are pinned, with the
  /// reason.
  ChannelRule channels = nullptr;
  const char* pinned = nullptr;
  /// Multiply-accumulates with live weights that making `output` took; none if there are no weights.
  int64_t (*macs)(const std::vector<Tensor>& inputs, const Tensor& output) = nullptr;
  /// Of one input, with f(s x) = s f(x) for every s > 0.
  bool homogeneous = false;
  /// Of one input, whose elements it gives as they are: some of them, in another order or shape.
  bool moves = false;
};

/// What is known of a kind of operation: one constant each, beside its function; ops/registry.hpp lists them
/// all.
struct Op : Properties {
  using Apply = Tensor (*)(const Arguments& arguments);
  constexpr explicit Op(const char* n, const Properties& properties = {}, Apply a = nullptr)
      : Properties(properties), name(n), apply(a) {}

  const char* name;
  /// Runs it again: the very result of the call that recorded these inputs and attributes, in either mode.
  Apply apply;
};

/// Given the gradient of the output, hands each input its gradient with accumulate_grad(). It must not
/// capture the output's own handle (that would be a cycle); where it needs the output's values it captures
/// detach(), and of an input whose values it does not need it captures place_of().
using BackwardFunction = std::function<void(const Tensor& grad_output)>;

struct Node {
  const Op* op;
  uint64_t number;                      // of creation
  std::vector<Tensor> inputs;           // their place_of()
  std::vector<int64_t> input_versions;  // at recording: see TensorImpl::version
  BackwardFunction backward;
  Tensor grad;  // of the output, while a backward walk is under way
};

}  // namespace tinynn::autograd
