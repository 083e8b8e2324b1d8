#include <tinynn/cli/losses.hpp>
#include <tinynn/ops/loss.hpp>
#include <tinynn/ops/shape.hpp>

namespace tinynn::cli {
namespace {

// An output of as many numbers counts as of the targets' shape: an auto-encoder may end in a linear layer.
template <Tensor (*loss)(const Tensor&, const Tensor&, Reduction)>
Tensor compared(const Tensor& output, const Targets& targets) {
  const Tensor& target = targets.tensor();
  return loss(output.numel() == target.numel() ? reshape(output, target.shape()) : output, target,
              Reduction::mean);
}

constexpr LossRow rows[]{
    {{"cross-entropy", "of classes, by logits"},
     [](const Tensor& output, const Targets& targets) { return cross_entropy(output, targets); },
     true},
    {{"mse", "mean of squares, of numbers"}, compared<mse_loss>},
    {{"l1", "mean of absolute differences, of numbers"}, compared<l1_loss>},
    {{"reconstruction", "mse between output and input: auto-encoders"}, compared<mse_loss>, false, true},
};

}  // namespace

std::span<const LossRow> losses() { return rows; }

const LossRow& loss_of(const std::string& name, bool has_classes) {
  return find(losses(), "--loss", !name.empty() ? name : has_classes ? "cross-entropy" : "mse");
}

}  // namespace tinynn::cli
