#include <algorithm>
#include <cstdio>
#include <memory>
#include <numeric>

#include <tinynn/cli/commands.hpp>
#include <tinynn/cli/data_metadata.hpp>
#include <tinynn/cli/experiment.hpp>
#include <tinynn/cli/saved_network.hpp>
#include <tinynn/cli/table.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/data/image_file.hpp>
#include <tinynn/data/mnist_form.hpp>
#include <tinynn/io/atomic_file.hpp>
#include <tinynn/io/json.hpp>
#include <tinynn/ops/activation.hpp>

namespace tinynn::cli {
namespace {

struct PredictOptions : WeightsOptions {
  std::vector<std::string> pictures;
  std::string background = "white", form = "auto";
  int64_t top = 3;
  bool json = false;
};

struct Guess {
  std::string name;
  double probability;
};

// Of one picture, the pixels that the network reads. A network that knows MNIST's digits is not shown others
// as they are, unless they have the size of those.
data::DecodedImage read_picture(const std::filesystem::path& file, const Shape& sample, bool knows_mnist,
                                const PredictOptions& options) {
  const data::ImageSize size{sample[1], sample[2]};
  if (options.form == "mnist") return data::resize(data::in_mnist_form(file), 1, size);
  const data::Colour behind = options.background == "black" ? data::Colour{0, 0, 0} : data::Colour{};
  const data::DecodedImage image = data::read_image(file, sample[0], behind);
  if (options.form == "auto" && knows_mnist && image.size != size) return data::in_mnist_form(file);
  return data::resize(image, sample[0], size);
}

// The same as (1, c, h, w), normalised as in training.
Tensor normalised(const data::DecodedImage& image, const Shape& sample, const data::Normalization& by) {
  const int64_t channels = sample[0];
  Tensor x(Shape{1, channels, sample[1], sample[2]});
  float* to = x.mutable_data();
  const int64_t pixels = sample[1] * sample[2];
  for (int64_t i = 0; i < channels * pixels; ++i) {
    const auto c = static_cast<size_t>(i / pixels);
    to[i] = static_cast<float>((image.pixels[static_cast<size_t>(i)] / 255.0 - by.mean[c]) / by.std[c]);
  }
  return x;
}

std::vector<Guess> guesses(const Tensor& logits, const std::vector<std::string>& names) {
  const Tensor probabilities = softmax(logits, 1);
  std::vector<Guess> result;
  for (int64_t k = 0; k < logits.size(1); ++k) {
    const auto number = static_cast<size_t>(k);
    result.push_back({number < names.size() ? names[number] : std::to_string(k), probabilities.data()[k]});
  }
  std::ranges::stable_sort(result, std::greater(), &Guess::probability);
  return result;
}

void run(const PredictOptions& options, const Output& output) {
  check_writable(output);
  const LoadedModel loaded = load_model(options);
  const Shape sample = loaded.sample_shape();
  check(sample.rank() == 3 && (sample[0] == 1 || sample[0] == 3), options.in.string(), " takes ", sample,
        ", expected pictures of 1 or 3 channels");
  DataOptions data;
  use_metadata(data, loaded.metadata);
  const auto channels = static_cast<size_t>(sample[0]);
  const data::Normalization by = data.normalization.value_or(
      data::Normalization{std::vector<double>(channels, 0.0), std::vector<double>(channels, 1.0)});
  check(by.mean.size() == channels, options.in.string(), ": ", by.mean.size(),
        " means to normalise by, expected ", channels);
  const auto dataset = loaded.metadata.find("tinynn.dataset");
  const bool knows_mnist =
      sample == Shape{1, 28, 28} && dataset != loaded.metadata.end() && dataset->second == "mnist";
  check(options.form != "mnist" || channels == 1, "--form mnist: ", options.in.string(), " takes ", sample,
        ", expected pictures in grey");
  Table table({"picture", "class", "probability", "then"});
  io::Json all = io::Json::array();
  const nn::EvaluationScope evaluation(*loaded.module);
  for (const auto& file : options.pictures) {
    const Tensor logits =
        (*loaded.module)(normalised(read_picture(file, sample, knows_mnist, options), sample, by));
    check(logits.rank() == 2, options.in.string(), " gives outputs of shape ", logits.shape(),
          ", expected classes");
    const auto ranked = guesses(logits, data.classes);
    const size_t shown = std::min(ranked.size(), static_cast<size_t>(options.top));
    std::string rest;
    io::Json list = io::Json::array();
    for (size_t k = 0; k < shown; ++k) {
      if (k > 0) rest += (k > 1 ? ", " : "") + ranked[k].name + ' ' + percent(ranked[k].probability);
      list.push_back({{"class", ranked[k].name}, {"probability", ranked[k].probability}});
    }
    table.add({file, ranked[0].name, percent(ranked[0].probability), rest});
    all.push_back({{"picture", file}, {"classes", list}});
  }
  if (!output.metrics.empty()) io::write_file_atomically(output.metrics, all.text(2) + "\n");
  if (!output.quiet) std::printf("%s", options.json ? (all.text(2) + "\n").c_str() : table.text().c_str());
}

}  // namespace

void add_predict(CommandLine& line) {
  const Command command = line.add_command("predict", "Say what pictures show: class and probability");
  auto options = std::make_shared<PredictOptions>();
  auto output = std::make_shared<Output>();
  add_weights_options(command, *options);
  command.add("PICTURE", options->pictures, "PNG, JPEG or BMP files of any size").required();
  command.add("--top", options->top, "How many classes to show of each").at_least(1).shows_default();
  command.add("--background", options->background, "What is behind transparent parts")
      .one_of({"white", "black"})
      .shows_default();
  command.add("--form", options->form, "How pictures are brought to the network's size")
      .one_of({"auto", "scaled", "mnist"})
      .shows_default();
  command.add_flag("--json", options->json, "Print JSON in place of a table");
  add_output_options(command, *output);
  command.footer(
      "\nPictures are scaled to what the network takes and normalised as those that it was trained on. With "
      "--form "
      "mnist,\nthe digit that they show is cut out, made light on black and centred, as MNIST's are; so are, "
      "with auto, "
      "the\npictures that a network of MNIST is shown, but for those of 28 x 28 pixels.\n"
      "\nExample:\n  tinynn predict --in flowers.safetensors my_garden.jpg");
  command.runs([=] { run(*options, *output); });
}

}  // namespace tinynn::cli
