// What the training benchmark of every library has in common: options, data, weights to start with, the
// clock and the result. A library adds a Trainer. All of them train on equal batches in equal order from
// equal weights, so `last_loss` shows whether they did the same work: after 20 steps of the small networks
// it agrees to 1e-4. ResNet-20 magnifies rounding too fast for that at its usual learning rate (libtorch then
// differs from itself with another number of threads); there, compare the first step, or take --lr 0.001.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <tinynn/data/data_loader.hpp>
#include <tinynn/io/safetensors.hpp>

namespace bench {

struct Options {
  std::string model, data;
  int64_t batch_size = 64, epochs = 0, steps = 100, threads = 1;
  uint64_t seed = 1;
  std::string optimizer = "sgd";
  double lr = 0.01, momentum = 0, weight_decay = 0;
  double sparsity = 0;  // of the weights, by magnitude, before training: tinynn masks them
};

/// A network and its optimizer, as one library has them.
class Trainer {
 public:
  virtual ~Trainer() = default;
  /// Makes the batch ready for step(); not timed. The batch lives until the next call.
  virtual void take(const tinynn::data::Batch& batch) = 0;
  /// One training step on that batch: zero_grad, forward, loss, backward, step. Returns the loss.
  virtual double step() = 0;
};

/// A Trainer with these weights, under the names of PyTorch's state_dict.
using MakeTrainer = std::unique_ptr<Trainer> (*)(const Options& options,
                                                 const tinynn::io::SafetensorsFile& weights);

/// The whole program: reads the command line, trains, prints one JSON object on one line. Returns the exit
/// code.
int run_training(int argc, char** argv, const std::string& library, const std::string& version,
                 MakeTrainer make_trainer);

}  // namespace bench
