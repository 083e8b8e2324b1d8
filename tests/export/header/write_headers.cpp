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
#include <tinynn/export/quantize.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/pool.hpp>
#include <tinynn/ops/shape.hpp>
#include <tinynn/program/plan_file.hpp>
#include <tinynn/prune/mask_rules.hpp>

#include "tests/support/int8_twin.hpp"
#include "tests/support/random_network.hpp"
#include "tests/support/small_networks.hpp"
#include "tests/support/with_activation.hpp"

using namespace tinynn;

namespace {

// What the random networks have nothing of: windows of several sizes, for ONNX has none of them, and a layer
// that reads what a softmax reads, which stays in floats.
struct Rarities : nn::Module {
  nn::Conv2d first{2, 3, 1}, second{3, 3, 1};

  void members(nn::Visitor& v) override { v("first", first), v("second", second); }
  Tensor forward(const Tensor& x) override {
    const Tensor h = first(adaptive_avg_pool2d(x, {4, 3}));
    return add(softmax(h, 1), second(h));
  }
};

// Floats are added in another order than in a program; whole numbers leave no choice.
constexpr const char *of_floats = "2e-6", *exact = "0";

class Writer {
 public:
  explicit Writer(std::filesystem::path folder) : folder_(std::move(folder)) {}

  enum class Numbers { floats, int8, all_int8 };  // all: not only the output, but all that leads to it

  void add(const std::string& name, nn::Module& net, const Shape& of_one, Numbers numbers) {
    const Tensor x = randn(with_samples(of_one, 4));
    const deploy::Plan plan = deploy::plan(net, x);
    if (numbers == Numbers::floats)
      return write(name, deploy::to_header(plan, {.name = name}), x, deploy::Program(plan)(x), of_floats);
    auto quantized = deploy::quantize(plan, randn(with_samples(of_one, 32)));
    if (numbers == Numbers::all_int8) quantized = test::with_all_values(quantized);
    const bool sums_floats = std::ranges::any_of(quantized.steps, [&](const deploy::Step& step) {
      return step.kind->has_weight && quantized.format(step.inputs[0]).is_float();
    });
    write(name, deploy::to_header(quantized, {.name = name}), x, test::int8_outputs(quantized, x),
          sums_floats ? of_floats : exact);
  }

  // The same network as it was, but for pixels.
  void add_raw(const std::string& name, nn::Module& net, const Shape& of_one, Numbers numbers) {
    Tensor pixels = rand(with_samples(of_one, 4), 0, 255), x = pixels.clone();
    for (int64_t i = 0; i < x.numel(); ++i) {
      pixels.mutable_data()[i] = std::floor(pixels.data()[i]);
      x.mutable_data()[i] = (pixels.data()[i] / 255 - 0.4F) / 0.3F;
    }
    const deploy::Plan plan = deploy::plan(net, x);
    const bool int8 = numbers == Numbers::int8;
    const auto network =
        deploy::with_normalization(int8 ? deploy::quantize(plan, x) : plan, {255 * 0.4}, {255 * 0.3});
    write(name, deploy::to_header(network, {.name = name, .pixels = true}), pixels,
          int8 ? test::int8_outputs(network, pixels) : deploy::Program(network)(pixels),
          int8 ? exact : of_floats);
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
  using Numbers = Writer::Numbers;
  if (count != 2) throw std::invalid_argument("usage: write_headers FOLDER");
  Writer writer(arguments[1]);
  for (const std::string name : {"lenet-300-100", "simple-cnn", "densenet-small", "resnet-20"}) {
    manual_seed(1);
    const auto net = models::make(name);
    prune::prune(prune::weights(*net), prune::fraction(0.95));
    std::string plain = name;
    std::ranges::replace(plain, '-', '_');
    writer.add(plain, *net, models::input_shape(name), Numbers::floats);
    writer.add(plain + "_int8", *net, models::input_shape(name), Numbers::int8);
  }
  // Dense, with convolutions by Winograd's way, on sides that fill their tiles and on others.
  for (const int64_t side : {8, 11}) {
    manual_seed(4);
    const Shape of_one{2, side, side + 4};
    const auto net = models::make("conv 8 pad 1, relu, conv 11 pad 1, relu, conv 9 pad 1", of_one);
    writer.add("side_" + std::to_string(side), *net, of_one, Numbers::floats);
  }
  manual_seed(2);
  const auto digits = models::make("simple-cnn");
  writer.add_raw("raw", *digits, models::input_shape("simple-cnn"), Numbers::floats);
  writer.add_raw("raw_int8", *digits, models::input_shape("simple-cnn"), Numbers::int8);
  Rarities rarities;
  writer.add("rarities", rarities, {2, 7, 5}, Numbers::floats);
  writer.add("rarities_nn", rarities, {2, 7, 5},
             Numbers::all_int8);  // its names begin with those of the other
  for (const auto* row : test::activations()) {
    manual_seed(3);
    test::WithActivation net(*row);
    writer.add(std::string("act_") + row->name, net, {2, 5, 5}, Numbers::floats);
    writer.add(std::string("act_int8_") + row->name, net, {2, 5, 5}, Numbers::int8);
  }
  for (auto& [name, of_one, net] : test::small_networks()) {
    writer.add("small_" + name, *net, of_one, Numbers::floats);
    writer.add("small_int8_" + name, *net, of_one, Numbers::all_int8);
  }
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    manual_seed(seed);
    test::RandomNetwork net(seed);
    if (seed % 3 == 0) prune::prune(prune::weights(net), prune::fraction(0.8));
    writer.add("random_" + std::to_string(seed), net,
               {2, test::RandomNetwork::size, test::RandomNetwork::size},
               seed % 2 != 0   ? Numbers::floats
               : seed % 4 != 0 ? Numbers::int8
                               : Numbers::all_int8);
  }
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
