#include <algorithm>
#include <functional>
#include <queue>

#include <tinynn/core/error.hpp>
#include <tinynn/io/huffman.hpp>

namespace tinynn::io {
namespace {

constexpr int longest = 31;  // bits

// Symbols in the order of their codes: by length, then by number.
std::vector<int> in_order(std::span<const uint8_t> lengths) {
  std::vector<int> symbols;
  for (size_t s = 0; s < lengths.size(); ++s) {
    if (lengths[s] > 0) symbols.push_back(static_cast<int>(s));
  }
  std::ranges::stable_sort(symbols, {}, [&](int s) { return lengths[static_cast<size_t>(s)]; });
  return symbols;
}

}  // namespace

// The two rarest trees become one, until there is one; a symbol's length is its depth.
std::vector<uint8_t> huffman_lengths(std::span<const int64_t> frequencies) {
  struct Tree {
    int64_t frequency;
    size_t number;  // earlier ones first on a tie, so that the code is always the same
    bool operator>(const Tree& other) const {
      return frequency != other.frequency ? frequency > other.frequency : number > other.number;
    }
  };
  std::priority_queue<Tree, std::vector<Tree>, std::greater<>> trees;
  std::vector<size_t> parent(frequencies.size());
  for (size_t s = 0; s < frequencies.size(); ++s) {
    if (frequencies[s] > 0) trees.push({frequencies[s], s});
  }
  const size_t symbols = trees.size();
  while (trees.size() > 1) {
    const Tree a = trees.top();
    trees.pop();
    const Tree b = trees.top();
    trees.pop();
    parent[a.number] = parent[b.number] = parent.size();
    trees.push({a.frequency + b.frequency, parent.size()});
    parent.push_back(0);
  }
  std::vector<uint8_t> lengths(frequencies.size());
  if (symbols == 1) lengths[trees.top().number] = 1;
  if (symbols < 2) return lengths;
  std::vector<int> depth(parent.size());
  for (size_t node = parent.size() - 1; node-- > 0;) depth[node] = depth[parent[node]] + 1;
  for (size_t s = 0; s < frequencies.size(); ++s) {
    if (frequencies[s] == 0) continue;
    check(depth[s] <= longest, "huffman: a code of ", depth[s], " bits, expected at most ", longest);
    lengths[s] = static_cast<uint8_t>(depth[s]);
  }
  return lengths;
}

void BitWriter::write(uint32_t code, int bits) {
  while (bits > 0) {
    if (free_ == 0) {
      bytes_.push_back(std::byte{0});
      free_ = 8;
    }
    --bits;
    --free_;
    bytes_.back() |= static_cast<std::byte>((code >> bits & 1) << free_);
  }
}

HuffmanEncoder::HuffmanEncoder(std::span<const uint8_t> lengths)
    : lengths_(lengths.begin(), lengths.end()), codes_(lengths.size()) {
  uint32_t code = 0;
  int length = 0;
  for (const int symbol : in_order(lengths)) {
    const auto s = static_cast<size_t>(symbol);
    code <<= lengths[s] - length;
    length = lengths[s];
    codes_[s] = code++;
  }
}

int BitReader::next() {
  if (at_ == 8 * bytes_.size()) return -1;
  const int bit = static_cast<int>(bytes_[at_ / 8] >> (7 - at_ % 8)) & 1;
  ++at_;
  return bit;
}

bool BitReader::is_at_end() const {
  BitReader rest = *this;
  if (8 * bytes_.size() - at_ >= 8) return false;
  for (int bit = rest.next(); bit >= 0; bit = rest.next()) {
    if (bit == 1) return false;
  }
  return true;
}

HuffmanDecoder::HuffmanDecoder(std::span<const uint8_t> lengths)
    : first_code_(longest + 2), count_(longest + 2), symbols_(in_order(lengths)) {
  for (const uint8_t length : lengths) {
    check(length <= longest, "huffman: a code of ", static_cast<int>(length), " bits, expected at most ",
          longest);
    if (length > 0) ++count_[length];
  }
  uint64_t code = 0;
  for (size_t length = 1; length <= longest; ++length) {
    code <<= 1;
    first_code_[length] = static_cast<uint32_t>(code);
    code += count_[length];
    check(code <= uint64_t{1} << length, "huffman: more codes of up to ", length, " bits than there are");
  }
}

int HuffmanDecoder::read(BitReader& from) const {
  uint32_t code = 0;
  size_t before = 0;  // codes that are shorter
  for (size_t length = 1; length <= longest; ++length) {
    const int bit = from.next();
    if (bit < 0) return -1;
    code = code << 1 | static_cast<uint32_t>(bit);
    const uint32_t at = code - first_code_[length];
    if (code >= first_code_[length] && at < count_[length]) return symbols_[before + at];
    before += count_[length];
  }
  return -1;
}

}  // namespace tinynn::io
