// RandomNetwork: a network of 2 to 12 random layers that uses every operation that has a channel rule, with
// all their options, to try deletion and deployment on what nobody thought of.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <tinynn/nn/conv1d.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/conv_transpose2d.hpp>
#include <tinynn/nn/group_norm.hpp>
#include <tinynn/nn/layer_norm.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/module.hpp>
#include <tinynn/nn/norm.hpp>
#include <tinynn/nn/prelu.hpp>

#include "tests/support/draw.hpp"

namespace test {

using tinynn::Shape;
using tinynn::Tensor;

class RandomNetwork : public tinynn::nn::Module {
 public:
  /// With Kinds::all also of sequences and added channels, in other networks than without.
  enum class Kinds { images, all };
  explicit RandomNetwork(uint64_t seed, Kinds kinds = Kinds::images);

  void members(tinynn::nn::Visitor& v) override;
  /// (n, 2, size, size) to (n, 3)
  Tensor forward(const Tensor& x) override;

  static constexpr int64_t size = 8;

 private:
  // A step finds its layers by number in the network that runs it, so that copies run their own.
  using Step = std::function<Tensor(RandomNetwork& net, const Tensor& x)>;

  // Windows that move over an image; the fields have the names of the operations' options.
  struct Windows {
    tinynn::Size2 kernel, stride = 1, dilation = 1;
    tinynn::Padding2d padding = 0;
  };
  enum class Layer { conv, conv_of_same_size, max_pool, avg_pool, pool_of_same_size };

  Windows windows(Layer of);  // updates h_ and w_
  Step conv(int64_t in, int64_t out, const Windows& w, int64_t groups = 1, bool bias = true);
  Step transposed(int64_t in, int64_t out, int64_t groups = 1);  // updates h_ and w_
  template <class Norm>
  Step norm(std::vector<Norm> RandomNetwork::*norms, int64_t channels);
  Step linear(int64_t in, int64_t out);
  Step activation();
  Step prelu(int64_t channels);
  Step group_norm(int64_t channels);
  Step layer_norm(const Shape& last);
  Step pool(bool same_size);
  Step same_channels();  // a random step from channels_ to channels_, of the same size
  Step image_step();     // a random step; updates channels_, h_ and w_
  Step branching_step();
  Step as_sequence();     // from images to images of one row
  Step added_channels();  // and pixels
  Step to_features();     // from images to rows of channels_

  Draw draw_;
  Kinds kinds_;
  int64_t channels_ = 2, h_ = size, w_ = size;
  std::vector<tinynn::nn::Conv2d> convs_;
  std::vector<tinynn::nn::Conv1d> sequences_;
  std::vector<tinynn::nn::ConvTranspose2d> transposed_;
  std::vector<tinynn::nn::BatchNorm2d> norms_;
  std::vector<tinynn::nn::Linear> linears_;
  std::vector<tinynn::nn::BatchNorm1d> flat_norms_;
  std::vector<tinynn::nn::PReLU> prelus_;
  std::vector<tinynn::nn::GroupNorm> group_norms_;
  std::vector<tinynn::nn::LayerNorm> layer_norms_;
  std::vector<tinynn::Parameter> scales_;
  std::vector<Step> steps_;
};

}  // namespace test
