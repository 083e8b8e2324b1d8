// Adam (Kingma & Ba 2015), as torch.optim.Adam:
//   g = grad + weight_decay w;   m = b1 m + (1 - b1) g;   v = b2 v + (1 - b2) g^2
//   w = w - lr / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + eps)
// and AdamW (Loshchilov & Hutter 2019), as torch.optim.AdamW: the decay acts on w alone, w = w - lr decay w.
#pragma once

#include <tinynn/optim/optimizer.hpp>

namespace tinynn::optim {

struct AdamOptions {
  double lr = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;  // L2: goes through the moments
  double l1 = 0;            // proximal L1 on weights with the plain step lr, see Optimizer::step
};

class Adam : public Optimizer {
 public:
  /// Throws Error on settings out of range.
  explicit Adam(std::vector<Parameter> parameters, const AdamOptions& options = {});
  explicit Adam(const std::vector<ParamGroup<AdamOptions>>& groups);

 protected:
  enum class Decay { l2, decoupled };
  Adam(const std::vector<ParamGroup<AdamOptions>>& groups, Decay decay);

 private:
  void update(const Slot& slot) override;
  std::vector<AdamOptions> options_;  // one for each group
  Decay decay_;
};

struct AdamWOptions {
  double lr = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 1e-2;  // decoupled
  double l1 = 0;
};

class AdamW : public Adam {
 public:
  explicit AdamW(std::vector<Parameter> parameters, const AdamWOptions& options = {});
  explicit AdamW(const std::vector<ParamGroup<AdamWOptions>>& groups);
};

}  // namespace tinynn::optim
