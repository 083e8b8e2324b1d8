// Raw deflate streams (RFC 1951), written and read by zlib. Not for users of tinynn.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tinynn::io::detail {

/// Bytes of one piece, and of what a stream holds, at most: zlib counts in 32 bits.
constexpr int64_t max_deflated = int64_t{1} << 31;

/// One stream of all pieces. Each begins a block, and so has Huffman codes of its own. Equal pieces give
/// equal bytes.
std::vector<uint8_t> deflated(const std::vector<std::vector<uint8_t>>& pieces);

/// What the stream at the start of `from` holds; `from` then begins behind it. Throws Error, beginning with
/// `context`, if it is damaged, ends early or holds more than `most` bytes; no more than these are allocated.
std::vector<uint8_t> inflated(std::span<const uint8_t>& from, int64_t most, const std::string& context);

}  // namespace tinynn::io::detail
