#include <atomic>
#ifdef TINYNN_X86_64_ISAS
#include <cpuid.h>
#endif

#include <tinynn/core/error.hpp>
#include <tinynn/core/fork.hpp>
#include <tinynn/kernels/simd/isa.hpp>

namespace tinynn::kernels {
namespace simd {

namespace baseline {
extern const Table table;
extern const ByteTable byte_table;
}  // namespace baseline
#ifdef TINYNN_X86_64_ISAS
namespace x86_64_v3 {
extern const Table table;
extern const ByteTable byte_table;
}  // namespace x86_64_v3
namespace x86_64_v3_vnni {
extern const ByteTable byte_table;
}
namespace x86_64_v4 {
extern const Table table;
extern const ByteTable byte_table;
}  // namespace x86_64_v4
namespace x86_64_v4_vnni {
extern const ByteTable byte_table;
}
#endif

namespace {

struct Tables {
  const Table* floats;
  std::vector<const ByteTable*> bytes;  // the fastest last
};

#ifdef TINYNN_X86_64_ISAS
// GCC 12 and clang 14 do not agree on a name for it.
bool has_avx_vnni() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a >> 4 & 1U) != 0;
}
#endif

std::vector<Tables> available() {
  std::vector<Tables> tables{{&baseline::table, {&baseline::byte_table}}};
#ifdef TINYNN_X86_64_ISAS
  __builtin_cpu_init();
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                  __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
  if (v3) tables.push_back({&x86_64_v3::table, {&x86_64_v3::byte_table}});
  if (v3 && has_avx_vnni()) tables.back().bytes.push_back(&x86_64_v3_vnni::byte_table);
  if (v4) tables.push_back({&x86_64_v4::table, {&x86_64_v4::byte_table}});
  if (v4 && __builtin_cpu_supports("avx512vnni")) tables.back().bytes.push_back(&x86_64_v4_vnni::byte_table);
#endif
  return tables;
}

const std::vector<Tables>& known() {
  static const std::vector<Tables> tables = available();
  return tables;
}
std::atomic<const Tables*>& chosen() {
  static std::atomic<const Tables*> tables{&known().back()};
  return tables;
}
const tinynn::detail::MadeBeforeMain choice_is_made(chosen);

}  // namespace

const Table& table() { return *chosen().load()->floats; }
const ByteTable& byte_table() { return *chosen().load()->bytes.back(); }

std::vector<const ByteTable*> byte_tables() {
  std::vector<const ByteTable*> all;
  for (const Tables& tables : known()) all.insert(all.end(), tables.bytes.begin(), tables.bytes.end());
  return all;
}

}  // namespace simd

std::vector<std::string> isas() {
  std::vector<std::string> names;
  for (const simd::Tables& tables : simd::known()) names.emplace_back(tables.floats->name);
  return names;
}

std::string isa() { return simd::table().name; }

void set_isa(const std::string& name) {
  std::string known;
  for (const simd::Tables& tables : simd::known()) {
    if (name == tables.floats->name) {
      simd::chosen() = &tables;
      return;
    }
    known += (known.empty() ? "" : ", ") + std::string(tables.floats->name);
  }
  throw Error("set_isa: no instruction set " + name + " here, expected one of " + known);
}

}  // namespace tinynn::kernels
