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

}  // namespace

ImageDataset::ImageDataset(Images images, const Normalization& normalization) : images_(std::move(images)) {
  const auto channels = static_cast<size_t>(images_.channels);
  check(normalization.mean.size() == channels && normalization.std.size() == channels,
        "ImageDataset: ", normalization.mean.size(), " means and ", normalization.std.size(),
        " sds for images of shape ", sample_shape(), ", expected ", channels, " of each");
  for (size_t c = 0; c < channels; ++c) {
    tables_.push_back(normalization_table(normalization.mean[c], normalization.std[c]));
  }
  const int64_t expected = size() * sample_shape().numel();
  check(static_cast<int64_t>(images_.pixels.size()) == expected, "ImageDataset: ", images_.pixels.size(),
        " pixels, expected ", expected, " for ", size(), " labels and images of shape ", sample_shape());
  for (size_t i = 0; i < images_.labels.size(); ++i) {
    const int64_t label = images_.labels[i];
    check(label >= 0 && label < classes(), "ImageDataset: label ", i, " is ", label, ", expected 0 to ",
          classes() - 1);
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
