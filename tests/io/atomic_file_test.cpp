#include <csignal>
#include <cstdio>
#include <iostream>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tinynn/io/atomic_file.hpp>

#include "tests/io/fixtures.hpp"

using namespace tinynn;
using namespace io_fixtures;
using io::write_file_atomically;

namespace {

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777;
}

// For as long as it lives, a write beyond `bytes` of any file fails, as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  void (*handler_)(int);
  rlimit before_{};
};

}  // namespace

TEST_CASE("io. an atomic write leaves the file alone in its folder") {
  const TemporaryFolder folder;
  const fs::path path = folder / "report.json";
  write_file_atomically(path, "first, and longer");
  write_file_atomically(path, "second");
  CHECK(read_file(path) == "second");
  const std::string a = "pieces ", b = "in order", none;
  write_file_atomically(
      path, {std::as_bytes(std::span(a)), std::as_bytes(std::span(none)), std::as_bytes(std::span(b))});
  CHECK(read_file(path) == "pieces in order");
  write_file_atomically(path, "");
  CHECK(read_file(path).empty());
  CHECK(folder.count() == 1);
}

TEST_CASE("io. an atomic write to a bare file name goes to the current folder") {
  const TemporaryFolder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder / "");
  CHECK(error_of([] { write_file_atomically("name.json", "text"); }) == "no error");
  fs::current_path(before);
  CHECK(read_file(folder / "name.json") == "text");
}

TEST_CASE("io. an atomic write keeps the access rights of the earlier file, and follows the umask without") {
  const TemporaryFolder folder;
  write_file(folder / "earlier", "x");
  fs::permissions(folder / "earlier", fs::perms(0640));
  write_file_atomically(folder / "earlier", "y");
  CHECK(mode_of(folder / "earlier") == 0640);
  const mode_t mask = ::umask(022);
  write_file_atomically(folder / "new", "y");
  ::umask(mask);
  CHECK(mode_of(folder / "new") == 0644);
}

TEST_CASE("io. an atomic write replaces the target of a link, not the link") {
  const TemporaryFolder folder;
  fs::create_directory(folder / "store");
  write_file(folder / "store/run1", "old");
  fs::create_symlink("store/run1", folder / "best");
  fs::create_symlink("best", folder / "link to a link");
  write_file_atomically(folder / "link to a link", "new");
  CHECK(read_file(folder / "store/run1") == "new");
  CHECK(fs::is_symlink(folder / "best"));
  CHECK(fs::is_symlink(folder / "link to a link"));

  fs::create_symlink("store/not yet", folder / "dangling");
  write_file_atomically(folder / "dangling", "here");
  CHECK(read_file(folder / "store/not yet") == "here");
  CHECK(fs::is_symlink(folder / "dangling"));

  fs::create_symlink("circle", folder / "circle");
  CHECK(error_of([&] { write_file_atomically(folder / "circle", "x"); }) ==
        "cannot write " + (folder / "circle").string() + ": Too many levels of symbolic links");
  io::remove_leftovers(folder / "circle");
  CHECK(fs::is_symlink(folder / "circle"));
}

TEST_CASE("io. an atomic write that fails says why") {
  const TemporaryFolder folder;
  write_file(folder / "file", "old");
  fs::create_directory(folder / "folder");
  const std::pair<const char*, const char*> cases[] = {
      {"missing/x.json", "No such file or directory"},
      {"file/x.json", "Not a directory"},
      {"folder", "Is a directory"},
      {"folder/", "Is a directory"},
  };
  for (const auto& [name, reason] : cases) {
    const fs::path path = folder / name;
    CHECK(error_of([&] { write_file_atomically(path, "new"); }) ==
          "cannot write " + path.string() + ": " + reason);
  }
  const std::string long_name(300, 'x');
  CHECK(error_of([&] { write_file_atomically(folder / long_name, "new"); }) ==
        "cannot write " + (folder / long_name).string() + ": File name too long");
  CHECK(error_of([&] { write_file_atomically("", "new"); }) == "cannot write : No such file or directory");
  CHECK(read_file(folder / "file") == "old");
  CHECK(folder.count() == 2);
  CHECK(fs::is_empty(folder / "folder"));
}

TEST_CASE("io. an atomic write respects write protection" * doctest::skip(::geteuid() == 0)) {
  const TemporaryFolder folder;
  write_file(folder / "kept", "old");
  fs::permissions(folder / "kept", fs::perms(0444));
  CHECK(error_of([&] { write_file_atomically(folder / "kept", "new"); }) ==
        "cannot write " + (folder / "kept").string() + ": Permission denied");
  fs::create_directory(folder / "closed");
  fs::permissions(folder / "closed", fs::perms(0555));
  CHECK(error_of([&] { write_file_atomically(folder / "closed/x", "new"); }) ==
        "cannot write " + (folder / "closed/x").string() + ": Permission denied");
}

TEST_CASE("io. an atomic write that breaks off in the middle leaves the earlier file as it was") {
  const TemporaryFolder folder;
  write_file(folder / "model", "old");
  std::string message;
  {
    const FileSizeLimit limit(1000);
    message = error_of([&] { write_file_atomically(folder / "model", std::string(5000, 'x')); });
  }
  CHECK(message == "cannot write " + (folder / "model").string() + ": File too large");
  CHECK(read_file(folder / "model") == "old");
  CHECK(folder.count() == 1);
}

TEST_CASE("io. a device is written to directly" * doctest::skip(!fs::exists("/dev/full"))) {
  CHECK(error_of([] { write_file_atomically("/dev/null", "text"); }) == "no error");
  CHECK(error_of([] { write_file_atomically("/dev/full", "text"); }) ==
        "cannot write /dev/full: No space left on device");
  CHECK(fs::is_character_file("/dev/null"));
  CHECK(fs::is_character_file("/dev/full"));
}

TEST_CASE("io. a pipe is written to directly") {
  const TemporaryFolder folder;
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  const std::string text(1000, 'x');
  // A reader that is there already, so that opening the other end does not wait.
  const int reader = ::open((folder / "pipe").c_str(), O_RDONLY | O_NONBLOCK);
  REQUIRE(reader >= 0);
  write_file_atomically(folder / "pipe", text);
  std::string got(2000, ' ');
  got.resize(static_cast<size_t>(::read(reader, got.data(), got.size())));
  ::close(reader);
  CHECK(got == text);
  CHECK(fs::is_fifo(folder / "pipe"));
}

TEST_CASE("io. standard output that goes to a file is continued, not replaced" *
          doctest::skip(!fs::exists("/dev/stdout"))) {
  const TemporaryFolder folder;
  const fs::path path = folder / "log";
  // What the tests have printed and not yet written is not for the child to write, to its own output.
  std::cout.flush();
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT, 0644);
    bool ok = file >= 0 && ::dup2(file, STDOUT_FILENO) >= 0 && ::write(STDOUT_FILENO, "before ", 7) == 7;
    try {
      write_file_atomically("/dev/stdout", "metrics ");
    } catch (const Error&) {
      ok = false;
    }
    ok = ok && ::write(STDOUT_FILENO, "after", 5) == 5;
    ::_exit(ok ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(read_file(path) == "before metrics after");
  CHECK(folder.count() == 1);
}
