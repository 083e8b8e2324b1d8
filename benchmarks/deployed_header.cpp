// Times an exported header, as deployed.cpp times programs: C++17, without tinynn. Compiled with
//   -include HEADER -DCASE="..." -DCOMPILED="..."
#include <cstdio>
#include <vector>

#include <tinynn/cli/median.hpp>

int main() {
  std::size_t inputs = 1, outputs = 1;
  for (const int size : network_input_shape) inputs *= static_cast<std::size_t>(size);
  for (const int size : network_output_shape) outputs *= static_cast<std::size_t>(size);
  std::vector<float> x(inputs), y(outputs);
  unsigned random = 1;
  for (float& v : x) {
    random = random * 1664525U + 1013904223U;
    v = static_cast<float>(random >> 8) / (1 << 23) - 1;
  }
  const double us = tinynn::cli::median_microseconds([&] { network_predict(x.data(), y.data()); });
  std::printf("{\"library\": \"header, %s\", \"case\": \"%s\", \"us\": %.3f, \"bytes\": %zu}\n", COMPILED,
              CASE, us, network_constant_bytes);
}
