// RandomNetwork: a network of 2 to 12 random layers that uses every operation that has a channel rule, to try
// deletion on what nobody thought of.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/module.hpp>
#include <tinynn/nn/norm.hpp>

#include "tests/support/draw.hpp"

namespace test {

using tinynn::Tensor;

class RandomNetwork : public tinynn::nn::Module {
 public:
  explicit RandomNetwork(uint64_t seed);

  void members(tinynn::nn::Visitor& v) override;
  /// (n, 2, size, size) to (n, 3)
  Tensor forward(const Tensor& x) override;

  static constexpr int64_t size = 8;

 private:
  // A step finds its layers by number in the network that runs it, so that copies run their own.
  using Step = std::function<Tensor(RandomNetwork& net, const Tensor& x)>;

  Step conv(int64_t in, int64_t out, int64_t kernel, const tinynn::nn::Conv2dOptions& options = {});
  Step norm(int64_t channels);
  Step activation();
  Step same_channels();  // a random step from channels_ to channels_
  Step image_step();     // a random step; updates channels_ and side_
  Step branching_step();

  Draw draw_;
  int64_t channels_ = 2, side_ = size;
  std::vector<tinynn::nn::Conv2d> convs_;
  std::vector<tinynn::nn::BatchNorm2d> norms_;
  std::vector<tinynn::nn::Linear> linears_;
  std::vector<tinynn::nn::BatchNorm1d> flat_norms_;
  std::vector<tinynn::Parameter> scales_;
  std::vector<Step> steps_;
};

}  // namespace test
