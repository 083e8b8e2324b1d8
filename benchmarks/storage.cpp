// Sizes of the files of LeNet-300-100 and LeNet-5 over sparsity, in both forms in which a file can hold
// masked parameters, as a Markdown table; in the last column live weights share 16 values in each layer.
// Every layer is pruned by the same share. Weights are random, or those of a dense LeNet-300-100 in FILE.
//   build/release/benchmarks/tinynn_bench_storage [FILE]
#include <cstdio>

#include <tinynn/export/share_weights.hpp>
#include <tinynn/tinynn.hpp>
using namespace tinynn;

namespace {

long long bytes_of(nn::Module& net, io::Storage storage) {
  return static_cast<long long>(io::safetensors_bytes(io::to_file(net, {.storage = storage})));
}

template <class Network>
void print_rows(const char* name, Network& dense) {
  const long long whole = bytes_of(dense, io::Storage::dense);
  for (const double sparsity : {0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99}) {
    Network net = clone(dense);
    prune::prune(prune::weights(net), prune::fraction(sparsity), {}, prune::Scope::local);
    for (Parameter& p : prune::weights(net)) p.prune(Mask(p.shape()));  // a mask even where nothing is pruned
    const long long masked = bytes_of(net, io::Storage::dense), small = bytes_of(net, io::Storage::smallest);
    for (Parameter& p : prune::weights(net)) deploy::share_weights(p, 16);
    std::printf("| %s | %g%% | %lld | %lld | %.1f | %lld |\n", name, 100 * sparsity, masked, small,
                static_cast<double>(whole) / static_cast<double>(small),
                bytes_of(net, io::Storage::smallest));
  }
}

}  // namespace

int main(int argc, char** argv) try {
  manual_seed(1);
  models::LeNet300100 dense;
  if (argc > 1) {
    io::load(dense, argv[1]);
    check(prune::sparsity(prune::weights(dense)) == 0, argv[1], ": pruned already, expected a dense network");
  }
  std::printf(
      "| network | weights that are zero | dense, mask beside | compressed | times smaller than without "
      "masks | "
      "compressed, 16 values a layer |\n|---|---|---|---|---|---|\n");
  print_rows("LeNet-300-100", dense);
  models::LeNet5 convolutional;
  if (argc == 1) print_rows("LeNet-5", convolutional);
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
