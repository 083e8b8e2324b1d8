// Makes network.hpp and pictures.hpp, which lab 7 runs: trains LeNet-300-100 on MNIST, prunes it to 5,000
// weights while it learns, deletes the neurons that nothing reads any more, rounds what is left to int8 and
// writes it down. Half a minute; nothing of it is the student's business but the format, which lab7.hpp
// describes.
//   build/release/examples/labs/experiments/lab7_export FOLDER_WITH_MNIST examples/labs/lab7
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>

#include <tinynn/tinynn.hpp>
using namespace tinynn;

namespace {

constexpr int64_t live_weights = 5000, count_of_pictures = 20;
constexpr std::string_view greys = " .:-=+*#%@";  // pixels of 0, 28, 56, ... 252

struct SparseInt8 {  // a layer as it is written down
  std::vector<int> counts, gaps, values, biases, factors;
  int64_t inputs = 0, outputs = 0;
  int shift = 0;
};

void train_and_prune(nn::Module& net, data::DataLoader& images) {
  optim::Adam adam(net.parameters(), {.lr = 1e-3});
  train::fit(net, adam, images, {.epochs = 3});
  const double all = static_cast<double>(prune::count_elements(prune::weights(net)).all);
  prune::iterate(net, {.schedule = prune::cubic({.to = 1 - live_weights / all, .steps = 12}),
                       .finetune = [&](int64_t) { train::fit(net, adam, images); }});
  for (const double lr : {5e-4, 2e-4, 5e-5}) {
    optim::Adam slower(net.parameters(), {.lr = lr});
    train::fit(net, slower, images, {.epochs = 2});
  }
  structured::compact(net, images.example());
}

// Inputs are x_scale times a byte, outputs y_scale times one; scores (y_scale of 0) stay 32 bits wide, and
// have to be multiples of one number to be compared, so that all rows share a scale.
SparseInt8 round(const nn::Linear& layer, double x_scale, double y_scale) {
  SparseInt8 result;
  result.inputs = layer.weight.shape()[1], result.outputs = layer.weight.shape()[0];
  const float* w = layer.weight.data();
  const auto largest = [&](int64_t begin, int64_t end) {
    double most = 0;
    for (int64_t i = begin; i < end; ++i) most = std::max(most, std::abs(static_cast<double>(w[i])));
    return most > 0 ? most : 1;
  };
  std::vector<double> ratios;
  for (int64_t o = 0; o < result.outputs; ++o) {
    const int64_t row = o * result.inputs, end = row + result.inputs;
    const double scale = (y_scale > 0 ? largest(row, end) : largest(0, layer.weight.numel())) / 127;
    int count = 0;
    int64_t last = row;
    for (int64_t i = row; i < end; ++i) {
      const int value = static_cast<int>(std::lround(static_cast<double>(w[i]) / scale));
      if (value == 0) continue;
      int64_t gap = i - last;
      for (; gap >= 255; gap -= 255) result.gaps.push_back(255);
      result.gaps.push_back(static_cast<int>(gap));
      result.values.push_back(value);
      last = i, ++count;
    }
    result.counts.push_back(count);
    result.biases.push_back(
        static_cast<int>(std::lround(static_cast<double>(layer.bias.data()[o]) / (x_scale * scale))));
    ratios.push_back(x_scale * scale / y_scale);
  }
  if (y_scale > 0) {
    int exponent = 0;
    std::frexp(std::ranges::max(ratios), &exponent);  // below 2^exponent
    result.shift = 30 - exponent;
    for (const double r : ratios)
      result.factors.push_back(static_cast<int>(std::lround(std::ldexp(r, result.shift))));
  }
  return result;
}

std::vector<int> run(const SparseInt8& layer, const std::vector<int>& x) {
  std::vector<int> y;
  auto gap = layer.gaps.begin();
  auto value = layer.values.begin();
  for (int64_t o = 0; o < layer.outputs; ++o) {
    int64_t sum = layer.biases[o];
    for (int k = 0, at = 0; k < layer.counts[o]; ++k) {
      while (*gap == 255) at += *gap++;
      sum += *value++ * x[at += *gap++];
    }
    if (!layer.factors.empty())
      sum = std::clamp<int64_t>((sum * layer.factors[o] + (1LL << (layer.shift - 1))) >> layer.shift, 0, 255);
    y.push_back(static_cast<int>(sum));
  }
  return y;
}

void write_array(std::ostream& out, const std::string& type, const std::string& name,
                 const std::vector<int>& numbers) {
  out << "inline constexpr std::" << type << ' ' << name << "[] = {";
  size_t column = 200;
  for (const int number : numbers) {
    const std::string text = std::to_string(number) + ",";
    if ((column += text.size()) > 110) out << "\n    ", column = 4 + text.size();
    out << text;
  }
  out << "\n};\n";
}

void write_network(std::ostream& out, const std::vector<SparseInt8>& layers, double accuracy) {
  out << "// Made by export/export_network.cpp: LeNet-300-100 trained on MNIST, of whose 266,200 weights ";
  size_t live = 0;
  for (const auto& layer : layers) live += layer.values.size();
  out << live << " are\n// left. In these numbers it is right about " << 100 * accuracy
      << "% of MNIST's test images.\n#pragma once\n\n#include \"lab7.hpp\"\n\n// clang-format off\nnamespace "
         "lab7 {\n\n";
  for (size_t i = 0; i < layers.size(); ++i) {
    const auto& layer = layers[i];
    const std::string n = std::to_string(i + 1);
    write_array(out, "uint16_t", "counts" + n, layer.counts);
    write_array(out, "uint8_t", "gaps" + n, layer.gaps);
    write_array(out, "int8_t", "values" + n, layer.values);
    write_array(out, "int32_t", "biases" + n, layer.biases);
    if (!layer.factors.empty()) write_array(out, "int32_t", "factors" + n, layer.factors);
  }
  out << "\ninline constexpr Layer layers[] = {\n";
  for (size_t i = 0; i < layers.size(); ++i) {
    const std::string n = std::to_string(i + 1);
    out << "    {" << layers[i].inputs << ", " << layers[i].outputs << ", counts" << n << ", gaps" << n
        << ", values" << n << ", biases" << n << ", "
        << (layers[i].factors.empty() ? "nullptr" : "factors" + n) << ", " << layers[i].shift << "},\n";
  }
  out << "};\ninline constexpr Network lenet = {layers, " << layers.size() << "};\n\n}  // namespace lab7\n";
}

// Two of each digit, in ten greys.
void write_pictures(std::ostream& out, const data::Dataset& images) {
  out << "// Made by export/export_network.cpp: the first two of each digit among MNIST's test images, in "
         "ten greys.\n"
         "#pragma once\n\n#include \"lab7.hpp\"\n\n// clang-format off\nnamespace lab7 {\n\nLAB7_PICTURES = "
         "{\n";
  data::Generator generator{RandomStream(1, 0)};
  std::vector<float> pixels(784);
  for (int64_t digit = 0; digit < 10; ++digit) {
    for (int64_t i = 0, found = 0; found < count_of_pictures / 10; ++i) {
      if (images.get(i, generator, pixels.data()) != digit) continue;
      ++found;
      out << "    {" << digit << ",\n";
      for (int row = 0; row < 28; ++row) {
        out << "     \"";
        for (int column = 0; column < 28; ++column)
          out << greys[static_cast<size_t>(std::lround(pixels[28 * row + column] * 9))];
        out << (row < 27 ? "\"\n" : "\"},\n");
      }
    }
  }
  out << "};\n\n}  // namespace lab7\n";
}

}  // namespace

