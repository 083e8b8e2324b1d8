// Writes networks as C++ headers, each with samples and what they should lead to, as raw float32:
// write_headers FOLDER makes NAME.hpp, NAME.input and NAME.output; cases.cpp, which runs them all, and
// in_c.c, in which they are functions in C.
#define DOCTEST_CONFIG_IMPLEMENT  // the random networks are of the tests
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>

#include <doctest/doctest.h>

#include <tinynn/core/random.hpp>
#include <tinynn/export/compile.hpp>
#include <tinynn/export/header.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/pool.hpp>
#include <tinynn/ops/shape.hpp>
#include <tinynn/prune/mask_rules.hpp>

#include "tests/support/random_network.hpp"
#include "tests/support/with_activation.hpp"

using namespace tinynn;

namespace {

// What the random networks have nothing of.
struct Rarities : nn::Module {
  nn::Conv2d dilated{4, 6, 3, {.stride = 2, .padding = 2, .dilation = 2, .groups = 2}}, deep{6, 6, 1};
  nn::Linear out{6 * 4 * 3, 5};

  void members(nn::Visitor& v) override { v("dilated", dilated), v("deep", deep), v("out", out); }
  Tensor forward(const Tensor& x) override {
    Tensor h = tinynn::tanh(max_pool2d(dilated(x), 3, {.stride = 1, .padding = 1}));
    h = leaky_relu(avg_pool2d(h, 3, {.stride = 1, .padding = 1, .count_include_pad = true}), 0.2);
    h = softmax(sub(deep(h), h), 1);
    h = adaptive_avg_pool2d(gelu(h, GeluFormula::tanh), {4, 3});
    return log_softmax(out(flatten(h)), 1);
  }
};

// What pooling makes of padding that does not count, and an activation with a number of its own after it.
struct Padded : nn::Module {
  nn::Conv2d first{3, 4, 3};
  nn::Conv2d uneven{4, 4, {1, 3}, {.stride = {1, 2}, .padding = {0, 0, 2, 0}, .dilation = {1, 2}}};
  nn::Linear out{4 * 4 * 2, 5};

  void members(nn::Visitor& v) override { v("first", first), v("uneven", uneven), v("out", out); }
  Tensor forward(const Tensor& x) override {
    Tensor h = leaky_relu(max_pool2d(first(x), 2), 0.3);
    h = avg_pool2d(h, 3, {.stride = 1, .padding = 1, .count_include_pad = false});
    h = max_pool2d(uneven(h), {2, 1}, {.stride = 1, .padding = {0, 1, 0, 0}, .dilation = {2, 1}});
    return out(flatten(h));
  }
};

class Writer {
 public:
  explicit Writer(std::filesystem::path folder) : folder_(std::move(folder)) {}

  void add(const std::string& name, nn::Module& net, const Shape& of_one, bool int8) {
    const Tensor x = randn(with_samples(of_one, 4));
    const deploy::Plan plan = deploy::plan(net, x);
    if (int8) {
      const auto quantized = deploy::quantize(plan, randn(with_samples(of_one, 32)));
      write(name, deploy::to_header(quantized, {.name = name}), x, quantized(x), "0.02");
    } else {
      write(name, deploy::to_header(plan, {.name = name}), x, deploy::Program(plan)(x), "1e-5");
    }
  }

  // The same network as it was, but for pixels.
  void add_raw(const std::string& name, nn::Module& net, const Shape& of_one, bool int8) {
    Tensor pixels = rand(with_samples(of_one, 4), 0, 255), x = pixels.clone();
    for (int64_t i = 0; i < x.numel(); ++i) {
      pixels.mutable_data()[i] = std::floor(pixels.data()[i]);
      x.mutable_data()[i] = (pixels.data()[i] / 255 - 0.4F) / 0.3F;
    }
    const deploy::Plan plan = deploy::plan(net, x);
    const auto network = int8 ? deploy::quantize(plan, x) : deploy::unquantized(plan);
    const auto header = deploy::to_header(deploy::with_normalization(network, {255 * 0.4}, {255 * 0.3}),
                                          {.name = name, .pixels = true});
    write(name, header, pixels, network(x), int8 ? "0.02" : "1e-5");
  }

