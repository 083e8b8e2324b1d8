#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tinynn/cli/report/gnuplot.hpp>

namespace tinynn::cli {
namespace {

// Files rather than pipes: neither side can wait for the other to read.
using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

File temporary_file() { return File(std::tmpfile(), &std::fclose); }

std::string content(std::FILE* file) {
  std::string text;
  std::rewind(file);
  char piece[4096];
  while (const size_t length = std::fread(piece, 1, sizeof piece, file)) text.append(piece, length);
  return text;
}

// 0, or what posix_spawnp() says.
int start(pid_t& child, std::FILE* input, std::FILE* output) {
  posix_spawn_file_actions_t actions;
  if (const int error = posix_spawn_file_actions_init(&actions)) return error;
  posix_spawn_file_actions_adddup2(&actions, fileno(input), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, fileno(output), STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  char name[] = "gnuplot", defaults[] = "-d";  // -d: not what the user's .gnuplot says
  char* arguments[] = {name, defaults, nullptr};
  const int error = posix_spawnp(&child, name, &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

int wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return status;
}

}  // namespace

Drawing run_gnuplot(const std::string& script) {
  const File input = temporary_file(), output = temporary_file();
  if (!input || !output || std::fwrite(script.data(), 1, script.size(), input.get()) != script.size() ||
      std::fflush(input.get()) != 0)
    return {.svg = {}, .problem = std::string("gnuplot got no temporary file: ") + std::strerror(errno)};
  std::rewind(input.get());
  pid_t child = 0;
  if (const int error = start(child, input.get(), output.get())) {
    if (error == ENOENT) return {.svg = {}, .problem = "gnuplot is not installed"};
    return {.svg = {}, .problem = std::string("gnuplot could not be started: ") + std::strerror(error)};
  }
  const bool is_well = wait_for(child) == 0;
  const std::string text = content(output.get());
  const size_t begin = text.find("<svg"), end = text.rfind("</svg>");
  if (!is_well || begin == std::string::npos || end == std::string::npos)
    return {.svg = {}, .problem = "gnuplot failed"};
  return {.svg = text.substr(begin, end + 6 - begin), .problem = {}};
}

}  // namespace tinynn::cli
