// Times an exported header, as deployed.cpp times programs: C++17, without tinynn. Compiled with
//   -include HEADER -DCASE="..." -DCOMPILED="..."
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

int main() {
  using Clock = std::chrono::steady_clock;
  std::size_t inputs = 1, outputs = 1;
  for (const int size : network_input_shape) inputs *= static_cast<std::size_t>(size);
  for (const int size : network_output_shape) outputs *= static_cast<std::size_t>(size);
  std::vector<float> x(inputs), y(outputs);
  unsigned random = 1;
  for (float& v : x) {
    random = random * 1664525U + 1013904223U;
    v = static_cast<float>(random >> 8) / (1 << 23) - 1;
  }
  std::vector<double> times;
  double total = 0;
  for (int i = 0; i < 20 || total < 2e5; ++i) {
    const auto start = Clock::now();
    network_predict(x.data(), y.data());
    const double time = std::chrono::duration<double, std::micro>(Clock::now() - start).count();
    if (i < 5) continue;  // warm-up
    times.push_back(time);
    total += time;
  }
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  std::printf("{\"library\": \"header, %s\", \"case\": \"%s\", \"us\": %.3f, \"bytes\": %zu}\n", COMPILED,
              CASE, times[times.size() / 2], network_constant_bytes);
}
