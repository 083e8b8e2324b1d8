// Feeds files to the reader of every format: those that the table has, those that once were read wrong
// (crashes/FORMAT/), and damaged ones. Each has to be read, or refused with an Error of one line, in bounded
// memory. tinynn_hostile_files CASES [SEED [FORMAT]] tries that many damaged ones of each format; one that
// fails, and with FORMAT the one that is being read, is left in hostile_file. To be built with a sanitizer:
// preset asan.
#define DOCTEST_CONFIG_IMPLEMENT  // the random networks are of the tests
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <doctest/doctest.h>

#include <tinynn/core/parallel.hpp>

#include "tests/fuzz/formats.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

// The files that are kept for this format, and whether each is taken as it has to be.
bool holds_for_crashes(const fuzz::Format& format) {
  const auto folder = std::filesystem::path(TINYNN_SOURCE_DIR) / "tests/fuzz/crashes" / format.name;
  std::error_code none;
  bool accepted = false;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
    const std::string wrong = complaint(format, fuzz::content(entry.path()), accepted);
    if (wrong.empty()) continue;
    std::printf("FAILED: %s: %s\n", entry.path().c_str(), wrong.c_str());
    return false;
  }
  return true;
}

bool holds(const fuzz::Format& format, int64_t cases, uint64_t seed, bool keep) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const auto seconds = [](Clock::duration d) { return std::chrono::duration<double>(d).count(); };
  int64_t accepted = 0;
  double slowest = 0;
  bool is_accepted = false;
  for (const fuzz::Bytes& file : format.files) {
    const std::string wrong = complaint(format, file, is_accepted);
    if (!wrong.empty()) return std::printf("%s, undamaged: %s\n", format.name.c_str(), wrong.c_str()), false;
    if (is_accepted) continue;
    const std::string why = fuzz::error_of([&] { format.read(file); });
    return std::printf("%s: an undamaged file is refused: %s\n", format.name.c_str(), why.c_str()), false;
  }
  for (int64_t i = 0; i < cases; ++i) {
    test::Draw draw(seed * 1'000'000'007 + static_cast<uint64_t>(i));
    const auto pick = [&] { return static_cast<size_t>(draw.between(0, std::ssize(format.files) - 1)); };
    const size_t a = pick(), b = pick();
    const fuzz::Bytes file = format.damage(format.files[a], format.files[b], draw);
    // On disk before it is read, for after a crash there is no time.
    if (keep) std::ofstream("hostile_file", std::ios::binary) << file;
    const auto began = Clock::now();
    const std::string wrong = complaint(format, file, is_accepted);
    accepted += int{is_accepted};
    slowest = std::max(slowest, seconds(Clock::now() - began));
    if (wrong.empty()) continue;
    std::ofstream("hostile_file", std::ios::binary) << file;
    std::printf("FAILED: %s, case %lld: %s\n", format.name.c_str(), static_cast<long long>(i), wrong.c_str());
    return false;
  }
  std::printf("%s: %lld damaged files, %lld of them read, %.1f s, the slowest %.3f s\n", format.name.c_str(),
              static_cast<long long>(cases), static_cast<long long>(accepted), seconds(Clock::now() - start),
              slowest);
  return cases == 0 || accepted > 0;  // or the damage is such that nothing gets past the first check
}

}  // namespace

int main(int count, char** arguments) {
  const int64_t cases = count > 1 ? std::atoll(arguments[1]) : 1000;
  const uint64_t seed = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 1;
  const std::string only = count > 3 ? arguments[3] : "";
  const test::TemporaryFolder folder;
  const auto formats = fuzz::all_formats(folder.path());
  tinynn::set_num_threads(1);
  bool good = true;
  for (const auto& format : formats) {
    if (!only.empty() && format.name != only) continue;
    good &= holds_for_crashes(format) && holds(format, cases, seed, !only.empty());
    std::fflush(stdout);
  }
  return good ? 0 : 1;
}
