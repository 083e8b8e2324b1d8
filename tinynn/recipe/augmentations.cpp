#include <cmath>

#include <tinynn/core/error.hpp>
#include <tinynn/recipe/tables.hpp>

namespace tinynn::recipe {
namespace {

using data::Fill;
using data::Transform;

const AugmentationRow augmentation_rows[] = {
    {{"crop", "a window of the picture's size, from a random place on it with so many pixels around it",
      "PIXELS"},
     [](double pixels, const Shape& picture, const Fill& background) {
       check(pixels == std::trunc(pixels) && std::abs(pixels) <= most_pixels, "augment: crop:", pixels,
             ", expected whole pixels");
       return data::random_crop({picture[1], picture[2]},
                                {.padding = static_cast<int64_t>(pixels), .fill = background});
     }},
    {{"flip", "left and right swapped, half of the time"},
     [](double, const Shape&, const Fill&) { return data::random_horizontal_flip(); }},
    {{"rotate", "turned either way, by up to so many degrees", "DEGREES"},
     [](double degrees, const Shape&, const Fill& background) {
       return data::random_affine({.degrees = degrees, .fill = background});
     }},
    {{"zoom", "enlarged or made smaller, by up to this fraction", "FRACTION"},
     [](double fraction, const Shape&, const Fill& background) {
       check(fraction >= 0 && fraction < 1, "augment: zoom:", fraction, ", expected 0 to below 1");
       return data::random_affine({.scale = {1 - fraction, 1 + fraction}, .fill = background});
     }},
};

}  // namespace

std::span<const AugmentationRow> augmentations() { return augmentation_rows; }

std::vector<Transform> augmentations_of(const std::string& list, const Shape& picture,
                                        const Fill& background) {
  std::vector<Transform> all;
  if (!augments(list)) return all;
  for (size_t begin = 0; begin <= list.size();) {
    const size_t end = std::min(list.find(',', begin), list.size());
    const std::string text = list.substr(begin, end - begin);
    const AugmentationRow& row = find(augmentations(), "augment", text);
    all.push_back(row.make(row.argument == nullptr ? 0 : number_of("augment", text), picture, background));
    begin = end + 1;
  }
  return all;
}

}  // namespace tinynn::recipe
