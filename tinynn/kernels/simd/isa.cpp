#include <atomic>

#include <tinynn/core/error.hpp>
#include <tinynn/core/fork.hpp>
#include <tinynn/kernels/simd/isa.hpp>

namespace tinynn::kernels {
namespace simd {

namespace baseline {
extern const Table table;
}
#ifdef TINYNN_X86_64_ISAS
namespace x86_64_v3 {
extern const Table table;
}
namespace x86_64_v4 {
extern const Table table;
}
#endif

namespace {

std::vector<const Table*> available() {
  std::vector<const Table*> tables{&baseline::table};
#ifdef TINYNN_X86_64_ISAS
  __builtin_cpu_init();
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                  __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
  if (v3) tables.push_back(&x86_64_v3::table);
  if (v4) tables.push_back(&x86_64_v4::table);
#endif
  return tables;
}

std::atomic<const Table*>& chosen() {
  static std::atomic<const Table*> table{available().back()};
  return table;
}
const tinynn::detail::MadeBeforeMain choice_is_made(chosen);

}  // namespace

const Table& table() { return *chosen(); }

}  // namespace simd

std::vector<std::string> isas() {
  std::vector<std::string> names;
  for (const simd::Table* table : simd::available()) names.emplace_back(table->name);
  return names;
}

std::string isa() { return simd::table().name; }

void set_isa(const std::string& name) {
  std::string known;
  for (const simd::Table* table : simd::available()) {
    if (name == table->name) {
      simd::chosen() = table;
      return;
    }
    known += (known.empty() ? "" : ", ") + std::string(table->name);
  }
  throw Error("set_isa: no instruction set " + name + " here, expected one of " + known);
}

}  // namespace tinynn::kernels
