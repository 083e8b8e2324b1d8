// Training steps of libtorch on the CPU; see ../../training_run.hpp.
#include <vector>

#include <cblas.h>

#include "../../training_run.hpp"
#include "models.hpp"

namespace {

using namespace tinynn;

// Shares the numbers, which the library then only reads.
torch::Tensor as_torch(const Tensor& x) {
  return torch::from_blob(const_cast<float*>(x.data()),
                          torch::IntArrayRef(x.shape().begin(), x.shape().end()));
}

void load(torch::nn::Module& network, const io::SafetensorsFile& weights) {
  const torch::NoGradGuard no_grad;
  size_t loaded = 0;
  auto copy = [&](auto& entry) {
    if (entry.key().ends_with("num_batches_tracked")) return;  // tinynn does without
    const Tensor value = weights.tensor(entry.key());
    TORCH_CHECK(as_torch(value).sizes() == entry.value().sizes(), entry.key(), " has another shape");
    entry.value().copy_(as_torch(value));
    ++loaded;
  };
  for (auto& entry : network.named_parameters()) copy(entry);
  for (auto& entry : network.named_buffers()) copy(entry);
  TORCH_CHECK(loaded == weights.tensors.size(), loaded, " tensors wanted of ", weights.tensors.size());
}

std::unique_ptr<torch::optim::Optimizer> make_optimizer(const bench::Options& o,
                                                        const torch::nn::Module& network) {
  if (o.optimizer == "adam") {
    return std::make_unique<torch::optim::Adam>(network.parameters(),
                                                torch::optim::AdamOptions(o.lr).weight_decay(o.weight_decay));
  }
  return std::make_unique<torch::optim::SGD>(
      network.parameters(), torch::optim::SGDOptions(o.lr).momentum(o.momentum).weight_decay(o.weight_decay));
}

class TorchTrainer final : public bench::Trainer {
 public:
  TorchTrainer(const bench::Options& options, const io::SafetensorsFile& weights) {
    torch::set_num_threads(static_cast<int>(options.threads));
    openblas_set_num_threads(static_cast<int>(options.threads));  // which libtorch leaves alone
    network_ = peer::make_network(options.model);
    load(*network_, weights);
    optimizer_ = make_optimizer(options, *network_);
  }

  void take(const data::Batch& batch) override {
    images_ = as_torch(batch.inputs);
    labels_ =
        torch::tensor(std::vector<int64_t>(batch.targets.labels().begin(), batch.targets.labels().end()));
  }

  double step() override {
    optimizer_->zero_grad();
    const torch::Tensor loss = torch::nn::functional::cross_entropy(network_->forward(images_), labels_);
    loss.backward();
    optimizer_->step();
    return loss.item<double>();
  }

 private:
  std::unique_ptr<peer::Network> network_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  torch::Tensor images_, labels_;
};

std::unique_ptr<bench::Trainer> make_trainer(const bench::Options& options,
                                             const io::SafetensorsFile& weights) {
  return std::make_unique<TorchTrainer>(options, weights);
}

}  // namespace

int main(int argc, char** argv) {
  return bench::run_training(argc, argv, "libtorch", TORCH_VERSION, make_trainer);
}
