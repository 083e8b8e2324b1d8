// Channels: how deleting a part of one tensor reaches the others. Every operation may state a rule, beside
// its forward and backward, which says of each dimension that it reads or makes what becomes of its elements
// ("channels"): relu's output channel j is its input channel j; concat's is one of some input; a convolution
// produces a channel with a filter and consumes one with a slice of every filter. What no rule mentions is
// pinned: it cannot be deleted. graph/channel_map.hpp reads the rules.
#pragma once

#include <cstdint>

#include <tinynn/autograd/attributes.hpp>
#include <tinynn/core/shape.hpp>

namespace tinynn::autograd {

/// A dimension of one of an operation's inputs, by number, or of its result.
struct Dim {
  int64_t tensor, dim;
};
inline constexpr int64_t result = -1;

/// What an element of one dimension is to an element of another. All but `spreads` live and die together.
enum class Link {
  carries,     // input to result: the result is constant where all that it carries is
  shifts,      // the same; a parameter that is added, and goes with the channel
  multiplies,  // input to result: the result is zero where this is zero
  spreads,   // input of size 1 to result: repeated for every element of the result, it does not die with any
  produces,  // weight to result: the result is zero where this is, but for what shifts it
  consumes,  // weight to input: what it reads does not matter where this is zero
  couples,   // two elements of one tensor, for no other reason than that sizes must fit
};

/// What a rule speaks to: one run of its operation.
class Channels {
 public:
  virtual ~Channels() = default;

  /// Null for an input that was not given, such as the bias of a layer without one.
  virtual const Shape* shape(int64_t tensor) const = 0;
  virtual Attributes attributes() const = 0;
  virtual int64_t inputs() const = 0;
  /// Whether elements of this dimension could be deleted, as far as the operations before this one go.
  virtual bool removable(Dim dim) const = 0;
  virtual void link(Link kind, Dim from, int64_t i, Dim to, int64_t j) = 0;
  /// Nothing of this dimension can be deleted, and why. `reason` must have static lifetime.
  virtual void pin(Dim dim, int64_t i, const char* reason) = 0;

  /// Element by element; the sizes must be equal. Does nothing if `from` is of an input that was not given.
  void link(Link kind, Dim from, Dim to);
  void pin(Dim dim, const char* reason);
  /// The result carries all dimensions of an input but number `except`, in their places.
  void carry_all(int64_t input, int64_t except = -1);
};

using ChannelRule = void (*)(Channels& channels);

// Rules that several operations share. Dimensions of size 1 that are repeated to fit do not die.

/// Each result element is made of the input elements in its place, broadcast from the right.
void elementwise(Channels& channels);
/// The same for sums: parameters among the inputs go with the channel.
void elementwise_sum(Channels& channels);
/// The same for products.
void elementwise_product(Channels& channels);
/// All but the last two dimensions are carried: pooling.
void images(Channels& channels);
/// All dimensions but number "dim" are carried; that one is read as a whole: softmax.
void all_but_dim(Channels& channels);

}  // namespace tinynn::autograd
