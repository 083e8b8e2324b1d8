#include <algorithm>
#include <cmath>

#include <tinynn/cli/report/layer_view.hpp>
#include <tinynn/cli/report/page.hpp>
#include <tinynn/cli/report/picture.hpp>

namespace tinynn::cli {
namespace {

// Both can be told from a light and a dark background.
constexpr Colour blue{47, 127, 214}, orange{224, 120, 48}, grey{128, 128, 128};

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// The largest whole scale at which a picture stays within `room`.
int64_t scale_for(const Picture& picture, int64_t room, int64_t most) {
  return std::clamp<int64_t>(room / std::max(picture.width(), picture.height()), 1, most);
}

// One or more planes of numbers an output, side by side: (outputs, planes, height, width).
struct Tiles {
  int64_t outputs, planes, height, width;
};

std::optional<Tiles> tiles_of(const Shape& weight, const Shape& image) {
  constexpr int64_t most = 64;
  const int64_t outputs = std::min(weight[0], most);
  if (weight.rank() == 4) return Tiles{outputs, weight[1], weight[2], weight[3]};
  const bool reads_image = weight.rank() == 2 && image.rank() == 3 && weight[1] == image.numel();
  if (!reads_image) return {};
  return Tiles{outputs, image[0], image[1], image[2]};
}

// All but the largest hundredth of the live weights are below: a single outlier shall not make the rest pale.
double strength_scale(const Tensor& weight) {
  std::vector<float> sizes;
  for (const float value : weight.values()) {
    if (value != 0) sizes.push_back(std::abs(value));
  }
  if (sizes.empty()) return 1;
  const auto rank = sizes.begin() + static_cast<std::ptrdiff_t>((sizes.size() - 1) * 99 / 100);
  std::ranges::nth_element(sizes, rank);
  return static_cast<double>(*rank);
}

Picture draw(const Tensor& weight, const Tiles& tiles, double strength) {
  const int64_t across = tiles.planes * (tiles.width + 1), down = tiles.height + 1;  // with a gap of a pixel
  // As square as whole tiles make it.
  const auto columns = std::clamp<int64_t>(
      std::llround(std::sqrt(static_cast<double>(tiles.outputs * down) / static_cast<double>(across))), 1,
      tiles.outputs);
  Picture picture(columns * across - 1, divide_up(tiles.outputs, columns) * down - 1);
  for (int64_t y = 0; y < picture.height(); ++y) {
    for (int64_t x = 0; x < picture.width(); ++x) picture.set(x, y, grey, 0.25);  // the gaps
  }
  const float* value = weight.data();
  for (int64_t o = 0; o < tiles.outputs; ++o) {
    for (int64_t plane = 0; plane < tiles.planes; ++plane) {
      const int64_t left = o % columns * across + plane * (tiles.width + 1), top = o / columns * down;
      for (int64_t i = 0; i < tiles.height * tiles.width; ++i, ++value) {
        const double opacity = std::min(1.0, std::abs(static_cast<double>(*value)) / strength);
        picture.set(left + i % tiles.width, top + i / tiles.width, *value < 0 ? blue : orange, opacity);
      }
    }
  }
  return picture;
}

}  // namespace

Html mask_picture(const LayerView& layer) {
  constexpr int64_t most = 1024;
  const int64_t rows = layer.weight.size(0), columns = layer.weight.shape().inner(0);
  const int64_t square = std::max<int64_t>(1, divide_up(std::max(rows, columns), most));
  Picture picture(divide_up(columns, square), divide_up(rows, square));
  const float* weights = layer.weight.data();
  for (int64_t y = 0; y < picture.height(); ++y) {
    for (int64_t x = 0; x < picture.width(); ++x) {
      const int64_t bottom = std::min(rows, (y + 1) * square), right = std::min(columns, (x + 1) * square);
      int64_t live = 0;
      for (int64_t row = y * square; row < bottom; ++row)
        live += right - x * square -
                std::count(weights + row * columns + x * square, weights + row * columns + right, 0.0F);
      const int64_t all = (bottom - y * square) * (right - x * square);
      picture.set(x, y, blue, static_cast<double>(live) / static_cast<double>(all));
    }
  }
  std::string size = std::to_string(rows) + " \u00d7 " + std::to_string(columns);
  if (square > 1)
    size += ", a pixel for " + std::to_string(square) + " \u00d7 " + std::to_string(square) + " weights";
  return element("div",
                 element("h3", layer.name) +
                     picture.html("Live weights of " + layer.name, scale_for(picture, 500, 12)) + note(size),
                 {{"class", "picture"}});
}

Html filter_pictures(const LayerView& before, const LayerView& after, const Shape& image) {
  const auto then = tiles_of(before.weight.shape(), image), now = tiles_of(after.weight.shape(), image);
  if (!then || !now) return {};
  const double strength = std::max(strength_scale(before.weight), strength_scale(after.weight));
  const auto show = [&](const char* state, const LayerView& layer, const Tiles& tiles) {
    const Picture picture = draw(layer.weight, tiles, strength);
    const std::string description = layer.name + ", " + state;
    return element("div", element("h3", description) + picture.html(description, scale_for(picture, 500, 24)),
                   {{"class", "picture"}});
  };
  const std::string legend = "The first " + std::to_string(then->outputs) + " of " +
                             std::to_string(before.weight.size(0)) +
                             " outputs. Orange is positive, blue negative, full colour " +
                             fixed(strength, 3) + " and more in both pictures; what is zero has no colour.";
  return element("div", show("dense", before, *then) + show("pruned", after, *now), {{"class", "pictures"}}) +
         note(legend);
}

}  // namespace tinynn::cli
