#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <zlib.h>

#include <tinynn/core/error.hpp>
#include <tinynn/data/gz_file.hpp>

namespace tinynn::data {
namespace {

constexpr size_t input_size = size_t{1} << 17;
constexpr uint64_t piece = uint64_t{1} << 20;  // zlib counts in 32 bits
constexpr int gzip_only = 16 + MAX_WBITS;

}  // namespace

void GzFile::Close::operator()(std::FILE* file) const { std::fclose(file); }

void GzFile::Close::operator()(z_stream_s* stream) const {
  inflateEnd(stream);
  delete stream;
}

GzFile::GzFile(const std::filesystem::path& path)
    : name_(path.string()), file_(std::fopen(path.c_str(), "rb")) {
  check(file_ != nullptr, name_, ": cannot open: ", std::strerror(errno));
  std::array<uint8_t, 2> start{};
  const uint64_t found = read_raw(start.data(), start.size());
  std::rewind(file_.get());
  if (found < start.size() || start[0] != 0x1F || start[1] != 0x8B) return;
  input_.resize(input_size);
  auto stream = std::make_unique<z_stream>();
  check(inflateInit2(stream.get(), gzip_only) == Z_OK, name_, ": gzip stream: zlib does not start");
  stream_.reset(stream.release());
}

uint64_t GzFile::read(uint8_t* out, uint64_t size) {
  if (!stream_) return read_raw(out, size);
  uint64_t total = 0;
  while (total < size) {
    const uint64_t want = std::min(piece, size - total);
    const uint64_t found = read_gz(out + total, want);
    total += found;
    if (found < want) break;
  }
  return total;
}

uint64_t GzFile::read_raw(uint8_t* out, uint64_t size) {
  errno = 0;
  const size_t found = std::fread(out, 1, size, file_.get());
  check(found == size || !std::ferror(file_.get()), name_, ": cannot read: ", std::strerror(errno));
  return found;
}

uint64_t GzFile::read_gz(uint8_t* out, uint64_t size) {
  stream_->next_out = out;
  stream_->avail_out = static_cast<uInt>(size);
  while (stream_->avail_out > 0) {
    if (stream_->avail_in == 0 && !refill()) {
      check(complete_, name_, ": gzip stream: file ends inside it, expected its end");
      break;
    }
    // As for gunzip, a file is one stream or several, and zeros behind the last, as on tapes and block
    // devices.
    if (complete_ && skip_padding()) continue;
    if (complete_) inflateReset(stream_.get());
    const int status = inflate(stream_.get(), Z_NO_FLUSH);
    complete_ = status == Z_STREAM_END;
    check(complete_ || status == Z_OK || status == Z_BUF_ERROR, name_,
          ": gzip stream: ", stream_->msg != nullptr ? stream_->msg : zError(status));
  }
  return size - stream_->avail_out;
}

// Whether what comes is padding, of which it skips what is there.
bool GzFile::skip_padding() {
  padded_ = padded_ || *stream_->next_in == 0;
  if (!padded_) return false;
  const uint8_t* const end = stream_->next_in + stream_->avail_in;
  const bool zeros =
      std::all_of<const uint8_t*>(stream_->next_in, end, [](uint8_t byte) { return byte == 0; });
  check(zeros, name_, ": gzip stream: something other than zeros follows in its padding");
  stream_->avail_in = 0;
  return true;
}

bool GzFile::refill() {
  stream_->next_in = input_.data();
  stream_->avail_in = static_cast<uInt>(read_raw(input_.data(), input_.size()));
  return stream_->avail_in > 0;
}

}  // namespace tinynn::data
