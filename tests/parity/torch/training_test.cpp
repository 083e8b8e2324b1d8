// Whole trainings side by side: 200 steps from the same weights, on the same batches, with the same
// optimizer. libtorch makes the weights and writes them as safetensors, by a writer of its own: tinynn reads
// the file as it would read any that comes from Python.
#include <cmath>
#include <fstream>

#include <nlohmann/json.hpp>

#include <tinynn/data/data_loader.hpp>
#include <tinynn/data/mnist.hpp>
#include <tinynn/io/checkpoint.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/ops/loss.hpp>
#include <tinynn/optim/adam.hpp>
#include <tinynn/optim/sgd.hpp>

#include "benchmarks/peers/libtorch/models.hpp"
#include "datasets/find.hpp"
#include "tests/parity/torch/torch_and_doctest.hpp"
#include "tests/parity/torch/twins.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace tinynn;

namespace {

void write_safetensors(torch::nn::Module& module, const std::filesystem::path& path) {
  nlohmann::json header;
  std::string bytes;
  for (const auto& item : module.named_parameters()) {
    const at::Tensor x = item.value().detach().contiguous();
    const size_t begin = bytes.size();
    bytes.append(static_cast<const char*>(x.data_ptr()), x.nbytes());
    header[item.key()] = {
        {"dtype", "F32"}, {"shape", x.sizes().vec()}, {"data_offsets", {begin, bytes.size()}}};
  }
  const std::string text = header.dump();
  const uint64_t length = text.size();  // little-endian, as every machine is that Debian's libtorch runs on
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(&length), sizeof length)
      << text << bytes;
}

std::vector<data::Batch> first_batches(int64_t count) {
  const auto folder = datasets::find("mnist");
  if (!folder) return {};
  std::vector<data::Batch> batches;
  data::DataLoader loader(data::mnist(*folder, data::Split::train),
                          {.batch_size = 64, .shuffle = true, .seed = 1});
  for (auto& batch : loader) {
    batches.push_back(batch);
    if (static_cast<int64_t>(batches.size()) == count) break;
  }
  return batches;
}

template <class Optimizer, class TorchOptimizer>
void compare(const char* model, std::function<Optimizer(std::vector<Parameter>)> make,
             std::function<TorchOptimizer(std::vector<at::Tensor>)> make_theirs) {
  const auto batches = first_batches(200);
  if (batches.empty()) {
    MESSAGE("skipped: no MNIST; datasets/fetch.sh mnist gets it");
    return;
  }
  torch::manual_seed(3);
  const auto theirs = peer::make_network(model);
  const auto ours = models::make(model);
  const test::TemporaryFolder folder;
  write_safetensors(*theirs, folder.path() / "weights.safetensors");
  io::load(*ours, folder.path() / "weights.safetensors");

  Optimizer optimizer = make(ours->parameters());
  TorchOptimizer their_optimizer = make_theirs(theirs->parameters());
  double largest = 0, last = 0;
  for (const auto& [images, labels] : batches) {
    optimizer.zero_grad();
    const Tensor loss = cross_entropy((*ours)(images), labels);
    loss.backward();
    optimizer.step();

    their_optimizer.zero_grad();
    const at::Tensor their_labels =
        torch::tensor(std::vector<int64_t>(labels.begin(), labels.end()), torch::kLong);
    const at::Tensor their_loss =
        torch::nn::functional::cross_entropy(theirs->forward(test::parity::to_torch(images)), their_labels);
    their_loss.backward();
    their_optimizer.step();

    last = their_loss.item<double>();
    largest = std::max(largest, std::abs(loss.item() - last));
  }
  MESSAGE(std::string(model), ": after ", batches.size(), " steps the loss is ", last,
          "; the curves part by at most ", largest);
  CHECK(last < 0.6);
  CHECK(largest < 1e-3);
}

}  // namespace

// Without momentum: with 0.9 of it, rounding grows until libtorch's own float32 and float64 curves part by
// 5e-3 (without, by 3e-4).
TEST_CASE("parity. 200 steps of lenet-5 with SGD follow PyTorch's loss") {
  compare<optim::SGD, torch::optim::SGD>(
      "lenet-5", [](auto parameters) { return optim::SGD(parameters, {.lr = 0.01, .weight_decay = 5e-4}); },
      [](auto parameters) {
        return torch::optim::SGD(parameters, torch::optim::SGDOptions(0.01).weight_decay(5e-4));
      });
}

TEST_CASE("parity. 200 steps of simple-cnn with Adam follow PyTorch's loss") {
  compare<optim::Adam, torch::optim::Adam>(
      "simple-cnn", [](auto parameters) { return optim::Adam(parameters, {.lr = 1e-3}); },
      [](auto parameters) { return torch::optim::Adam(parameters, torch::optim::AdamOptions(1e-3)); });
}
