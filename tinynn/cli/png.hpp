// PNG files of bytes, by stb_image_write.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tinynn::cli {

/// The content of a file with these pixels, (height, width, channels). Throws Error if there are none.
std::string png(int64_t width, int64_t height, int64_t channels, const std::vector<uint8_t>& pixels);

}  // namespace tinynn::cli
