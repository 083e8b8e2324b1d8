// Transforms: changes made to images each time they are loaded, so that every epoch sees other ones
// (augmentation; torchvision.transforms). They work on normalised values. A transform is any function from an
// image and generator to an image:
//
//   auto augmented = data::transformed(data::cifar10(folder, data::Split::train),
//                                      {data::random_crop(32, {.padding = 4}),
//                                      data::random_horizontal_flip()});
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <utility>
#include <vector>

#include <tinynn/core/size2.hpp>
#include <tinynn/data/dataset.hpp>
#include <tinynn/data/generator.hpp>

namespace tinynn::data {

/// One image, (channels, height, width).
struct Image {
  /// All pixels start with `value`.
  Image(int64_t c, int64_t h, int64_t w, float value = 0)
      : channels(c), height(h), width(w), pixels(static_cast<size_t>(c * h * w), value) {}

  Shape shape() const { return {channels, height, width}; }
  float* row(int64_t c, int64_t y) { return pixels.data() + (c * height + y) * width; }
  const float* row(int64_t c, int64_t y) const { return pixels.data() + (c * height + y) * width; }

  int64_t channels, height, width;
  std::vector<float> pixels;
};

/// The value of what lies outside an image: one for each channel, or one for all.
class Fill {
 public:
  Fill(double all = 0) : values_{all} {}                            // NOLINT: meant to convert
  Fill(std::vector<double> values) : values_(std::move(values)) {}  // NOLINT: meant to convert
  Fill(std::initializer_list<double> values) : values_(values) {}

  float of(int64_t channel) const {
    return static_cast<float>(values_[values_.size() == 1 ? 0 : static_cast<size_t>(channel)]);
  }
  /// Throws Error, naming the transform, if an image of so many channels has other values than these.
  void check_fits(const char* transform, int64_t channels) const;

 private:
  std::vector<double> values_;
};

/// All that is random in it must come from the generator, and the shape of its result may depend on nothing
/// but the shape of the image.
using Transform = std::function<Image(Image, Generator&)>;

/// The images of a dataset after these transforms, one after the other. Throws Error if the samples are no
/// images of shape (c, h, w), or if a transform cannot take that shape: it is tried on an empty image.
DatasetPtr transformed(DatasetPtr dataset, std::vector<Transform> transforms);

/// `padding` more pixels of value `fill` on each side. torchvision.transforms.Pad.
Transform pad(int64_t padding, const Fill& fill = {});

struct RandomCropOptions {
  int64_t padding = 0;  // pixels added on each side before the cut
  Fill fill = {};       // their value
};
/// A window of `size` pixels from a random place. torchvision.transforms.RandomCrop.
Transform random_crop(const Size2& size, const RandomCropOptions& options = {});

/// Left and right swapped, with probability p. torchvision.transforms.RandomHorizontalFlip.
Transform random_horizontal_flip(double p = 0.5);

/// Input dropout: each number of the image becomes the background, `fill`, with probability p,
/// independently of all others; nothing is rescaled.
Transform random_dropout(double p, const Fill& fill = {});

/// 0.2989 red + 0.587 green + 0.114 blue, of whatever units the image has; an image of one channel stays as
/// it is. torchvision.transforms.Grayscale.
Transform to_grey();

struct AffineOptions {
  double angle = 0;                       // degrees, clockwise, about the centre
  std::array<double, 2> translate{0, 0};  // pixels to the right, down
  double scale = 1;
  Fill fill = {};  // value of what lies outside the image
};
/// The image rotated, scaled and shifted, of the same size, bilinear.
/// torchvision.transforms.functional.affine.
Image affine(const Image& image, const AffineOptions& options);

struct RandomAffineOptions {
  double degrees = 0;                     // angle uniform in +-degrees
  std::array<double, 2> translate{0, 0};  // shift uniform in +-(fraction of width, of height), whole pixels
  std::array<double, 2> scale{1, 1};      // uniform between the two
  Fill fill = {};
};
/// affine() with random settings. torchvision.transforms.RandomAffine.
Transform random_affine(const RandomAffineOptions& options);

}  // namespace tinynn::data
