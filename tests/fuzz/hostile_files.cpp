// Feeds damaged files of every format to its reader: each has to be read, or refused with an Error of one
// line, without asking for much more memory than the file has bytes. tinynn_hostile_files CASES [SEED
// [FORMAT]] tries that many of each format; one that fails, and with FORMAT the one that is being read, is
// left in hostile_file. To be built with a sanitizer: preset asan.
#define DOCTEST_CONFIG_IMPLEMENT  // the random networks are of the tests
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>

#include "tests/fuzz/allocations.hpp"
#include "tests/fuzz/formats.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

constexpr std::size_t always_allowed = std::size_t{4} << 20;

// What is wrong with how a format took a file; empty if nothing is.
std::string complaint(const fuzz::Format& format, const fuzz::Bytes& file, int64_t& accepted) {
  (void)fuzz::take_largest_allocation();
  try {
    format.read(file);
    ++accepted;
  } catch (const tinynn::Error& error) {
    const std::string message = error.what();
    if (message.empty() || message.size() > 1000)
      return "a message of " + std::to_string(message.size()) + " bytes";
    if (std::ranges::any_of(message, [](unsigned char c) { return c < 0x20 || c == 0x7F; }))
      return "a message of more than one line: " + message;
  } catch (const std::exception& error) {
    return std::string("another exception: ") + error.what();
  }
  const std::size_t largest = fuzz::take_largest_allocation();
  if (largest <= always_allowed + format.memory_per_byte * file.size()) return "";
  return "a piece of memory of " + std::to_string(largest) + " bytes for a file of " +
         std::to_string(file.size());
}

bool holds(const fuzz::Format& format, int64_t cases, uint64_t seed, bool keep) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const auto seconds = [](Clock::duration d) { return std::chrono::duration<double>(d).count(); };
  int64_t accepted = 0;
  double slowest = 0;
  for (const fuzz::Bytes& file : format.files) {
    const std::string wrong = complaint(format, file, accepted);
    if (!wrong.empty()) return std::printf("%s, undamaged: %s\n", format.name.c_str(), wrong.c_str()), false;
  }
  if (accepted != std::ssize(format.files))
    return std::printf("%s: undamaged files are refused\n", format.name.c_str()), false;
  for (int64_t i = 0; i < cases; ++i) {
    test::Draw draw(seed * 1'000'000'007 + static_cast<uint64_t>(i));
    const auto pick = [&] { return static_cast<size_t>(draw.between(0, std::ssize(format.files) - 1)); };
    const size_t a = pick(), b = pick();
    const fuzz::Bytes file = format.damage(format.files[a], format.files[b], draw);
    // On disk before it is read, for after a crash there is no time.
    if (keep) std::ofstream("hostile_file", std::ios::binary) << file;
    const auto began = Clock::now();
    const std::string wrong = complaint(format, file, accepted);
    slowest = std::max(slowest, seconds(Clock::now() - began));
    if (wrong.empty()) continue;
    std::ofstream("hostile_file", std::ios::binary) << file;
    std::printf("FAILED: %s, case %lld: %s\n", format.name.c_str(), static_cast<long long>(i), wrong.c_str());
    return false;
  }
  std::printf("%s: %lld damaged files, %lld of them read, %.1f s, the slowest %.3f s\n", format.name.c_str(),
              static_cast<long long>(cases), static_cast<long long>(accepted - std::ssize(format.files)),
              seconds(Clock::now() - start), slowest);
  return accepted > std::ssize(format.files);  // or the damage is such that nothing gets past the first check
}

}  // namespace

int main(int count, char** arguments) {
  const int64_t cases = count > 1 ? std::atoll(arguments[1]) : 1000;
  const uint64_t seed = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 1;
  const std::string only = count > 3 ? arguments[3] : "";
  const test::TemporaryFolder folder;
  auto formats = fuzz::network_formats();
  for (auto& format : fuzz::data_formats(folder / "")) formats.push_back(std::move(format));
  tinynn::set_num_threads(1);
  bool good = true;
  for (const auto& format : formats) {
    if (only.empty() || format.name == only) good &= holds(format, cases, seed, !only.empty());
    std::fflush(stdout);
  }
  return good ? 0 : 1;
}
