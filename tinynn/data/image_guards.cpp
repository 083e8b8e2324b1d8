#include <algorithm>
#include <array>
#include <numeric>

#include <tinynn/data/image_guards.hpp>

namespace tinynn::data {
namespace {

constexpr uint8_t start_of_image = 0xD8, huffman_tables = 0xC4, start_of_scan = 0xDA;
constexpr size_t most_codes = 256;
constexpr std::array<uint8_t, 4> end_chunk{'I', 'E', 'N', 'D'};

// One segment may hold several tables, each a byte with its number, 16 counts, and so many codes. A file may
// also end inside the counts.
bool segment_fits(std::span<const uint8_t> rest, size_t length) {
  for (size_t at = 0; at < length && at + 1 < rest.size();) {
    const auto counts = rest.subspan(at + 1).first(std::min<size_t>(16, rest.size() - at - 1));
    const size_t codes = std::accumulate(counts.begin(), counts.end(), size_t{0});
    if (codes > most_codes) return false;
    at += 17 + codes;
  }
  return true;
}

}  // namespace

bool jpeg_begins(std::span<const uint8_t> bytes) {
  return bytes.empty() || bytes[0] != 0xFF || (bytes.size() > 1 && bytes[1] == start_of_image);
}

bool jpeg_tables_fit(std::span<const uint8_t> bytes) {
  if (bytes.empty() || bytes[0] != 0xFF) return true;
  // A marker is a byte after one or more 0xFF. In front of the picture its segment is stepped over, since a
  // comment or a thumbnail may hold anything; behind, where stb_image may stop anywhere, nothing is.
  bool in_picture = false;
  size_t at = 0;
  while (true) {
    while (at < bytes.size() && bytes[at] != 0xFF) ++at;
    while (at < bytes.size() && bytes[at] == 0xFF) ++at;
    if (at + 3 > bytes.size()) return true;
    const uint8_t marker = bytes[at++];
    if (marker == start_of_image) continue;
    const size_t length = std::max<size_t>(2, size_t{bytes[at]} * 256 + bytes[at + 1]);
    if (marker == huffman_tables && !segment_fits(bytes.subspan(at + 2), length - 2)) return false;
    in_picture = in_picture || marker == start_of_scan;
    if (!in_picture) at += std::min(length, bytes.size() - at);
  }
}

// A chunk is its length in four bytes, its kind in four, so many bytes, and a checksum of four.
bool png_chunks_fit(std::span<const uint8_t> bytes) {
  if (bytes.size() < 8 || bytes[0] != 0x89) return true;
  size_t at = 8;
  while (at + 4 <= bytes.size()) {
    const size_t length =
        size_t{bytes[at]} << 24 | size_t{bytes[at + 1]} << 16 | size_t{bytes[at + 2]} << 8 | bytes[at + 3];
    if (length > bytes.size() - at) return false;
    if (at + 8 <= bytes.size() && std::ranges::equal(bytes.subspan(at + 4, 4), end_chunk))
      return true;  // whatever follows
    at += 12 + length;
  }
  return true;
}

// A BMP has at least a bit for each pixel, a JPEG one for each block of 64 (the first scan of a progressive
// one; others have two), and deflate, which a PNG is packed with, makes at most 1032 bytes of one.
int64_t most_pixels(std::span<const uint8_t> bytes) {
  const uint8_t first = bytes.empty() ? 0 : bytes[0];
  return std::ssize(bytes) * 8 * (first == 'B' ? 1 : first == 0xFF ? 64 : 1032);
}

}  // namespace tinynn::data