int main(int argc, char** argv) try {
  check(argc == 3, "lab7_export: ", argc - 1, " arguments, expected FOLDER_WITH_MNIST OUT_FOLDER");
  manual_seed(1);
  const data::MnistOptions bytes{.mean = 0, .std = 1};  // as a camera gives them: 0 to 255 is 0 to 1
  data::DataLoader images(data::mnist(argv[1], data::Split::train, bytes),
                          {.batch_size = 64, .shuffle = true});
  const data::DatasetPtr test = data::mnist(argv[1], data::Split::test, bytes);
  models::LeNet300100 net;
  train_and_prune(net, images);
  data::DataLoader loader(test, {.batch_size = 1000});
  std::printf("in floats %.2f%% right\n", 100 * train::evaluate(net, loader).accuracy);

  data::DataLoader some(images.dataset(), {.batch_size = 2000});
  const NoGrad no_grad;
  const Tensor h1 = relu(net.fc1(flatten(some.example()))), h2 = relu(net.fc2(h1));
  const auto scale = [](const Tensor& h) {
    return static_cast<double>(*std::max_element(h.data(), h.data() + h.numel())) / 255;
  };
  const std::vector layers{round(net.fc1, 1.0 / 255, scale(h1)), round(net.fc2, scale(h1), scale(h2)),
                           round(net.fc3, scale(h2), 0)};
  int64_t right = 0;
  std::vector<float> pixels(784);
  data::Generator generator{RandomStream(1, 0)};
  for (int64_t i = 0; i < test->size(); ++i) {
    const int64_t label = test->get(i, generator, pixels.data());
    std::vector<int> x;
    for (const float p : pixels) x.push_back(static_cast<int>(std::lround(p * 255)));
    for (const auto& layer : layers) x = run(layer, x);
    right += std::ranges::max_element(x) - x.begin() == label;
  }
  const double accuracy = static_cast<double>(right) / static_cast<double>(test->size());
  std::printf("in bytes  %.2f%% right; widths %d, %d\n", 100 * accuracy, static_cast<int>(layers[0].outputs),
              static_cast<int>(layers[1].outputs));
  const std::filesystem::path out = argv[2];
  std::ofstream network(out / "network.hpp"), pictures(out / "pictures.hpp");
  write_network(network, layers, accuracy);
  write_pictures(pictures, *test);
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
