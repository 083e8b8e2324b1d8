#include <algorithm>

#include <tinynn/core/error.hpp>
#include <tinynn/nn/snapshot.hpp>
#include <tinynn/prune/sensitivity_scan.hpp>

namespace tinynn::prune {
namespace {

class RestoreInTheEnd {
 public:
  explicit RestoreInTheEnd(nn::Module& module) : module_(module), before_(snapshot(module)) {}
  ~RestoreInTheEnd() { now(); }
  RestoreInTheEnd(const RestoreInTheEnd&) = delete;
  RestoreInTheEnd& operator=(const RestoreInTheEnd&) = delete;
  void now() { restore(module_, before_); }

 private:
  nn::Module& module_;
  Snapshot before_;
};

}  // namespace

std::vector<LayerScan> scan_sensitivity(nn::Module& module, const std::function<double()>& accuracy,
                                        const ScanOptions& options) {
  check(std::ranges::is_sorted(options.sparsities), "scan_sensitivity: the sparsities must not fall");
  std::vector<Amount> amounts;  // which check their range
  for (const double sparsity : options.sparsities) amounts.push_back(fraction_of_total(sparsity));
  RestoreInTheEnd state(module);
  const double before = accuracy();
  std::vector<LayerScan> scan;
  for (const auto& [name, weight] : module.named_parameters()) {
    if (weight.rank() < 2) continue;
    LayerScan layer{name, weight, {sparsity({weight})}, {before}};
    for (size_t i = 0; i < amounts.size(); ++i) {
      if (options.sparsities[i] <= layer.sparsities[0]) continue;
      prune({weight}, amounts[i], options.rule);
      layer.sparsities.push_back(sparsity({weight}));
      layer.accuracies.push_back(accuracy());
    }
    state.now();
    scan.push_back(std::move(layer));
  }
  return scan;
}

std::vector<Share> shares_within(const std::vector<LayerScan>& scan, double loss) {
  check(loss >= 0, "shares_within: a loss of ", loss, ", expected 0 or more");
  std::vector<Share> shares;
  for (const LayerScan& layer : scan) {
    const double least = layer.accuracies[0] - loss;
    double sparsity = layer.sparsities[0];
    for (size_t i = 1; i < layer.accuracies.size(); ++i) {
      const double from = layer.accuracies[i - 1], to = layer.accuracies[i];
      if (to < least) {  // somewhere on the way here
        sparsity += (layer.sparsities[i] - sparsity) * (from - least) / (from - to);
        break;
      }
      sparsity = layer.sparsities[i];
    }
    shares.push_back({{layer.weight}, fraction_of_total(sparsity)});
  }
  return shares;
}

}  // namespace tinynn::prune
