// Size of LeNet-300-100's file over sparsity, in each of the forms in which a file can hold masked
// parameters, as a Markdown table. Every layer is pruned by the same share. Weights are random, or those of
// a dense network in FILE.
//   build/release/benchmarks/tinynn_bench_storage [FILE]
#include <cstdio>

#include <tinynn/tinynn.hpp>
using namespace tinynn;

int main(int argc, char** argv) try {
  manual_seed(1);
  models::LeNet300100 dense;
  if (argc > 1) {
    io::load(dense, argv[1]);
    check(prune::sparsity(prune::weights(dense)) == 0, argv[1], ": pruned already, expected a dense network");
  }
  std::printf(
      "| weights that are zero | dense, mask beside | bit-mask | CSR | smallest for each layer | "
      "times smaller than without masks |\n");
  std::printf("|---|---|---|---|---|---|\n");
  const auto whole = static_cast<double>(io::safetensors_bytes(io::to_file(dense)));
  for (const double sparsity : {0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99}) {
    models::LeNet300100 net = clone(dense);
    prune::prune(prune::weights(net), prune::fraction(sparsity), {}, prune::Scope::local);
    for (Parameter& p : prune::weights(net)) p.prune(Mask(p.shape()));  // a mask even where nothing is pruned
    std::printf("| %g%% |", 100 * sparsity);
    int64_t bytes = 0;
    for (const auto storage :
         {io::Storage::dense, io::Storage::bitmask, io::Storage::csr, io::Storage::smallest}) {
      bytes = io::safetensors_bytes(io::to_file(net, {}, storage));
      std::printf(" %lld |", static_cast<long long>(bytes));
    }
    std::printf(" %.1f |\n", whole / static_cast<double>(bytes));
  }
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
