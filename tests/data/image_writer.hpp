// Writes the small PNG, JPEG and BMP files that the tests read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

namespace fixtures {

/// One byte for each channel of each pixel, (height, width, channels).
std::vector<uint8_t> paint(int height, int width, int channels,
                           const std::function<int(int y, int x, int c)>& value);

/// The ending of the name says which format.
void write_image(const std::filesystem::path& path, int height, int width, int channels,
                 const std::vector<uint8_t>& pixels);

}  // namespace fixtures
