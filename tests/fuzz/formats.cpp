#include "tests/fuzz/formats.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include <tinynn/core/error.hpp>

#include "tests/fuzz/allocations.hpp"

namespace fuzz {

std::vector<Format> all_formats(const std::filesystem::path& folder) {
  std::vector<Format> all = network_formats(folder);
  for (auto& more : {graph_formats(folder), run_formats(folder), data_formats(folder), image_formats(folder),
                     option_formats()})
    all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::string complaint(const Format& format, const Bytes& file, bool& accepted) {
  accepted = false;
  watch_memory();
  try {
    format.read(file);
    accepted = true;
  } catch (const tinynn::Error& error) {
    const std::string message = error.what();
    if (message.empty() || message.size() > 1000)
      return "a message of " + std::to_string(message.size()) + " bytes";
    if (std::ranges::any_of(message, [](unsigned char c) { return c < 0x20 || c == 0x7F; }))
      return "a message of more than one line: " + message;
  } catch (const std::exception& error) {
    return std::string("another exception: ") + error.what();
  }
  const std::size_t bytes = peak_memory();
  if (bytes <= always_allowed + format.memory_per_byte * file.size()) return "";
  return std::to_string(bytes) + " bytes of memory for a file of " + std::to_string(file.size());
}

void require(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const tinynn::Error& error) {
    return error.what();
  }
  return "";
}

void put(const std::filesystem::path& path, const Bytes& bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

Bytes content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace fuzz
