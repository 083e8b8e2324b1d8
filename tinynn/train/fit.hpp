// fit: the training loop, ready made. A loop written out by hand needs nothing from here.
#pragma once

#include <functional>
#include <vector>

#include <tinynn/core/labels.hpp>
#include <tinynn/data/data_loader.hpp>
#include <tinynn/nn/module.hpp>
#include <tinynn/ops/loss.hpp>
#include <tinynn/optim/lr_scheduler.hpp>
#include <tinynn/optim/optimizer.hpp>

namespace tinynn::train {

/// Where training stands after a step; epochs and batches count from 0.
struct Progress {
  int64_t epoch, epochs;
  int64_t batch, batches;
  double loss;  // of this batch
};

using Loss = std::function<Tensor(const Tensor& output, const Labels& labels)>;

struct FitOptions {
  int64_t epochs = 1;
  Loss loss = [](const Tensor& output, const Labels& labels) { return cross_entropy(output, labels); };
  std::function<Tensor()> penalty = {};            // optional; added to the loss, but not to what is reported
  std::function<void(double lr)> after_step = {};  // optional; called after optimizer.step() with its rate
  optim::LrScheduler* scheduler = nullptr;         // stepped after every batch
  std::function<void(const Progress&)> on_step = {};  // optional; an exception from it ends the training
};

struct Epoch {
  double loss = 0;     // mean over the batches
  double seconds = 0;  // of training alone: without waiting for data
};

/// Trains in training mode and gives each module its own mode back. Returns an entry an epoch.
/// Throws Error when a loss, with its penalty, is NaN or infinite, naming the step; the parameters are then
/// those before it.
std::vector<Epoch> fit(nn::Module& module, optim::Optimizer& optimizer, data::DataLoader& loader,
                       const FitOptions& options = {});

}  // namespace tinynn::train
