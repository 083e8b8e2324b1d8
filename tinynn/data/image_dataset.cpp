#include <cmath>

#include <tinynn/core/error.hpp>
#include <tinynn/data/image_dataset.hpp>

namespace tinynn::data {
namespace {

std::array<float, 256> normalization_table(double mean, double sd) {
  check(std::isfinite(mean), "ImageDataset: mean is ", mean, ", expected a finite number");
  check(std::isfinite(sd) && sd > 0, "ImageDataset: sd is ", sd, ", expected a finite number above 0");
  std::array<float, 256> table{};
  for (size_t pixel = 0; pixel < table.size(); ++pixel) {
    table[pixel] = static_cast<float>((static_cast<double>(pixel) / 255 - mean) / sd);
  }
  return table;
}

}  // namespace

ImageDataset::ImageDataset(Images images, const Normalization& normalization) : images_(std::move(images)) {
  const auto channels = static_cast<size_t>(images_.channels);
  check(normalization.mean.size() == channels && normalization.sd.size() == channels,
        "ImageDataset: ", normalization.mean.size(), " means and ", normalization.sd.size(),
        " sds for images of shape ", sample_shape(), ", expected ", channels, " of each");
  for (size_t c = 0; c < channels; ++c) {
    tables_.push_back(normalization_table(normalization.mean[c], normalization.sd[c]));
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
  for (const auto& table : tables_) {  // black is -mean / sd, white 1 / sd more
    const auto black = static_cast<double>(table[0]), white = static_cast<double>(table[255]);
    result.sd.push_back(1 / (white - black));
    result.mean.push_back(-black / (white - black));
  }
  return result;
}

int64_t ImageDataset::get(int64_t i, Dice&, float* out) const {
  check(i >= 0 && i < size(), "ImageDataset: no sample ", i, " among ", size());
  const int64_t area = images_.height * images_.width;
  const uint8_t* pixel = images_.pixels.data() + i * images_.channels * area;
  for (const auto& table : tables_) {
    for (int64_t k = 0; k < area; ++k) *out++ = table[*pixel++];
  }
  return images_.labels[static_cast<size_t>(i)];
}

}  // namespace tinynn::data
