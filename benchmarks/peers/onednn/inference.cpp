// The perceptron and the two small convolutional networks by oneDNN's primitives, each in the layout that it
// likes best: onednn_bench_inference THREADS prints a line of JSON for each network and batch size, with the
// median microseconds of a call. Weights and outputs are compared with tinynn's first.
#include "../../inference.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <unordered_map>
#include <vector>

#include <dnnl.hpp>
#include <omp.h>

namespace {

using namespace tinynn;
using Memory = dnnl::memory;
using Format = Memory::format_tag;
constexpr auto floats = Memory::data_type::f32;

Memory::dims dims_of(const Shape& shape) { return {shape.begin(), shape.end()}; }

class Network {
 public:
  Network(nn::Module& module, const Shape& input) : weights_(module.named_parameters()) {
    at_ = input_ = Memory({dims_of(input), floats, input.rank() == 4 ? Format::nchw : Format::nc}, engine_);
  }

  void convolution(const std::string& name, int64_t padding, bool relu) {
    const auto [weight, bias] = parameters(name);
    const Shape& w = weight.shape();
    const auto x = at_.get_desc().dims();
    const Memory::dims pad{padding, padding},
        y{x[0], w[0], x[2] + 2 * padding - w[2] + 1, x[3] + 2 * padding - w[3] + 1};
    const dnnl::convolution_forward::primitive_desc made({dnnl::prop_kind::forward_inference,
                                                          dnnl::algorithm::convolution_auto,
                                                          any(x),
                                                          any(dims_of(w)),
                                                          any({w[0]}),
                                                          any(y),
                                                          {1, 1},
                                                          pad,
                                                          pad},
                                                         activation(relu), engine_);
    add(dnnl::convolution_forward(made), made, weight, Format::oihw, bias);
  }
  void linear(const std::string& name, bool relu) {
    const auto [weight, bias] = parameters(name);
    auto x = at_.get_desc().dims();
    Memory::dims w = dims_of(weight.shape());
    if (x.size() == 4) w = {w[0], x[1], x[2], x[3]};
    const dnnl::inner_product_forward::primitive_desc made(
        {dnnl::prop_kind::forward_inference, any(x), any(w), any({w[0]}), any({x[0], w[0]})},
        activation(relu), engine_);
    add(dnnl::inner_product_forward(made), made, weight, x.size() == 4 ? Format::oihw : Format::oi, bias);
  }
  void max_pool() {
    const auto x = at_.get_desc().dims();
    const dnnl::pooling_forward::primitive_desc made({dnnl::prop_kind::forward_inference,
                                                      dnnl::algorithm::pooling_max,
                                                      at_.get_desc(),
                                                      any({x[0], x[1], x[2] / 2, x[3] / 2}),
                                                      {2, 2},
                                                      {2, 2},
                                                      {0, 0},
                                                      {0, 0}},
                                                     engine_);
    const Memory y(made.dst_desc(), engine_);
    steps_.push_back({dnnl::pooling_forward(made), {{DNNL_ARG_SRC, at_}, {DNNL_ARG_DST, y}}});
    at_ = y;
  }

  /// x is copied in, and y out: a call of tinynn's reads and writes the caller's memory, too.
  void run(const float* x, float* y) {
    std::copy_n(x, input_.get_desc().get_size() / sizeof(float),
                static_cast<float*>(input_.get_data_handle()));
    for (auto& [primitive, arguments] : steps_) primitive.execute(stream_, arguments);
    stream_.wait();
    const auto* from = static_cast<const float*>(at_.get_data_handle());
    std::copy_n(from, at_.get_desc().get_size() / sizeof(float), y);
  }

 private:
  static Memory::desc any(const Memory::dims& dims) { return {dims, floats, Format::any}; }
  static dnnl::primitive_attr activation(bool relu) {
    dnnl::primitive_attr attributes;
    dnnl::post_ops after;
    if (relu) after.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
    attributes.set_post_ops(after);
    return attributes;
  }
  std::pair<Tensor, Tensor> parameters(const std::string& name) const {
    std::pair<Tensor, Tensor> found;
    for (const auto& [of, parameter] : weights_) {
      if (of == name + ".weight") found.first = parameter.detach();
      if (of == name + ".bias") found.second = parameter.detach();
    }
    return found;
  }
  // The same numbers in this layout: now, or before each call.
  Memory as(const Memory& from, const Memory::desc& wanted, bool now) {
    if (from.get_desc() == wanted) return from;
    const Memory to(wanted, engine_);
    if (now) {
      dnnl::reorder(from, to).execute(stream_, {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
      stream_.wait();
    } else {
      steps_.push_back({dnnl::reorder(from, to), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}}});
    }
    return to;
  }
  Memory constant(const Tensor& values, const Memory::dims& dims, Format format) {
    const Memory plain({dims, floats, format}, engine_);
    std::copy_n(values.data(), values.numel(), static_cast<float*>(plain.get_data_handle()));
    return plain;
  }
  template <class Description>
  void add(const dnnl::primitive& primitive, const Description& made, const Tensor& weight, Format format,
           const Tensor& bias) {
    const Memory x = as(at_, made.src_desc(), false);
    const Memory w = as(constant(weight, made.weights_desc().dims(), format), made.weights_desc(), true);
    const Memory b = constant(bias, {bias.numel()}, Format::x), y(made.dst_desc(), engine_);
    steps_.push_back(
        {primitive, {{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, w}, {DNNL_ARG_BIAS, b}, {DNNL_ARG_DST, y}}});
    at_ = y;
  }

  struct Step {
    dnnl::primitive primitive;
    std::unordered_map<int, Memory> arguments;
  };
  std::vector<std::pair<std::string, Parameter>> weights_;
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  Memory input_, at_;
  std::vector<Step> steps_;
};

Network make(const std::string& model, nn::Module& module, int64_t samples) {
  if (model == "lenet-300-100") {
    Network net(module, {samples, 784});
    net.linear("fc1", true);
    net.linear("fc2", true);
    net.linear("fc3", false);
    return net;
  }
  const bool simple = model == "simple-cnn";
  Network net(module, {samples, 1, 28, 28});
  for (const char* convolution : {"conv1", "conv2"}) {
    net.convolution(convolution, simple ? 1 : 0, simple);
    net.max_pool();
  }
  net.linear("fc1", true);
  net.linear("fc2", false);
  return net;
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 1;
  omp_set_num_threads(threads);
  const dnnl_version_t* version = dnnl_version();
  for (const char* model : {"lenet-300-100", "simple-cnn", "lenet-5"}) {
    manual_seed(1);
    const auto module = models::make(model);
    module->eval();
    for (const int64_t samples : {1, 64, 1000}) {
      Network net = make(model, *module, samples);
      const Tensor x = randn({samples, 1, 28, 28}), expected = (*module)(x).detach();
      std::vector<float> y(static_cast<size_t>(expected.numel()));
      net.run(x.data(), y.data());
      for (size_t i = 0; i < y.size(); ++i) {
        if (std::abs(y[i] - expected.data()[i]) < 1e-3F) continue;
        std::fprintf(stderr, "oneDNN: %s gives %g, expected %g\n", model, static_cast<double>(y[i]),
                     static_cast<double>(expected.data()[i]));
        return 1;
      }
      std::printf(
          R"({"library": "oneDNN", "version": "%d.%d.%d", "case": "%s", "batch": %lld, "threads": %d, "us": %.3f})"
          "\n",
          version->major, version->minor, version->patch, model, static_cast<long long>(samples), threads,
          tinynn::cli::median_microseconds([&] { net.run(x.data(), y.data()); }));
    }
  }
}
