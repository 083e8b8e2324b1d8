#include <algorithm>
#include <cmath>
#include <utility>

#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/data/parts.hpp>

namespace tinynn::data {
namespace {

using detail::Part;
using detail::Parts;

int64_t samples_of(const Part& part) {
  const size_t size = std::max(part.pixels.size(), part.numbers.size());
  return static_cast<int64_t>(size) / std::max<int64_t>(1, part.shape.numel());
}

// Samples `indices` of what has `each` elements a sample.
template <class T>
std::vector<T> chosen(const std::vector<T>& from, const std::vector<int64_t>& indices, int64_t each) {
  if (from.empty()) return {};
  std::vector<T> result;
  result.reserve(indices.size() * static_cast<size_t>(each));
  for (const int64_t i : indices)
    result.insert(result.end(), from.begin() + i * each, from.begin() + (i + 1) * each);
  return result;
}

Part chosen_part(const Part& from, const std::vector<int64_t>& indices, int64_t target_size) {
  const int64_t each = from.shape.numel();
  return {.shape = from.shape,
          .pixels = chosen(from.pixels, indices, each),
          .numbers = chosen(from.numbers, indices, each),
          .labels = chosen(from.labels, indices, 1),
          .targets = chosen(from.targets, indices, target_size)};
}

void set_aside_test(const std::string& name, Parts& parts, const OpenOptions& options) {
  const double fraction = options.test_fraction;
  check(fraction > 0 && fraction < 1, name, ": test fraction is ", fraction,
        ", expected more than 0, less than 1");
  const int64_t samples = samples_of(parts.train);
  // Where there are no classes, all are of one.
  const auto& labels = parts.train.labels;
  const auto [train, test] = stratified_split(
      labels.empty() ? std::vector<int64_t>(static_cast<size_t>(samples)) : labels, fraction, options.seed);
  check(!train.empty() && !test.empty(), name, ": ", samples, samples == 1 ? " sample" : " samples",
        ", of which ", test.size(), " would be set aside for testing, expected more, or a part for testing");
  parts.test = chosen_part(parts.train, test, parts.target_size);
  parts.train = chosen_part(parts.train, train, parts.target_size);
}

// Pictures of another size or number of channels.
void change_pictures(const std::string& name, Part& part, const OpenOptions& options) {
  const Shape shape = part.shape;
  const int64_t channels = options.channels.value_or(shape[0]);
  const ImageSize size = options.size.value_or(ImageSize{shape[1], shape[2]});
  const Shape wanted{channels, size.height, size.width};
  if (wanted == shape) return;
  check(channels == shape[0] || ((channels == 1 || channels == 3) && (shape[0] == 1 || shape[0] == 3)), name,
        ": pictures of ", shape[0], " channels, ", channels, " wanted, expected 1 or 3");
  constexpr int64_t longest_side = 1 << 15;
  check(size.height >= 1 && size.height <= longest_side && size.width >= 1 && size.width <= longest_side,
        name, ": size is ", size.height, " x ", size.width, ", expected sides of 1 to ", longest_side);
  const int64_t count = samples_of(part), area = shape[1] * shape[2];
  std::vector<uint8_t> pixels(static_cast<size_t>(count * wanted.numel()));
  parallel_for(count, 64, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto from = part.pixels.begin() + i * shape.numel();
      DecodedImage image{{shape[1], shape[2]},
                         detail::with_channels({from, from + shape.numel()}, shape[0], channels, area)};
      if (image.size != size) image = resize(image, channels, size);
      std::ranges::copy(image.pixels, pixels.begin() + i * wanted.numel());
    }
  });
  part.pixels = std::move(pixels), part.shape = wanted;
}

// By the first dimension of a sample. What does not vary has an std of 1.
Normalization measured_scaling(const Part& part) {
  const int64_t channels = part.shape.rank() == 0 ? 1 : part.shape[0], inner = part.shape.numel() / channels;
  const auto count = static_cast<double>(std::max<int64_t>(1, samples_of(part) * inner));
  const auto sums = [&](auto&& of) {
    std::vector<double> result(static_cast<size_t>(channels));
    for (size_t i = 0; i < part.numbers.size(); ++i) {
      const auto channel = static_cast<int64_t>(i) / inner % channels;
      result[channel] += of(static_cast<double>(part.numbers[i]), channel);
    }
    for (double& sum : result) sum /= count;
    return result;
  };
  Normalization result;
  result.mean = sums([](double x, int64_t) { return x; });
  result.std = sums([&](double x, int64_t c) { return (x - result.mean[c]) * (x - result.mean[c]); });
  for (size_t c = 0; c < result.std.size(); ++c) {
    const double std = std::sqrt(result.std[c]);
    // Equal numbers may differ from their mean by its rounding.
    result.std[c] = std > 1e-12 * std::abs(result.mean[c]) ? std : 1;
  }
  return result;
}

