// Amount: how much to prune. A bare 0.2 has meant four things to users of other libraries, so every amount
// says of what it is.
#pragma once

#include <cstdint>

namespace tinynn::prune {

class Amount {
 public:
  /// How many of `alive` elements to kill, when `total` is the count with the dead ones. Never more than are
  /// alive. Throws Error if a count asks for more than are alive, and for a budget, which only channels have.
  int64_t to_kill(int64_t alive, int64_t total) const;
  /// Where whole groups die (rows, filters): whether this is an amount of elements, or of groups.
  bool counts_elements() const { return kind_ == Kind::fraction_of_total; }
  /// The share of the model that shall remain, for a budget; those that are none have 1.
  double macs() const { return kind_ == Kind::to_macs ? value_ : 1; }
  double parameters() const { return kind_ == Kind::to_parameters ? value_ : 1; }
  bool is_budget() const { return kind_ == Kind::to_macs || kind_ == Kind::to_parameters; }

 private:
  enum class Kind { fraction, fraction_of_total, count, to_macs, to_parameters };
  Amount(Kind kind, double value) : kind_(kind), value_(value) {}
  friend Amount fraction(double f);
  friend Amount fraction_of_total(double f);
  friend Amount count(int64_t n);
  friend Amount to_macs(double f);
  friend Amount to_parameters(double f);

  Kind kind_;
  double value_;
};

/// This fraction, in [0, 1], of what is still alive; halves round to even. torch.nn.utils.prune with a float.
Amount fraction(double f);
/// As many more as make this fraction, in [0, 1], of all elements dead; none if more are dead already.
Amount fraction_of_total(double f);
/// Exactly this many, 0 or more. torch.nn.utils.prune with an int.
Amount count(int64_t n);
/// Whole channels, until this fraction, in [0, 1], of the model's multiply-accumulates remains.
Amount to_macs(double f);
/// Whole channels, until this fraction, in [0, 1], of the model's parameters remains.
Amount to_parameters(double f);

}  // namespace tinynn::prune
