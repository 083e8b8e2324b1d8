// What the benchmarks of inference have in common.
#pragma once

#include <cstdint>
#include <vector>

#include <tinynn/cli/median.hpp>
#include <tinynn/tinynn.hpp>

namespace bench {

/// Takes 10 of an image's numbers: its time is the cost of a call.
struct Nothing : tinynn::nn::Module {
  void members(tinynn::nn::Visitor&) override {}
  tinynn::Tensor forward(const tinynn::Tensor& x) override {
    return tinynn::slice(tinynn::flatten(x), 1, 0, 10);
  }
};

/// The median microseconds of a call on that many random samples.
inline double median_microseconds(const tinynn::deploy::Program& program, int64_t samples) {
  const tinynn::Tensor x = tinynn::randn({samples, program.input_shape().numel()});
  std::vector<float> y(static_cast<size_t>(samples * program.output_shape().numel()));
  return tinynn::cli::median_microseconds([&] { program.run(samples, x.data(), y.data()); });
}

}  // namespace bench