DatasetPtr numbers_dataset(Part part, const Normalization& scaling, const Parts& parts) {
  const int64_t channels = part.shape.rank() == 0 ? 1 : part.shape[0], inner = part.shape.numel() / channels,
                samples = samples_of(part);
  for (size_t i = 0; i < part.numbers.size(); ++i) {
    const auto c = static_cast<int64_t>(i) / inner % channels;
    part.numbers[i] =
        static_cast<float>((static_cast<double>(part.numbers[i]) - scaling.mean[c]) / scaling.std[c]);
  }
  std::vector<int64_t> sizes{samples};
  sizes.insert(sizes.end(), part.shape.begin(), part.shape.end());
  const Tensor x = tensor(part.numbers, Shape(sizes));
  if (parts.target_size > 0)
    return std::make_shared<TensorDataset>(x, tensor(part.targets, {samples, parts.target_size}));
  return std::make_shared<TensorDataset>(x, Labels(std::move(part.labels)), std::ssize(parts.classes));
}

// Pictures with numbers to be predicted.
class PictureTargets : public Dataset {
 public:
  PictureTargets(DatasetPtr pictures, std::vector<float> targets, int64_t each)
      : pictures_(std::move(pictures)), targets_(std::move(targets)), each_(each) {}
  int64_t size() const override { return pictures_->size(); }
  Shape sample_shape() const override { return pictures_->sample_shape(); }
  int64_t classes() const override { return 0; }
  int64_t get(int64_t i, Generator& generator, float* out) const override {
    return pictures_->get(i, generator, out);
  }
  std::optional<Shape> target_shape() const override { return Shape{each_}; }
  void get_target(int64_t i, Generator&, float* out) const override {
    check(i >= 0 && i < size(), "PictureTargets: no sample ", i, " among ", size());
    std::copy_n(targets_.begin() + i * each_, each_, out);
  }

 private:
  DatasetPtr pictures_;
  std::vector<float> targets_;  // (n, each)
  int64_t each_;
};

DatasetPtr pictures_dataset(Images images, const Normalization& normalization, Part& part,
                            int64_t target_size) {
  if (target_size == 0) return std::make_shared<ImageDataset>(std::move(images), normalization);
  images.labels.assign(part.targets.size() / static_cast<size_t>(target_size), 0);
  images.classes = 1;
  return std::make_shared<PictureTargets>(std::make_shared<ImageDataset>(std::move(images), normalization),
                                          std::move(part.targets), target_size);
}

}  // namespace

std::vector<uint8_t> detail::with_channels(const std::vector<uint8_t>& pixels, int64_t from, int64_t to,
                                           int64_t area) {
  if (from == to) return pixels;
  std::vector<uint8_t> result(static_cast<size_t>(to * area));
  for (int64_t k = 0; k < area; ++k) {
    if (from == 1) {
      for (int64_t c = 0; c < to; ++c) result[c * area + k] = pixels[k];
    } else {  // as pictures are decoded
      result[k] =
          static_cast<uint8_t>((pixels[k] * 77 + pixels[area + k] * 150 + pixels[2 * area + k] * 29) >> 8);
    }
  }
  return result;
}

Opened detail::assemble(const std::string& name, Parts parts, const OpenOptions& options, const char* kind) {
  check(samples_of(parts.train) > 0, name, ": no samples to train on");
  if (!parts.test) set_aside_test(name, parts, options);
  check(samples_of(*parts.test) > 0, name, ": no samples to test on");
  Opened opened;
  if (parts.are_pictures) {
    const auto images = [&](Part& part) {
      change_pictures(name, part, options);
      return Images{part.shape[0],          part.shape[1],          part.shape[2],
                    std::move(part.pixels), std::move(part.labels), std::ssize(parts.classes)};
    };
    Images train = images(parts.train), test = images(*parts.test);
    opened.normalization = options.normalization ? *options.normalization : measure(train);
    opened.train = pictures_dataset(std::move(train), opened.normalization, parts.train, parts.target_size);
    opened.test = pictures_dataset(std::move(test), opened.normalization, *parts.test, parts.target_size);
  } else {
    opened.scaling = options.normalization ? *options.normalization : measured_scaling(parts.train);
    const auto expected = static_cast<size_t>(parts.train.shape.rank() == 0 ? 1 : parts.train.shape[0]);
    check(opened.scaling.mean.size() == expected && opened.scaling.std.size() == expected, name, ": ",
          opened.scaling.mean.size(), " means to normalise by, expected ", expected, " for samples of shape ",
          parts.train.shape);
    opened.train = numbers_dataset(std::move(parts.train), opened.scaling, parts);
    opened.test = numbers_dataset(std::move(*parts.test), opened.scaling, parts);
  }
  check(opened.train->sample_shape() == opened.test->sample_shape(), name,
        ": samples to train on are of shape ", opened.train->sample_shape(), ", those to test on ",
        opened.test->sample_shape(), "; expected one shape");
  opened.classes = std::move(parts.classes);
  opened.columns = std::move(parts.columns);
  opened.kind = kind;
  if (!options.classes.empty() && parts.target_size == 0) {
    for (auto* part : {&opened.train, &opened.test}) {
      try {
        *part = with_classes(*part, opened.classes, options.classes);
      } catch (const Error& error) {
        fail(name, ": ", error.what());
      }
    }
    opened.classes = options.classes;
  }
  return opened;
}

}  // namespace tinynn::data
