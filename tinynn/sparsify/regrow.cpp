#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>

#include <tinynn/core/error.hpp>
#include <tinynn/core/state.hpp>
#include <tinynn/kernels/pointwise.hpp>
#include <tinynn/ops/pointwise.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/sparsify/regrow.hpp>

namespace tinynn::sparsify {
namespace {

std::vector<Mask> masks_of(const std::vector<Parameter>& parameters) {
  require_distinct("regrow", parameters);
  std::vector<Mask> masks;
  for (const auto& parameter : parameters) {
    parameter.require_hardened("regrow");
    masks.push_back(parameter.mask_or_all());
  }
  return masks;
}

void set_masks(std::vector<Parameter> parameters, const std::vector<Mask>& masks) {
  for (size_t k = 0; k < masks.size(); ++k) parameters[k].set_mask(masks[k]);
}

int64_t count_alive(std::span<const Mask> masks) {
  int64_t alive = 0;
  for (const Mask& mask : masks) alive += mask.count_alive();
  return alive;
}

// Kills the smallest; returns how many.
int64_t drop(std::span<Mask> masks, std::span<const Tensor> sizes, double fraction) {
  const int64_t before = count_alive(masks);
  prune::kill_lowest(masks, sizes, prune::fraction(fraction), {});
  return before - count_alive(masks);
}

// Revives those of the dead, ranked together, that have the highest scores.
void revive(std::span<Mask> masks, std::span<const Tensor> scores, int64_t count) {
  struct Candidate {
    float rank;  // lowest first
    size_t mask;
    int64_t element;
    auto operator<=>(const Candidate&) const = default;
  };
  std::vector<Candidate> dead;
  for (size_t k = 0; k < masks.size(); ++k) {
    const Shape& shape = masks[k].shape();
    for (int64_t i = 0; i < shape.numel(); ++i) {
      if (masks[k][i]) continue;
      const float score = scores[k].data()[i];
      check(!std::isnan(score), "regrow: the score of element ", i, " of a parameter of shape ", shape,
            " is NaN");
      dead.push_back({-score, k, i});
    }
  }
  std::ranges::nth_element(dead, dead.begin() + count);
  dead.resize(static_cast<size_t>(count));
  for (const Candidate& chosen : dead) masks[chosen.mask].set(chosen.element, true);
}

// Hands out `count` pieces in proportion to the claims, no one getting more than there is room for: each
// piece goes to the claim that is furthest behind (the method of Sainte-Laguë).
std::vector<int64_t> share_out(int64_t count, const std::vector<double>& claims,
                               const std::vector<int64_t>& room) {
  std::vector<int64_t> given(claims.size());
  for (; count > 0; --count) {
    size_t next = claims.size();
    double furthest = -1;
    for (size_t k = 0; k < claims.size(); ++k) {
      const double behind = claims[k] / static_cast<double>(2 * given[k] + 1);
      if (given[k] == room[k] || behind <= furthest) continue;
      furthest = behind;
      next = k;
    }
    ++given[next];
  }
  return given;
}

}  // namespace

void regrow(const std::vector<Parameter>& parameters, double fraction, const prune::Criterion& growth,
            prune::Scope scope) {
  auto masks = masks_of(parameters);
  const auto sizes = prune::magnitude()(parameters), scores = growth(parameters);
  const size_t together = scope == prune::Scope::global ? masks.size() : 1;
  for (size_t k = 0; k < masks.size(); k += together) {
    const auto some = std::span(masks).subspan(k, together);
    const int64_t dropped = drop(some, std::span(sizes).subspan(k, together), fraction);
    revive(some, std::span(scores).subspan(k, together), dropped);
  }
  set_masks(parameters, masks);
}

void set(const std::vector<Parameter>& parameters, double fraction, prune::Scope scope) {
  regrow(parameters, fraction, prune::random(), scope);
}

void rigl(const std::vector<Parameter>& parameters, double fraction, prune::Scope scope) {
  regrow(parameters, fraction, dense_gradient(), scope);
}

void grow(const std::vector<Parameter>& parameters, int64_t alive, const prune::Criterion& growth) {
  auto masks = masks_of(parameters);
  int64_t total = 0;
  for (const auto& parameter : parameters) total += parameter.numel();
  check(alive <= total, "grow: ", alive, " elements to be alive, but there are only ", total);
  revive(masks, growth(parameters), std::max<int64_t>(0, alive - count_alive(masks)));
  set_masks(parameters, masks);
}

prune::Criterion dense_gradient() {
  return [](const Parameter& parameter) {
    const bool defined = parameter.grad().defined();
    check(defined && !parameter.masks_grad(), "dense_gradient: a parameter of shape ", parameter.shape(),
          " has ", defined ? "only a masked" : "no",
          " gradient, expected that of a backward() under a DenseGrad that still lives");
    return abs(parameter.grad());
  };
}

SparseMomentum::SparseMomentum(std::vector<Parameter> parameters, double decay)
    : parameters_(std::move(parameters)), decay_(decay), dense_(parameters_) {
  check(decay >= 0 && decay < 1, "SparseMomentum: a decay of ", decay, ", expected 0 or more, below 1");
  for (const auto& parameter : parameters_) momentum_.push_back(zeros(parameter.shape()));
}

void SparseMomentum::check_uncut(size_t k) const {
  check(momentum_[k].shape() == parameters_[k].shape(), "SparseMomentum: a parameter of shape ",
        parameters_[k].shape(), " had shape ", momentum_[k].shape(),
        "; make a new SparseMomentum after a cut");
}

void SparseMomentum::update() {
  for (size_t k = 0; k < parameters_.size(); ++k) {
    check_uncut(k);
    check(parameters_[k].grad().defined(), "SparseMomentum: a parameter of shape ", parameters_[k].shape(),
          " has no gradient; call update() after backward()");
  }
  updated_ = true;
  const auto keep = static_cast<float>(decay_), fresh = static_cast<float>(1 - decay_);
  for (size_t k = 0; k < parameters_.size(); ++k) {
    Tensor& momentum = momentum_[k];
    kernels::map(momentum.numel(), momentum.data(), parameters_[k].grad().data(), momentum.mutable_data(),
                 [=](float m, float g) { return keep * m + fresh * g; });
  }
}

void SparseMomentum::state(StateVisitor& visit) {
  visit.each("momentum", momentum_);
  visit("updated", updated_);
}

void SparseMomentum::regrow(double fraction) const {
  check(updated_, "SparseMomentum: regrow() before the first update()");
  auto masks = masks_of(parameters_);
  const auto sizes = prune::magnitude()(parameters_);
  std::vector<Tensor> scores;
  std::vector<double> claims;
  std::vector<int64_t> room;
  int64_t dropped = 0;
  for (size_t k = 0; k < masks.size(); ++k) {
    Mask& mask = masks[k];
    check_uncut(k);
    scores.push_back(abs(momentum_[k]));
    const int64_t alive = mask.count_alive();
    double sum = 0;
    for (int64_t i = 0; i < mask.shape().numel(); ++i) {
      if (mask[i]) sum += static_cast<double>(scores[k].data()[i]);
    }
    claims.push_back(alive > 0 ? sum / static_cast<double>(alive) : 0);
    dropped += drop({&mask, 1}, {&sizes[k], 1}, fraction);
    room.push_back(mask.shape().numel() - mask.count_alive());
  }
  const auto grown = share_out(dropped, claims, room);
  for (size_t k = 0; k < masks.size(); ++k) revive({&masks[k], 1}, {&scores[k], 1}, grown[k]);
  set_masks(parameters_, masks);
}

double cosine_decay(double fraction, int64_t step, int64_t end) {
  check(step >= 0 && end > 0, "cosine_decay: step ", step, " of ", end, ", expected 0 or more of 1 or more");
  const double done = std::min(1.0, static_cast<double>(step) / static_cast<double>(end));
  return fraction / 2 * (1 + std::cos(std::numbers::pi * done));
}

}  // namespace tinynn::sparsify
