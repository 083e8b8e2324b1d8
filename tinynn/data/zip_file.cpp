#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <zlib.h>

#include <tinynn/core/error.hpp>
#include <tinynn/data/printable.hpp>
#include <tinynn/data/zip_file.hpp>

namespace tinynn::data {
namespace {

using ZipBytes = std::vector<uint8_t>;

constexpr uint32_t local_magic = 0x04034B50, directory_magic = 0x02014B50, end_magic = 0x06054B50,
                   end64_magic = 0x06064B50, locator64_magic = 0x07064B50;
constexpr uint64_t local_bytes = 30, directory_bytes = 46, end_bytes = 22, locator64_bytes = 20,
                   end64_bytes = 56, longest_comment = 0xFFFF;
constexpr uint64_t most_inflated = 1032;  // bytes that deflate makes of one
constexpr uint64_t zlib_piece = uint64_t{1} << 20;
constexpr uint16_t stored_method = 0, deflated_method = 8, encrypted_flag = 1;

uint64_t little_endian(const uint8_t* from, int bytes) {
  uint64_t number = 0;
  for (int i = bytes - 1; i >= 0; --i) number = number << 8 | from[i];
  return number;
}

// The 64-bit numbers that stand in the extra field 1 of an entry for those that are all ones.
void widen(ZipMember& member, const uint8_t* extra, uint64_t length) {
  constexpr uint64_t in_extra = 0xFFFFFFFF;
  while (length >= 4) {
    const uint64_t id = little_endian(extra, 2), size = std::min(little_endian(extra + 2, 2), length - 4);
    uint64_t at = 0;
    for (uint64_t* number : {&member.size, &member.compressed_size, &member.header}) {
      if (id != 1 || *number != in_extra || at + 8 > size) continue;
      *number = little_endian(extra + 4 + at, 8);
      at += 8;
    }
    extra += 4 + size, length -= 4 + size;
  }
}

// What deflate was given; `size` bytes, or an Error.
ZipBytes inflated(ZipBytes& from, uint64_t size, const std::string& where) {
  ZipBytes out(size);
  z_stream stream{};
  check(inflateInit2(&stream, -MAX_WBITS) == Z_OK, where, ": zlib does not start");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> ends(&stream, inflateEnd);
  uint8_t beyond = 0;  // notices what is longer
  uint64_t read = 0, written = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_in = from.data() + read;
    stream.avail_in = static_cast<uInt>(std::min(zlib_piece, from.size() - read));
    const bool full = written == size;
    stream.next_out = full ? &beyond : out.data() + written;
    stream.avail_out = full ? 1 : static_cast<uInt>(std::min(zlib_piece, size - written));
    const uInt in = stream.avail_in, room = stream.avail_out;
    status = inflate(&stream, Z_NO_FLUSH);
    read += in - stream.avail_in;
    check(!full || stream.avail_out == room, where, ": more than the ", size, " bytes expected");
    written += room - stream.avail_out;
  }
  check(status == Z_STREAM_END, where, ": damaged: ",
        status == Z_BUF_ERROR   ? "the deflated bytes end too early"
        : stream.msg != nullptr ? stream.msg
                                : zError(status));
  check(written == size, where, ": ", written, " bytes, expected ", size);
  return out;
}

}  // namespace

ZipFile::ZipFile(const std::filesystem::path& path)
    : name_(path.string()), file_(std::fopen(path.c_str(), "rb")) {
  check(file_ != nullptr, name_, ": cannot open: ", std::strerror(errno));
  errno = 0;
  const bool sought = fseeko(file_.get(), 0, SEEK_END) == 0;
  const off_t end = sought ? ftello(file_.get()) : -1;
  check(end >= 0, name_, ": cannot read: ", std::strerror(errno));
  size_ = static_cast<uint64_t>(end);
  read_directory();
}

ZipBytes ZipFile::bytes_at(uint64_t place, uint64_t size, const char* what) {
  check(place <= size_ && size <= size_ - place, name_, ": the ", what, " of ", size, " bytes at ", place,
        " is outside the file of ", size_, " bytes");
  ZipBytes bytes(size);
  errno = 0;
  const bool read = fseeko(file_.get(), static_cast<off_t>(place), SEEK_SET) == 0 &&
                    std::fread(bytes.data(), 1, size, file_.get()) == size;
  check(read, name_, ": cannot read: ", std::strerror(errno));
  return bytes;
}

