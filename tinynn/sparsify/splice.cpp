#include <algorithm>
#include <cmath>
#include <limits>

#include <tinynn/core/error.hpp>
#include <tinynn/core/state.hpp>
#include <tinynn/kernels/pointwise.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/sparsify/reparametrize.hpp>
#include <tinynn/sparsify/splice.hpp>

namespace tinynn::sparsify {
namespace {

void check_band(double band) { check(band >= 0 && band < 1, "splice: the band ", band, " is not in [0, 1)"); }

// T after an update; t is kept in float, like the weights that it is compared with.
void update_kept(const Parameter& weight, Tensor kept, double t, double band) {
  const auto cut_below = static_cast<float>((1 - band) * t), keep_from = static_cast<float>((1 + band) * t);
  kernels::map(weight.numel(), weight.data(), kept.data(), kept.mutable_data(), [=](float w, float before) {
    return std::fabs(w) < cut_below ? 0.0F : std::fabs(w) >= keep_from ? 1.0F : before;
  });
}

}  // namespace

Splice::Splice(const std::vector<Parameter>& weights) {
  require_hardened("Splice", weights);
  for (Parameter weight : weights) {
    const Tensor kept = ones(weight.shape());
    layers_.push_back({weight, kept});
    // What is cut is added with the opposite sign, a constant: the sum's gradient is that of w, everywhere.
    weight.reparametrize([kept](const Tensor& trained, bool) {
      Tensor cut(trained.shape());
      kernels::map(trained.numel(), trained.data(), kept.data(), cut.mutable_data(),
                   [](float w, float t) { return t != 0 ? 0.0F : -w; });
      return trained + cut;
    });
  }
}

void Splice::update(double sparsity, double band) {
  check(sparsity >= 0 && sparsity <= 1, "splice: ", sparsity, " is no fraction between 0 and 1");
  check_band(band);
  std::vector<float> sizes;
  for (const auto& layer : layers_) {
    for (const float w : layer.weight.values()) {
      check(!std::isnan(w), "splice: a parameter of shape ", layer.weight.shape(), " has a NaN");
      sizes.push_back(std::fabs(w));
    }
  }
  const auto cut = static_cast<int64_t>(std::nearbyint(sparsity * static_cast<double>(sizes.size())));
  const auto first_kept = sizes.begin() + cut;
  std::nth_element(sizes.begin(), first_kept, sizes.end());
  const double t =
      first_kept == sizes.end() ? std::numeric_limits<double>::infinity() : static_cast<double>(*first_kept);
  for (const auto& layer : layers_) update_kept(layer.weight, layer.kept, t, band);
}

void Splice::update_by_deviation(double c, double band) {
  check_band(band);
  for (const auto& layer : layers_) {
    double sum = 0, squares = 0;
    for (const float w : layer.weight.values()) {
      sum += static_cast<double>(std::fabs(w));
      squares += static_cast<double>(w) * static_cast<double>(w);
    }
    const auto count = static_cast<double>(layer.weight.numel());
    const double mean = sum / count, deviation = std::sqrt(std::max(squares / count - mean * mean, 0.0));
    update_kept(layer.weight, layer.kept, mean + c * deviation, band);
  }
}

double Splice::sparsity() const {
  int64_t cut = 0, all = 0;
  for (const auto& layer : layers_) {
    cut += layer.kept.numel() - count_nonzero(layer.kept);
    all += layer.kept.numel();
  }
  return all == 0 ? 0 : static_cast<double>(cut) / static_cast<double>(all);
}

void Splice::state(StateVisitor& visit) {
  for (size_t k = 0; k < layers_.size(); ++k) {
    Tensor kept = layers_[k].kept;
    visit(std::to_string(k), kept);
    if (!visit.reads()) continue;
    check(kept.shape() == layers_[k].weight.shape(), "state: what is kept of a parameter of shape ",
          layers_[k].weight.shape(), " is of shape ", kept.shape());
    layers_[k].kept.set_data(kept);  // the reparametrization holds the handle
  }
}

void Splice::harden() {
  for (const auto& layer : layers_) sparsify::harden(layer.weight);
}

}  // namespace tinynn::sparsify