  ~Writer() {
    std::ofstream(folder_ / "cases.cpp")
        << includes_ << "#include \"check.hpp\"\n\nint main() {\n  bool good = true;\n"
        << checks_ << "  return good ? 0 : 1;\n}\n";
    std::ofstream(folder_ / "in_c.c") << in_c_;
  }

 private:
  static Shape with_samples(const Shape& of_one, int64_t samples) {
    std::vector<int64_t> sizes{samples};
    sizes.insert(sizes.end(), of_one.begin(), of_one.end());
    return Shape(sizes);
  }
  void write(const std::string& name, const deploy::Header& header, const Tensor& x, const Tensor& y,
             const std::string& tolerance) {
    std::ofstream(folder_ / (name + ".hpp")) << header.text;
    for (const auto& [suffix, tensor] : {std::pair{".input", x}, {".output", y}}) {
      const auto values = tensor.values();
      std::ofstream(folder_ / (name + suffix), std::ios::binary)
          .write(reinterpret_cast<const char*>(values.data()),
                 static_cast<std::streamsize>(values.size_bytes()));
    }
    const std::string include = "#include \"" + name + ".hpp\"\n";
    const std::string in_c = "void " + name + "_in_c(const float* x, float* y)";
    includes_ += include + "extern \"C\" " + in_c + ";\n";
    in_c_ += include + in_c + ";\n" + in_c + " { " + name + "_predict(x, y); }\n";
    checks_ += "  good &= check(\"" + name + "\", " + name + "_predict, " + tolerance + ", " + name +
               "_constant_bytes, " + std::to_string(header.constant_bytes) + ");\n";
    checks_ += "  good &= check(\"" + name + "\", " + name + "_in_c, " + tolerance + ", 0, 0);\n";
  }

  std::filesystem::path folder_;
  std::string includes_, checks_, in_c_;
};

}  // namespace

int main(int count, char** arguments) try {
  if (count != 2) throw std::invalid_argument("usage: write_headers FOLDER");
  Writer writer(arguments[1]);
  for (const std::string name : {"lenet-300-100", "simple-cnn", "densenet-small", "resnet-20"}) {
    manual_seed(1);
    const auto net = models::make(name);
    prune::prune(prune::weights(*net), prune::fraction(0.95));
    std::string plain = name;
    std::ranges::replace(plain, '-', '_');
    writer.add(plain, *net, models::input_shape(name), false);
    writer.add(plain + "_int8", *net, models::input_shape(name), true);
  }
  manual_seed(2);
  const auto digits = models::make("simple-cnn");
  writer.add_raw("raw", *digits, models::input_shape("simple-cnn"), false);
  writer.add_raw("raw_int8", *digits, models::input_shape("simple-cnn"), true);
  Rarities rarities;
  writer.add("rarities", rarities, {4, 12, 9}, false);
  writer.add("rarities_int8", rarities, {4, 12, 9}, true);
  Padded padded;
  writer.add("padded", padded, {3, 13, 13}, false);
  writer.add("padded_nn", padded, {3, 13, 13}, true);  // its names begin with those of the other
  for (const auto* row : test::activations()) {
    manual_seed(3);
    test::WithActivation net(*row);
    writer.add(std::string("act_") + row->name, net, {2, 5, 5}, false);
    writer.add(std::string("act_int8_") + row->name, net, {2, 5, 5}, true);
  }
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    manual_seed(seed);
    test::RandomNetwork net(seed);
    if (seed % 3 == 0) prune::prune(prune::weights(net), prune::fraction(0.8));
    writer.add("random_" + std::to_string(seed), net,
               {2, test::RandomNetwork::size, test::RandomNetwork::size}, seed % 2 == 0);
  }
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
