// How trials of many cases are drawn.
#pragma once

#include <cmath>
#include <string>

#include <tinynn/core/size2.hpp>

#include "tests/parity/trial.hpp"
#include "tests/support/broadcast.hpp"

namespace test::parity {

/// Numbers in [low, high).
inline Tensor between(Draw& draw, const Shape& shape, double low, double high) {
  Tensor x = draw.tensor(shape);
  for (int64_t i = 0; i < x.numel(); ++i) {
    x.mutable_data()[i] = static_cast<float>(low + (high - low) * (x.data()[i] + 1) / 2);
  }
  return x;
}

/// A vector as an option: an input that gets no gradient, such as running statistics.
inline std::vector<double> doubles(const Tensor& x) { return {x.values().begin(), x.values().end()}; }

/// That option as a tensor (its length); undefined if there is none.
inline Tensor vector_option(const Trial& trial, const std::string& option) {
  const auto found = trial.options.find(option);
  if (found == trial.options.end()) return {};
  const std::vector<float> values(found->second.begin(), found->second.end());
  return tinynn::tensor(values, {static_cast<int64_t>(values.size())});
}

/// Sizes as options, and back.
inline std::vector<double> numbers(const tinynn::Size2& s) { return {double(s.h), double(s.w)}; }
inline std::vector<double> numbers(const tinynn::Padding2d& p) {
  return {double(p.top), double(p.bottom), double(p.left), double(p.right)};
}
inline tinynn::Size2 size2(const Trial& trial, const std::string& option) {
  return {trial.integers(option)[0], trial.integers(option)[1]};
}

/// One input "x" of rank 0 to 4.
inline std::function<Trial(Draw&)> any_shape(double low, double high) {
  return [=](Draw& draw) {
    const Shape shape = draw.chance(0.05) ? Shape{} : draw.shape(4, 5);
    return Trial{.options = {}, .inputs = {{"x", between(draw, shape, low, high)}}, .labels = {}};
  };
}

/// Inputs "a" and "b" that broadcast; b in [low, high).
inline std::function<Trial(Draw&)> broadcast_pair(double low, double high) {
  return [=](Draw& draw) {
    const auto shapes = draw_broadcast(draw);
    return Trial{.options = {},
                 .inputs = {{"a", between(draw, shapes.a, -3, 3)}, {"b", between(draw, shapes.b, low, high)}},
                 .labels = {}};
  };
}

/// The same trials with one more option, drawn after the others.
inline std::function<Trial(Draw&)> with_option(std::function<Trial(Draw&)> trials, std::string name,
                                               std::function<double(Draw&, const Trial&)> option) {
  return [=](Draw& draw) {
    Trial trial = trials(draw);
    trial.options[name] = {option(draw, trial)};
    return trial;
  };
}

/// The same trials with an option "dim": one of x's, which may count from the end.
inline std::function<Trial(Draw&)> with_dim(double low, double high) {
  return [=](Draw& draw) {
    const Shape shape = draw.shape(4, 6);
    Trial trial{.options = {}, .inputs = {{"x", between(draw, shape, low, high)}}, .labels = {}};
    trial.options["dim"] = {static_cast<double>(draw.between(-shape.rank(), shape.rank() - 1))};
    return trial;
  };
}

}  // namespace test::parity
