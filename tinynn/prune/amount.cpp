#include <algorithm>
#include <cmath>

#include <tinynn/core/error.hpp>
#include <tinynn/prune/amount.hpp>

namespace tinynn::prune {
namespace {

int64_t round_half_even(double x) { return static_cast<int64_t>(std::nearbyint(x)); }

double checked_fraction(const char* name, double f) {
  check(f >= 0 && f <= 1, name, ": ", f,
        " is no fraction between 0 and 1; for a number of elements use count()");
  return f;
}

}  // namespace

Amount fraction(double f) { return {Amount::Kind::fraction, checked_fraction("fraction", f)}; }

Amount fraction_of_total(double f) {
  return {Amount::Kind::fraction_of_total, checked_fraction("fraction_of_total", f)};
}

Amount count(int64_t n) {
  check(n >= 0, "count: ", n, " elements to prune, expected 0 or more");
  return {Amount::Kind::count, static_cast<double>(n)};
}

Amount to_macs(double f) { return {Amount::Kind::to_macs, checked_fraction("to_macs", f)}; }

Amount to_parameters(double f) { return {Amount::Kind::to_parameters, checked_fraction("to_parameters", f)}; }

int64_t Amount::to_kill(int64_t alive, int64_t total) const {
  switch (kind_) {
    case Kind::fraction: return round_half_even(value_ * static_cast<double>(alive));
    case Kind::fraction_of_total:
      return std::clamp<int64_t>(round_half_even(value_ * static_cast<double>(total)) - (total - alive), 0,
                                 alive);
    case Kind::count: break;
    case Kind::to_macs:
    case Kind::to_parameters:
      fail("a budget of MACs or parameters is for channels; see structured::prune_channels");
  }
  const auto n = static_cast<int64_t>(value_);
  check(n <= alive, "count: ", n, " elements to prune, but only ", alive, " are alive");
  return n;
}

}  // namespace tinynn::prune
