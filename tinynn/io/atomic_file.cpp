#include <algorithm>
#include <atomic>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tinynn/core/error.hpp>
#include <tinynn/io/atomic_file.hpp>

namespace tinynn::io {
namespace {

namespace fs = std::filesystem;
using Pieces = std::vector<std::span<const std::byte>>;

// Passes the result of a system call through, or throws the reason why it failed.
template <class Result>
Result checked(Result result) {
  if (result < 0) throw std::system_error(errno, std::generic_category());
  return result;
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  operator int() const { return number_; }
  // Some network file systems report a failed write only here.
  void close() { checked(::close(std::exchange(number_, -1))); }

 private:
  int number_;
};

// Removes the file that it names, unless that was cleared because the file has moved on.
struct Remover {
  ~Remover() {
    if (!path.empty()) ::unlink(path.c_str());
  }
  fs::path path;
};

void write_all(int to, const Pieces& pieces) {
  for (std::span<const std::byte> rest : pieces) {
    while (!rest.empty()) {
      const ssize_t written = ::write(to, rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      rest = rest.subspan(static_cast<size_t>(checked(written)));
    }
  }
}

// The standard stream that is the same file as `target`, or -1.
int standard_stream(const struct stat& target) {
  for (int stream : {STDOUT_FILENO, STDERR_FILENO}) {
    struct stat status {};
    if (::fstat(stream, &status) == 0 && status.st_dev == target.st_dev && status.st_ino == target.st_ino) {
      return stream;
    }
  }
  return -1;
}

fs::path behind_links(fs::path path) {
  constexpr int most = 40;  // as Linux has it; links may lead to each other
  for (int i = 0; i < most; ++i) {
    std::error_code no_link;
    const fs::path target = fs::read_symlink(path, no_link);
    if (no_link) break;
    path = path.parent_path() / target;
  }
  return path;
}

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : "."; }

// How the names of temporary files begin; a name of 255 bytes is the longest that there may be.
std::string temporary_prefix(const fs::path& path) {
  return ".tinynn-" + path.filename().string().substr(0, 200) + "-";
}

// A new file beside the path. Not mkstemp: its files are for their owner only, whatever the umask says.
std::pair<int, fs::path> create_temporary(const fs::path& beside) {
  static std::atomic<uint64_t> count = 0;
  while (true) {
    const std::string number = std::to_string(::getpid()) + "-" + std::to_string(count++);
    fs::path path = folder_of(beside) / (temporary_prefix(beside) + number + ".tmp");
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file >= 0) return {file, std::move(path)};
    if (errno != EEXIST) checked(file);
  }
}

void sync_folder(const fs::path& path) {
  const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder < 0) return;  // one may be allowed to write in a folder but not to read it
  if (::fsync(folder) != 0 && errno != EINVAL) checked(-1);  // EINVAL: this file system cannot, nor needs to
}

void replace_file(const fs::path& path, const struct stat* earlier, const Pieces& pieces) {
  auto [number, name] = create_temporary(path);
  Remover temporary{std::move(name)};
  Descriptor file(number);
  if (earlier) checked(::fchmod(file, earlier->st_mode & 0777));
  write_all(file, pieces);
  checked(::fsync(file));
  file.close();
  checked(::rename(temporary.path.c_str(), path.c_str()));
  temporary.path.clear();
  sync_folder(folder_of(path));
}

void write_file(const fs::path& path, const Pieces& pieces) {
  struct stat earlier {};
  if (::stat(path.c_str(), &earlier) != 0) {
    if (errno != ENOENT || path.empty()) checked(-1);
    return replace_file(behind_links(path), nullptr, pieces);
  }
  if (S_ISDIR(earlier.st_mode)) throw std::system_error(EISDIR, std::generic_category());
  // Replacing the file that is our own standard output would lose what else goes there.
  const int stream = standard_stream(earlier);
  if (stream >= 0) return write_all(stream, pieces);
  if (!S_ISREG(earlier.st_mode)) {
    Descriptor file(checked(::open(path.c_str(), O_WRONLY | O_CLOEXEC)));
    write_all(file, pieces);
    return file.close();
  }
  checked(::access(path.c_str(), W_OK));  // rename() alone would replace a write-protected file
  replace_file(behind_links(path), &earlier, pieces);
}

}  // namespace

void write_file_atomically(const fs::path& path, const Pieces& pieces) {
  try {
    write_file(path, pieces);
  } catch (const std::system_error& error) {
    fail("cannot write ", path.string(), ": ", error.code().message());
  }
}

void write_file_atomically(const fs::path& path, std::string_view text) {
  write_file_atomically(path, Pieces{std::as_bytes(std::span(text))});
}

void remove_leftovers(const fs::path& path) {
  const fs::path file = behind_links(path);
  const std::string prefix = temporary_prefix(file);
  std::error_code ignored;  // what cannot be listed or removed stays
  for (const auto& entry : fs::directory_iterator(folder_of(file), ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix) || !name.ends_with(".tmp")) continue;
    const auto numbers = std::string_view(name).substr(prefix.size(), name.size() - prefix.size() - 4);
    const bool ours = numbers.find_first_not_of("0123456789-") == std::string_view::npos;
    if (ours && std::ranges::count(numbers, '-') == 1) fs::remove(entry.path(), ignored);
  }
}

}  // namespace tinynn::io
