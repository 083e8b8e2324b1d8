// GzFile: reads a file from start to end, unpacking it on the way if it is compressed with gzip. zlib's own
// gzread would do, were it not silent about a file that breaks off in its last bytes, the checksum.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

struct z_stream_s;

namespace tinynn::data {

class GzFile {
 public:
  /// Throws Error if the file cannot be opened or read.
  explicit GzFile(const std::filesystem::path& path);

  const std::string& name() const { return name_; }
  /// Reads up to `size` bytes and returns how many there were: less only at the end. Throws Error if the file
  /// cannot be read, or if it is a gzip stream that is damaged or breaks off.
  uint64_t read(uint8_t* out, uint64_t size);

 private:
  struct Close {
    void operator()(std::FILE* file) const;
    void operator()(z_stream_s* stream) const;
  };

  uint64_t read_raw(uint8_t* out, uint64_t size);
  uint64_t read_gz(uint8_t* out, uint64_t size);
  bool refill();
  bool skip_padding();

  std::string name_;
  std::unique_ptr<std::FILE, Close> file_;
  std::unique_ptr<z_stream_s, Close> stream_;  // none for a file that is not compressed
  std::vector<uint8_t> input_;
  bool complete_ = false;  // the stream has ended, its checksum was right
  bool padded_ = false;    // zeros follow
};

}  // namespace tinynn::data
