#include <algorithm>
#include <cmath>
#include <utility>

#include <tinynn/core/error.hpp>
#include <tinynn/data/transform.hpp>

namespace tinynn::data {
namespace {

class TransformedDataset : public Dataset {
 public:
  TransformedDataset(DatasetPtr dataset, std::vector<Transform> transforms)
      : dataset_(std::move(dataset)), transforms_(std::move(transforms)) {
    check(dataset_ != nullptr, "transformed: no dataset");
    inner_shape_ = dataset_->sample_shape();
    check(inner_shape_.rank() == 3, "transformed: samples of shape ", inner_shape_,
          ", expected images (channels, height, width)");
    Generator generator(RandomStream(0, 0));
    shape_ = apply(empty_image(), generator).shape();
  }

  int64_t size() const override { return dataset_->size(); }
  Shape sample_shape() const override { return shape_; }
  int64_t classes() const override { return dataset_->classes(); }

  std::optional<Shape> target_shape() const override { return dataset_->target_shape(); }
  void get_target(int64_t i, Generator& generator, float* out) const override {
    dataset_->get_target(i, generator, out);
  }

  int64_t get(int64_t i, Generator& generator, float* out) const override {
    Image image = empty_image();
    const int64_t label = dataset_->get(i, generator, image.pixels.data());
    image = apply(std::move(image), generator);
    check(image.shape() == shape_, "transformed: sample ", i, " became ", image.shape(), ", expected ",
          shape_);
    std::copy(image.pixels.begin(), image.pixels.end(), out);
    return label;
  }

 private:
  Image empty_image() const { return {inner_shape_[0], inner_shape_[1], inner_shape_[2]}; }

  Image apply(Image image, Generator& generator) const {
    for (const auto& transform : transforms_) image = transform(std::move(image), generator);
    return image;
  }

  DatasetPtr dataset_;
  std::vector<Transform> transforms_;
  Shape inner_shape_, shape_;
};

// The height x width pixels whose upper left corner is at (top, left), which may lie outside the image.
Image cut(const Image& image, int64_t top, int64_t left, int64_t height, int64_t width, const Fill& fill) {
  Image result(image.channels, height, width);
  for (int64_t c = 0; c < image.channels; ++c) std::fill_n(result.row(c, 0), height * width, fill.of(c));
  const int64_t y_begin = std::max<int64_t>(0, -top), y_end = std::min(height, image.height - top);
  const int64_t x_begin = std::max<int64_t>(0, -left), x_end = std::min(width, image.width - left);
  if (x_begin >= x_end) return result;
  for (int64_t c = 0; c < image.channels; ++c) {
    for (int64_t y = y_begin; y < y_end; ++y) {
      std::copy_n(image.row(c, y + top) + x_begin + left, x_end - x_begin, result.row(c, y) + x_begin);
    }
  }
  return result;
}

}  // namespace

void Fill::check_fits(const char* transform, int64_t channels) const {
  check(values_.size() == 1 || std::ssize(values_) == channels, transform, ": ", values_.size(),
        " numbers to fill with, for ", channels, " channels");
}

DatasetPtr transformed(DatasetPtr dataset, std::vector<Transform> transforms) {
  return std::make_shared<TransformedDataset>(std::move(dataset), std::move(transforms));
}

Transform pad(int64_t padding, const Fill& fill) {
  check(padding >= 0, "pad: padding is ", padding, ", expected at least 0");
  return [=](const Image& image, Generator&) {
    fill.check_fits("pad", image.channels);
    return cut(image, -padding, -padding, image.height + 2 * padding, image.width + 2 * padding, fill);
  };
}

Transform random_crop(const Size2& size, const RandomCropOptions& options) {
  check(at_least(size, 1), "random_crop: size is ", size, ", expected at least 1");
  check(options.padding >= 0 && options.padding <= most_pixels, "random_crop: padding is ", options.padding,
        ", expected 0 to ", most_pixels);
  return [=](const Image& image, Generator& generator) {
    const int64_t y_room = image.height + 2 * options.padding - size.h;
    const int64_t x_room = image.width + 2 * options.padding - size.w;
    check(y_room >= 0 && x_room >= 0, "random_crop: cannot cut ", size.h, " x ", size.w, " from an image ",
          image.shape(), " with padding ", options.padding);
    options.fill.check_fits("random_crop", image.channels);
    const int64_t top = generator.below(y_room + 1) - options.padding;
    const int64_t left = generator.below(x_room + 1) - options.padding;
    return cut(image, top, left, size.h, size.w, options.fill);
  };
}

Transform random_horizontal_flip(double p) {
  check(p >= 0 && p <= 1, "random_horizontal_flip: p is ", p, ", expected 0 to 1");
  return [=](Image image, Generator& generator) {
    if (!generator.chance(p)) return image;
    for (int64_t c = 0; c < image.channels; ++c) {
      for (int64_t y = 0; y < image.height; ++y) std::reverse(image.row(c, y), image.row(c, y) + image.width);
    }
    return image;
  };
}

Transform random_dropout(double p, const Fill& fill) {
  check(p >= 0 && p <= 1, "random_dropout: p is ", p, ", expected 0 to 1");
  return [=](Image image, Generator& generator) {
    fill.check_fits("random_dropout", image.channels);
    if (p == 0) return image;
    // Few are drawn: how many stay before the next that goes is geometric.
    const double log_stay = std::log1p(-p);
    const size_t pixels = image.pixels.size() / static_cast<size_t>(image.channels);
    for (size_t i = 0;; ++i) {
      const double stay = p == 1 ? 0 : std::floor(std::log1p(-generator.uniform()) / log_stay);
      if (stay >= static_cast<double>(image.pixels.size() - i)) return image;
      i += static_cast<size_t>(stay);
      image.pixels[i] = fill.of(static_cast<int64_t>(i / pixels));
      if (i + 1 == image.pixels.size()) return image;
    }
  };
}

Transform to_grey() {
  return [](Image image, Generator&) {
    if (image.channels == 1) return image;
    check(image.channels == 3, "to_grey: an image ", image.shape(), ", expected one or three channels");
    Image grey(1, image.height, image.width);
    const float *red = image.row(0, 0), *green = image.row(1, 0), *blue = image.row(2, 0);
    for (size_t i = 0; i < grey.pixels.size(); ++i) {
      grey.pixels[i] = 0.2989F * red[i] + 0.587F * green[i] + 0.114F * blue[i];
    }
    return grey;
  };
}

}  // namespace tinynn::data
