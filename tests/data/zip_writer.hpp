// Writes the small zip archives and NumPy arrays that the tests read, stored or deflated.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <zlib.h>

namespace fixtures {

inline void append_little_endian(std::string& bytes, uint64_t number, int size) {
  for (int i = 0; i < size; ++i, number >>= 8) bytes += static_cast<char>(number);
}

/// A .npy file of version 1.
inline std::string npy(const std::string& type, const std::string& shape, const std::string& content) {
  std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
  header += std::string((64 - (header.size() + 11) % 64) % 64, ' ') + "\n";
  std::string file = "\x93NUMPY";
  append_little_endian(file, 1, 2), append_little_endian(file, header.size(), 2);
  return file + header + content;
}

inline std::string raw_deflate(const std::string& bytes) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

struct ZipWriting {
  bool deflated = false;
  bool wide = false;  // sizes and places in 64 bits, as of archives of more than 4 GB
};

inline std::string zip(const std::vector<std::pair<std::string, std::string>>& members,
                       const ZipWriting& how = {}) {
  constexpr uint64_t in_extra = 0xFFFFFFFF;
  std::string file, directory;
  for (const auto& [name, content] : members) {
    const std::string packed = how.deflated ? raw_deflate(content) : content;
    const auto sum =
        crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size()));
    const uint64_t place = file.size();
    std::string common;
    append_little_endian(common, 20, 2), append_little_endian(common, 0, 2);
    append_little_endian(common, how.deflated ? 8 : 0, 2), append_little_endian(common, 0, 4);
    append_little_endian(common, sum, 4);
    append_little_endian(common, how.wide ? in_extra : packed.size(), 4);
    append_little_endian(common, how.wide ? in_extra : content.size(), 4);
    append_little_endian(common, name.size(), 2);
    std::string extra;
    if (how.wide) {
      append_little_endian(extra, 1, 2), append_little_endian(extra, 24, 2);
      append_little_endian(extra, content.size(), 8), append_little_endian(extra, packed.size(), 8);
      append_little_endian(extra, place, 8);
    }
    append_little_endian(file, 0x04034B50, 4);
    file += common;
    append_little_endian(file, 0, 2);
    file += name + packed;
    append_little_endian(directory, 0x02014B50, 4), append_little_endian(directory, 20, 2);
    directory += common;
    append_little_endian(directory, extra.size(), 2), append_little_endian(directory, 0, 10);
    append_little_endian(directory, how.wide ? in_extra : place, 4);
    directory += name + extra;
  }
  const uint64_t start = file.size(), count = members.size(), end64 = start + directory.size();
  file += directory;
  if (how.wide) {
    append_little_endian(file, 0x06064B50, 4), append_little_endian(file, 44, 8),
        append_little_endian(file, 0, 12);
    append_little_endian(file, count, 8), append_little_endian(file, count, 8);
    append_little_endian(file, directory.size(), 8), append_little_endian(file, start, 8);
    append_little_endian(file, 0x07064B50, 4), append_little_endian(file, 0, 4),
        append_little_endian(file, end64, 8);
    append_little_endian(file, 1, 4);
  }
  append_little_endian(file, 0x06054B50, 4), append_little_endian(file, 0, 4);
  for (int i = 0; i < 2; ++i) append_little_endian(file, how.wide ? 0xFFFF : count, 2);
  append_little_endian(file, how.wide ? in_extra : directory.size(), 4);
  append_little_endian(file, how.wide ? in_extra : start, 4), append_little_endian(file, 0, 2);
  return file;
}

}  // namespace fixtures
