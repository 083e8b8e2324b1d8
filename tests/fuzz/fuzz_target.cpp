// libFuzzer's side of the table of formats: TINYNN_FUZZ_FORMAT says which one; tests/fuzz/run.sh runs them
// all. With TINYNN_FUZZ_SEEDS=FOLDER nothing is tried: a folder of seeds for each format is made there, and
// the list of formats, with the files of the readers.
#define DOCTEST_CONFIG_IMPLEMENT  // the random networks are of the tests
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include <doctest/doctest.h>

#include <tinynn/core/parallel.hpp>

#include "tests/fuzz/formats.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

const fuzz::Format& format() {
  static const test::TemporaryFolder folder;
  static const auto chosen = [] {
    const char* name = std::getenv("TINYNN_FUZZ_FORMAT");
    for (auto& candidate : fuzz::all_formats(folder.path())) {
      if (name != nullptr && candidate.name == name) return candidate;
    }
    std::fprintf(stderr, "TINYNN_FUZZ_FORMAT is none of tests/fuzz/formats.hpp\n");
    std::exit(2);
  }();
  return chosen;
}

void write_seeds(const std::filesystem::path& to) {
  const test::TemporaryFolder folder;
  fuzz::Bytes list;
  for (const auto& one : fuzz::all_formats(folder.path())) {
    std::filesystem::create_directories(to / one.name);
    for (size_t i = 0; i < one.files.size(); ++i) {
      fuzz::put(to / one.name / std::to_string(i), one.files[i]);
    }
    list += one.name + (one.has_words ? " yes " : " no ") + one.sources + "\n";
  }
  fuzz::put(to / "formats", list);
}

}  // namespace

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t most);

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  tinynn::set_num_threads(1);
  if (const char* folder = std::getenv("TINYNN_FUZZ_SEEDS"); folder != nullptr) {
    write_seeds(folder);
    std::exit(0);
  }
  (void)format();
  return 0;
}

// Libfuzzer's own damage, and every other time the table's, which knows what a format consists of.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most, unsigned seed) {
  if (seed % 2 == 0 || size == 0) return LLVMFuzzerMutate(data, size, most);
  test::Draw draw(seed);
  const auto& files = format().files;
  const auto& other = files[static_cast<size_t>(draw.between(0, std::ssize(files) - 1))];
  const fuzz::Bytes result =
      format().damage({reinterpret_cast<const char*>(data), size}, other, draw).substr(0, most);
  std::memcpy(data, result.data(), result.size());
  return result.size();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  bool accepted = false;
  const auto wrong = complaint(format(), {reinterpret_cast<const char*>(data), size}, accepted);
  if (wrong.empty()) return 0;
  std::fprintf(stderr, "%s: %s\n", format().name.c_str(), wrong.c_str());
  std::abort();
}
