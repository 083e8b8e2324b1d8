// Writes the golden file anew: for when a case came in or changed. Build the target and run it, no arguments.
#include <iostream>

#include <tinynn/io/safetensors.hpp>

#include "tests/parity/golden.hpp"
#include "tests/parity/torch/twins.hpp"

int main() {
  using namespace test::parity;
  tinynn::io::SafetensorsFile file;
  file.metadata["made_by"] = std::string("libtorch ") + TORCH_VERSION;
  const Twins twins = all_twins();
  for (const Case& c : all_cases()) {
    for (uint64_t number = 0; number < golden_trials; ++number) {
      const Results results = twins.at(c.name)(draw_trial(c, number));
      for (size_t i = 0; i < results.size(); ++i) file.add(golden_name(c, number, i), results[i]);
    }
  }
  tinynn::io::write_safetensors(file, golden_path);
  std::cout << file.tensors.size() << " results to " << golden_path << "\n";
}
