// The grid of pruning as data: a criterion, a granularity, a regularizer and regrowth in one recipe, carried
// out step by step. `tinynn prune` with the options of the same names gives the same weights, bit for bit:
//
//   recipe datasets/mnist small.safetensors
//   tinynn prune --model lenet-300-100 --data datasets/mnist --out small.safetensors
//     --criterion taylor --granularity block:4 --sparsity 0.9 --steps 2 --epochs 1 --finetune-epochs 1
//     --regularizer l2:1e-5 --regrow set
#include <cstdio>
#include <exception>
#include <iostream>

#include <tinynn/tinynn.hpp>

using namespace tinynn;

int main(int count, char** arguments) {
  if (count != 3) {
    std::fprintf(stderr, "use: recipe FOLDER_OF_MNIST OUT.safetensors\n");
    return 2;
  }
  try {
    data::DataLoader train(data::mnist(arguments[1], data::Split::train),
                           {.batch_size = 128, .shuffle = true, .seed = 1});
    manual_seed(1);
    models::LeNet300100 net;
    optim::SGD sgd(net.parameters(), {.lr = 0.1, .momentum = 0.9, .weight_decay = 5e-4, .nesterov = true});

    recipe::Run run(net, sgd, train,
                    {.criterion = "taylor",
                     .granularity = "block:4",
                     .sparsity = 0.9,
                     .steps = 2,
                     .regularizer = "l2:1e-5",
                     .regrow = "set",
                     .epochs = 1,
                     .finetune_epochs = 1,
                     .lr_schedule = "cosine"});
    while (run.advance()) {
      if (run.progress().moment != recipe::Moment::trained) std::cout << run.progress() << '\n';
    }
    io::save(net, arguments[2], {.storage = io::Storage::smallest});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "recipe: %s\n", error.what());
    return 1;
  }
}
