#include <algorithm>
#include <cmath>

#include <tinynn/core/error.hpp>
#include <tinynn/data/image_dataset.hpp>

namespace tinynn::data {
namespace {

std::array<float, 256> normalization_table(double mean, double std) {
  check(std::isfinite(mean), "ImageDataset: mean is ", mean, ", expected a finite number");
  check(std::isfinite(std) && std > 0, "ImageDataset: std is ", std, ", expected a finite number above 0");
  std::array<float, 256> table{};
  for (size_t pixel = 0; pixel < table.size(); ++pixel) {
    table[pixel] = static_cast<float>((static_cast<double>(pixel) / 255 - mean) / std);
  }
  return table;
}

double four_decimals(double number) { return std::round(number * 1e4) / 1e4; }

}  // namespace

Normalization measure(const Images& images) {
  std::vector<std::array<int64_t, 256>> counts(static_cast<size_t>(images.channels));
  const int64_t area = images.height * images.width;
  for (auto pixel = images.pixels.begin(); pixel != images.pixels.end();) {
    for (auto& of_channel : counts) {
      for (int64_t k = 0; k < area; ++k) ++of_channel[*pixel++];
    }
  }
  Normalization result;
  for (const auto& of_channel : counts) {
    double count = 0, sum = 0, squares = 0;  // exact: integers below 2^53
    for (size_t pixel = 0; pixel < of_channel.size(); ++pixel) {
      const auto times = static_cast<double>(of_channel[pixel]), value = static_cast<double>(pixel);
      count += times, sum += times * value, squares += times * value * value;
    }
    const double mean = count > 0 ? sum / count : 0;
    const double variance = count > 0 ? squares / count - mean * mean : 0;
    const double std = four_decimals(std::sqrt(std::max(variance, 0.0)) / 255);
    result.mean.push_back(four_decimals(mean / 255));
    result.std.push_back(std > 0 ? std : 1);
  }
  return result;
}

ImageDataset::ImageDataset(Images images, const Normalization& normalization) : images_(std::move(images)) {
  const auto channels = static_cast<size_t>(images_.channels);
  const Shape shape = ImageDataset::sample_shape();  // by name: what derives from it is not there yet
  const int64_t count = ImageDataset::size(), classes = ImageDataset::classes();
  check(normalization.mean.size() == channels && normalization.std.size() == channels,
        "ImageDataset: ", normalization.mean.size(), " means and ", normalization.std.size(),
        " sds for images of shape ", shape, ", expected ", channels, " of each");
  for (size_t c = 0; c < channels; ++c) {
    tables_.push_back(normalization_table(normalization.mean[c], normalization.std[c]));
  }
  const int64_t expected = count * shape.numel();
  check(static_cast<int64_t>(images_.pixels.size()) == expected, "ImageDataset: ", images_.pixels.size(),
        " pixels, expected ", expected, " for ", count, " labels and images of shape ", shape);
  for (size_t i = 0; i < images_.labels.size(); ++i) {
    const int64_t label = images_.labels[i];
    check(label >= 0 && label < classes, "ImageDataset: label ", i, " is ", label, ", expected 0 to ",
          classes - 1);
  }
}

Normalization ImageDataset::normalization() const {
  Normalization result;
  for (const auto& table : tables_) {  // black is -mean / std, white 1 / std more
    const auto black = static_cast<double>(table[0]), white = static_cast<double>(table[255]);
    result.std.push_back(1 / (white - black));
    result.mean.push_back(-black / (white - black));
  }
  return result;
}

int64_t ImageDataset::get(int64_t i, Generator&, float* out) const {
  check(i >= 0 && i < size(), "ImageDataset: no sample ", i, " among ", size());
  const int64_t area = images_.height * images_.width;
  const uint8_t* pixel = images_.pixels.data() + i * images_.channels * area;
  for (const auto& table : tables_) {
    for (int64_t k = 0; k < area; ++k) *out++ = table[*pixel++];
  }
  return images_.labels[i];
}

}  // namespace tinynn::data
