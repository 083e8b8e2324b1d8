#include <algorithm>
#include <array>
#include <limits>
#include <memory>

#include <zlib.h>

#include <tinynn/core/error.hpp>
#include <tinynn/io/deflate.hpp>

namespace tinynn::io::detail {
namespace {

constexpr int no_wrapper = -MAX_WBITS;  // neither zlib's header nor its checksum

std::vector<uint8_t> deflated_by(int strategy, const std::vector<std::vector<uint8_t>>& pieces) {
  z_stream stream{};
  check(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, no_wrapper, MAX_MEM_LEVEL, strategy) == Z_OK,
        "deflate: zlib does not start");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&stream, deflateEnd);
  std::vector<uint8_t> result;
  std::array<uint8_t, 1 << 15> buffer;
  const auto write = [&](int flush) {
    do {
      stream.next_out = buffer.data();
      stream.avail_out = static_cast<uInt>(buffer.size());
      deflate(&stream, flush);
      result.insert(result.end(), buffer.data(), stream.next_out);
    } while (stream.avail_out == 0);
  };
  for (const auto& piece : pieces) {
    check(std::ssize(piece) <= max_deflated, "deflate: a piece of ", piece.size(), " bytes, at most ",
          max_deflated, " are supported");
    stream.next_in = const_cast<uint8_t*>(piece.data());
    stream.avail_in = static_cast<uInt>(piece.size());
    write(Z_BLOCK);
  }
  write(Z_FINISH);
  return result;
}

}  // namespace

std::vector<uint8_t> deflated(const std::vector<std::vector<uint8_t>>& pieces) {
  // Random numbers take fewer bits without search for repetitions, rows without live elements with it.
  auto coded = deflated_by(Z_HUFFMAN_ONLY, pieces), searched = deflated_by(Z_DEFAULT_STRATEGY, pieces);
  return searched.size() < coded.size() ? searched : coded;
}

std::vector<uint8_t> inflated(std::span<const uint8_t>& from, int64_t most, const std::string& context) {
  check(most <= max_deflated, context, ": up to ", most, " bytes, at most ", max_deflated, " are supported");
  std::vector<uint8_t> result(static_cast<size_t>(most) + 1);  // one more, to see whether there are more
  z_stream stream{};
  check(inflateInit2(&stream, no_wrapper) == Z_OK, context, ": zlib does not start");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&stream, inflateEnd);
  stream.next_in = const_cast<uint8_t*>(from.data());
  stream.avail_in = static_cast<uInt>(std::min<size_t>(from.size(), std::numeric_limits<uInt>::max()));
  stream.next_out = result.data();
  stream.avail_out = static_cast<uInt>(result.size());
  const int status = inflate(&stream, Z_FINISH);
  check(stream.avail_out > 0, context, ": more than ", most, " bytes, where no more are expected");
  check(status != Z_DATA_ERROR, context, ": ", stream.msg);
  check(status == Z_STREAM_END, context, ": it ends early");
  result.resize(stream.total_out);
  from = from.subspan(stream.total_in);
  return result;
}

}  // namespace tinynn::io::detail
