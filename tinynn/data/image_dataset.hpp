// ImageDataset: images in memory, one byte a pixel, normalised while they are copied out:
// out = (pixel / 255 - mean) / std, with a mean and std for each channel (torchvision's ToTensor +
// Normalize).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <tinynn/data/dataset.hpp>

namespace tinynn::data {

/// What an ImageDataset is made from.
struct Images {
  int64_t channels = 0, height = 0, width = 0;
  std::vector<uint8_t> pixels;  // (n, channels, height, width)
  std::vector<int64_t> labels;  // (n)
  int64_t classes = 0;
};

/// One mean and one std for each channel, in units of white = 1.
struct Normalization {
  std::vector<double> mean, std;
};

/// Measured over all pixels of a channel, rounded to four decimals, as the well-known constants of MNIST and
/// CIFAR-10 are: those data give these numbers, whatever format they come in. A channel of one colour has an
/// std of 1.
Normalization measure(const Images& images);

class ImageDataset : public Dataset {
 public:
  /// Throws Error if sizes disagree, a label is not in [0, classes) or an std is not above zero.
  ImageDataset(Images images, const Normalization& normalization);

  int64_t size() const override { return static_cast<int64_t>(images_.labels.size()); }
  Shape sample_shape() const override { return {images_.channels, images_.height, images_.width}; }
  int64_t classes() const override { return images_.classes; }
  int64_t get(int64_t i, Generator& generator, float* out) const override;
  /// What it was made with, to float's precision.
  Normalization normalization() const;

 private:
  Images images_;
  std::vector<std::array<float, 256>> tables_;  // by channel: the normalised value of every byte
};

}  // namespace tinynn::data
