// Pictures of digits and letters, as people draw and photograph them, in the form in which MNIST has them.
#pragma once

#include <filesystem>

#include <tinynn/data/image_file.hpp>

namespace tinynn::data {

/// The one character that a picture shows (PNG, JPEG or BMP of any size, in grey or colour, light on dark or
/// dark on light), as 28 x 28 pixels of grey: light on black, 20 pixels long, its centre of mass in the
/// middle (LeCun et al. 1998). Throws Error as read_image(), and if all of the picture is of about one
/// brightness.
DecodedImage in_mnist_form(const std::filesystem::path& path);

}  // namespace tinynn::data
