// A guard before stb_image, whose version 2.27 writes past the end of its Huffman tables when a JPEG file
// claims that one has more than 256 codes.
#pragma once

#include <cstdint>
#include <span>

namespace tinynn::data {

/// False if this is a JPEG file with such a table.
bool jpeg_tables_fit(std::span<const uint8_t> bytes);

}  // namespace tinynn::data