void ZipFile::read_directory() {
  // The end record is the last thing but for a comment.
  const uint64_t tail_size = std::min(size_, end_bytes + longest_comment), tail_at = size_ - tail_size;
  const ZipBytes tail = bytes_at(tail_at, tail_size, "end");
  int64_t at = static_cast<int64_t>(tail_size) - static_cast<int64_t>(end_bytes);
  while (at >= 0 && little_endian(tail.data() + at, 4) != end_magic) --at;
  check(at >= 0, name_, ": no zip archive, or one that breaks off: no directory at its end");
  const uint8_t* const end = tail.data() + at;
  uint64_t count = little_endian(end + 10, 2), size = little_endian(end + 12, 4),
           place = little_endian(end + 16, 4);
  const uint64_t end_at = tail_at + static_cast<uint64_t>(at);
  if (place == 0xFFFFFFFF || size == 0xFFFFFFFF || count == 0xFFFF) {  // of more than 4 GB, or 65534 members
    check(end_at >= locator64_bytes, name_, ": no 64-bit directory where the end record says there is one");
    const ZipBytes locator = bytes_at(end_at - locator64_bytes, locator64_bytes, "64-bit locator");
    check(little_endian(locator.data(), 4) == locator64_magic, name_, ": no 64-bit locator at its end");
    const ZipBytes end64 = bytes_at(little_endian(locator.data() + 8, 8), end64_bytes, "64-bit end record");
    check(little_endian(end64.data(), 4) == end64_magic, name_, ": no 64-bit end record at its place");
    count = little_endian(end64.data() + 32, 8), size = little_endian(end64.data() + 40, 8),
    place = little_endian(end64.data() + 48, 8);
  }
  const ZipBytes directory = bytes_at(place, size, "directory");
  const uint8_t* next = directory.data();
  uint64_t left = directory.size();
  for (uint64_t i = 0; i < count; ++i) {
    check(left >= directory_bytes && little_endian(next, 4) == directory_magic, name_,
          ": the directory ends at member ", i, ", expected ", count, " members");
    const uint64_t name_size = little_endian(next + 28, 2), extra = little_endian(next + 30, 2),
                   all = directory_bytes + name_size + extra + little_endian(next + 32, 2);
    check(left >= all, name_, ": the directory ends inside member ", i);
    const uint8_t* const name = next + directory_bytes;
    ZipMember member{.name = {name, name + name_size},
                     .size = little_endian(next + 24, 4),
                     .compressed_size = little_endian(next + 20, 4),
                     .header = little_endian(next + 42, 4),
                     .checksum = static_cast<uint32_t>(little_endian(next + 16, 4)),
                     .method = static_cast<uint16_t>(little_endian(next + 10, 2)),
                     .flags = static_cast<uint16_t>(little_endian(next + 8, 2))};
    widen(member, name + name_size, extra);
    members_.push_back(std::move(member));
    next += all, left -= all;
  }
}

const ZipMember* ZipFile::find(std::string_view name) const {
  const auto found = std::ranges::find(members_, name, &ZipMember::name);
  return found == members_.end() ? nullptr : &*found;
}

ZipBytes ZipFile::read(const ZipMember& member) {
  const std::string where = name_ + ", " + printable(member.name, 100);
  check((member.flags & encrypted_flag) == 0, where, ": it is encrypted");
  check(member.method == stored_method || member.method == deflated_method, where, ": compression method ",
        member.method, ", expected 0 (stored) or 8 (deflated)");
  const ZipBytes local = bytes_at(member.header, local_bytes, "header of a member");
  check(little_endian(local.data(), 4) == local_magic, where, ": no header of a member at ", member.header);
  const uint64_t start =
      member.header + local_bytes + little_endian(local.data() + 26, 2) + little_endian(local.data() + 28, 2);
  ZipBytes bytes = bytes_at(start, member.compressed_size, "content of a member");
  if (member.method == deflated_method) {
    check(member.size / most_inflated <= member.compressed_size, where, ": ", member.size, " bytes of ",
          member.compressed_size, " deflated ones, which hold at most ",
          most_inflated * member.compressed_size);
    bytes = inflated(bytes, member.size, where);
  }
  check(bytes.size() == member.size, where, ": ", bytes.size(), " bytes, expected ", member.size);
  uLong sum = crc32(0, nullptr, 0);
  for (uint64_t at = 0; at < bytes.size(); at += zlib_piece)
    sum = crc32(sum, bytes.data() + at, static_cast<uInt>(std::min(zlib_piece, bytes.size() - at)));
  check(sum == member.checksum, where, ": damaged: its checksum is wrong");
  return bytes;
}

bool is_zip_file(const std::filesystem::path& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  std::array<uint8_t, 4> start{};
  return file && std::fread(start.data(), 1, start.size(), file.get()) == start.size() &&
         little_endian(start.data(), 4) == local_magic;
}

}  // namespace tinynn::data
