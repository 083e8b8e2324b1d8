// What a saved network answers, for tests that compare it with PyTorch: forward NETWORK IMAGES OUT. IMAGES
// and OUT are safetensors files with one tensor each, "images" (n, c, h, w) and "outputs" (n, classes).
#include <cstdio>
#include <memory>

#include <tinynn/autograd/no_grad.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/io/checkpoint.hpp>
#include <tinynn/models/models.hpp>

int main(int argc, char** argv) try {
  using namespace tinynn;
  check(argc == 4, "forward: expected NETWORK IMAGES OUT");
  const io::SafetensorsFile file = io::read_safetensors(argv[1]);
  std::unique_ptr<nn::Module> network;
  if (file.metadata.contains("tinynn.graph")) {
    network = std::make_unique<graph::Network>(io::load_network(file));
  } else {
    network = models::make(file.metadata.at("tinynn.model"));
    io::load(*network, file);
  }
  network->eval();
  const NoGrad no_grad;
  io::SafetensorsFile outputs;
  outputs.add("outputs", (*network)(io::read_safetensors(argv[2]).tensor("images")));
  io::write_safetensors(outputs, argv[3]);
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
