// Guards before stb_image, which trusts what a file says of its own sizes. Version 2.27 writes past the end
// of its Huffman tables when a JPEG file claims that one has more than 256 codes, and asks for as much memory
// as a header or a chunk speaks of before it looks whether the file is that long.
#pragma once

#include <cstdint>
#include <span>

namespace tinynn::data {

/// False if this is a JPEG file with such a table.
bool jpeg_tables_fit(std::span<const uint8_t> bytes);

/// False if this begins as a JPEG file, but not with its first marker: behind other bytes, which may fill its
/// buffer, stb_image goes back to what it has in that, and reads another file than the other guards have
/// looked at.
bool jpeg_begins(std::span<const uint8_t> bytes);

/// False if this is a PNG file with a chunk that goes on behind the end of the file.
bool png_chunks_fit(std::span<const uint8_t> bytes);

/// How many pixels a PNG, JPEG or BMP file of so many bytes can be the image of.
int64_t most_pixels(std::span<const uint8_t> bytes);

}  // namespace tinynn::data
