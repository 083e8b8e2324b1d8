// ZipFile: the members of a zip archive, stored or deflated, as NumPy (.npz) and PyTorch (.pth) write them.
// Debian's readers want either more than they give (libzip: OpenSSL, bzip2, lzma) or are no longer looked
// after (minizip), and zlib has all that is difficult. The reader trusts nothing: it goes by the central
// directory, checks every place and size against the file, and every member against its checksum.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tinynn::data {

struct ZipMember {
  std::string name;
  uint64_t size = 0, compressed_size = 0;
  uint64_t header = 0;  // place of its local header
  uint32_t checksum = 0;
  uint16_t method = 0, flags = 0;
};

class ZipFile {
 public:
  /// Reads the list of members. Throws Error if the file cannot be read or is no zip archive.
  explicit ZipFile(const std::filesystem::path& path);

  const std::string& name() const { return name_; }
  const std::vector<ZipMember>& members() const { return members_; }
  /// The member of this name, or null.
  const ZipMember* find(std::string_view name) const;
  /// Throws Error if the member is encrypted, compressed otherwise than by deflate, damaged, or not of the
  /// size that the directory says. Asks for no more than 1032 times the bytes that it has in the file, which
  /// is the most that deflate makes of them.
  std::vector<uint8_t> read(const ZipMember& member);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::vector<uint8_t> bytes_at(uint64_t place, uint64_t size, const char* what);
  void read_directory();

  std::string name_;
  std::unique_ptr<std::FILE, Close> file_;
  uint64_t size_ = 0;
  std::vector<ZipMember> members_;
};

/// Whether a file begins as zip archives do.
bool is_zip_file(const std::filesystem::path& path);

}  // namespace tinynn::data
