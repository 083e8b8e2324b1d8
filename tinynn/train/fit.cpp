#include <chrono>
#include <cmath>

#include <tinynn/core/error.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/train/fit.hpp>

namespace tinynn::train {

std::vector<Epoch> fit(nn::Module& module, optim::Optimizer& optimizer, data::DataLoader& loader,
                       const FitOptions& options) {
  using Clock = std::chrono::steady_clock;
  check(options.epochs >= 0, "fit: ", options.epochs, " epochs, expected 0 or more");
  const nn::KeepMode mode(module);
  module.train();
  std::vector<Epoch> epochs;
  for (int64_t epoch = 0; epoch < options.epochs; ++epoch) {
    Epoch result;
    int64_t batch = 0;
    for (auto& [images, labels] : loader) {
      const auto start = Clock::now();
      optimizer.zero_grad();
      const Tensor loss = options.loss(module(images), labels);
      const Tensor total = options.penalty ? loss + options.penalty() : loss;
      const auto value = static_cast<double>(loss.item());
      check(std::isfinite(total.item()), "fit: the loss became ", total.item(), " in epoch ", epoch + 1,
            " at step ", batch + 1, " of ", loader.size(), "; a smaller learning rate may help (it is ",
            optimizer.lr(), ")");
      total.backward();
      optimizer.step();
      if (options.after_step) options.after_step(optimizer.lr());
      if (options.scheduler != nullptr) options.scheduler->step();
      result.loss += value / static_cast<double>(loader.size());
      result.seconds += std::chrono::duration<double>(Clock::now() - start).count();
      if (options.on_step) options.on_step({epoch, options.epochs, batch, loader.size(), value});
      ++batch;
    }
    epochs.push_back(result);
  }
  return epochs;
}

}  // namespace tinynn::train
