#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <string_view>

#include <tinynn/cli/ranks.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/core/version.hpp>
#include <tinynn/kernels/gemm.hpp>
#include <tinynn/kernels/simd/isa.hpp>
#include <tinynn/recipe/run.hpp>
#ifdef TINYNN_HAS_MPI
#include <tinynn/distributed/group.hpp>
#endif

namespace tinynn::cli {
namespace {

// What Open MPI, or MPICH, tells a process that it starts; -1 if nobody did.
int64_t number_of(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* text = std::getenv(name);
    int64_t number = -1;
    if (text == nullptr) continue;
    std::from_chars(text, text + std::string_view(text).size(), number);
    if (number >= 0) return number;
  }
  return -1;
}

int64_t size_by_mpirun() { return number_of({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}); }

#ifdef TINYNN_HAS_MPI
std::unique_ptr<distributed::Group> group;
#endif

}  // namespace

bool is_under_mpirun() { return size_by_mpirun() > 0; }
int64_t rank_by_mpirun() { return std::max<int64_t>(0, number_of({"OMPI_COMM_WORLD_RANK", "PMI_RANK"})); }

void share_ranks(const std::string& usage_error) {
#ifdef TINYNN_HAS_MPI
  if (!is_under_mpirun() || group) return;
  group = std::make_unique<distributed::Group>();
  const bool names_rank = !usage_error.empty() && group->rank() > 0;
  const std::string first =
      group->first_of((names_rank ? "rank " + std::to_string(group->rank()) + ": " : "") + usage_error);
  if (!first.empty()) throw UsageError(first);
#else
  check(size_by_mpirun() <= 1, "mpirun started ", size_by_mpirun(),
        " processes, but this tinynn was built without MPI: install libopenmpi-dev and openmpi-bin and build "
        "it again");
  (void)usage_error;
#endif
}

train::Reduce& ranks() {
  static train::Reduce alone;
#ifdef TINYNN_HAS_MPI
  if (group) return *group;
#endif
  return alone;
}

int64_t bytes_sent() {
#ifdef TINYNN_HAS_MPI
  if (group) return group->bytes_sent();
#endif
  return 0;
}

void leave_ranks(int exit_code, bool agreed) {
#ifdef TINYNN_HAS_MPI
  if (group && exit_code != 0 && !agreed) distributed::Group::abort(exit_code);
  group.reset();
#else
  (void)exit_code, (void)agreed;
#endif
}

void require_alike_options(const std::string& options) {
  std::string blas = kernels::blas_name();
  std::ranges::replace(blas, ' ', '-');
  const std::string here =
      options + " version=" + version() + " instructions=" + kernels::isa() + " blas=" + blas;
  const std::string difference = recipe::first_difference(here, ranks().first_of(here));
  const std::string error = ranks().first_of(difference.empty() ? ""
                                                                : "rank " + std::to_string(ranks().rank()) +
                                                                      " has " + difference + ", as rank 0");
  if (!error.empty()) throw train::AgreedError(error);
}

void require_alike(const std::string& text, const std::string& message) {
  uint32_t digest = 2166136261U;  // FNV-1a
  for (const char c : text) digest = (digest ^ static_cast<uint8_t>(c)) * 16777619U;
  ranks().require_alike(std::array{static_cast<double>(digest)}, [&](size_t) { return message; });
}

Output of_this_rank(Output output) {
  if (ranks().rank() == 0) return output;
  Output nowhere;
  nowhere.checkpoint = output.checkpoint;  // which it reads
  nowhere.quiet = true;
  return nowhere;
}

int64_t threads_of_rank() {
  const int64_t here = std::max<int64_t>(1, number_of({"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"}));
  return std::max<int64_t>(1, num_threads() / here);
}

}  // namespace tinynn::cli
