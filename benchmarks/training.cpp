// Training steps of tinynn; see training_run.hpp. peers/ has the same program for other libraries.
#include <tinynn/tinynn.hpp>

#include "isa.hpp"
#include "training_run.hpp"

namespace {

using namespace tinynn;

std::unique_ptr<optim::Optimizer> make_optimizer(const bench::Options& o, nn::Module& model) {
  if (o.optimizer == "adam") {
    return std::make_unique<optim::Adam>(model.parameters(),
                                         optim::AdamOptions{.lr = o.lr, .weight_decay = o.weight_decay});
  }
  return std::make_unique<optim::SGD>(
      model.parameters(),
      optim::SGDOptions{.lr = o.lr, .momentum = o.momentum, .weight_decay = o.weight_decay});
}

class TinynnTrainer final : public bench::Trainer {
 public:
  TinynnTrainer(const bench::Options& options, const io::SafetensorsFile& weights)
      : model_(models::make(options.model)), optimizer_(make_optimizer(options, *model_)) {
    io::load(*model_, weights);
    if (options.sparsity > 0) prune::prune(prune::weights(*model_), prune::fraction(options.sparsity));
  }

  void take(const data::Batch& batch) override { batch_ = &batch; }

  double step() override {
    optimizer_->zero_grad();
    const Tensor loss = cross_entropy((*model_)(batch_->inputs), batch_->targets);
    loss.backward();
    optimizer_->step();
    return loss.item();
  }

 private:
  std::unique_ptr<nn::Module> model_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  const data::Batch* batch_ = nullptr;
};

std::unique_ptr<bench::Trainer> make_trainer(const bench::Options& options,
                                             const io::SafetensorsFile& weights) {
  return std::make_unique<TinynnTrainer>(options, weights);
}

}  // namespace

int main(int argc, char** argv) {
  bench::use_isa_of_environment();
  return bench::run_training(argc, argv, "tinynn", version(), make_trainer);
}
