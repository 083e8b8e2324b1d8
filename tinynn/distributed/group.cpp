#include <algorithm>
#include <bit>
#include <cstdlib>
#include <limits>
#include <utility>

#include <mpi.h>

#include <tinynn/core/error.hpp>
#include <tinynn/distributed/group.hpp>

namespace tinynn::distributed {
namespace {

MPI_Datatype type_of(float) { return MPI_FLOAT; }
MPI_Datatype type_of(double) { return MPI_DOUBLE; }

}  // namespace

Group::Group() {
  int started = 0, ended = 0;
  MPI_Initialized(&started);
  MPI_Finalized(&ended);
  check(ended == 0, "Group: MPI was ended already, and cannot be started again");
  starts_mpi_ = started == 0;
  if (starts_mpi_) {
    int provided = 0;  // one thread alone calls it
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
  }
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks_);
  check(std::has_single_bit(static_cast<unsigned>(ranks_)), "Group: ", ranks_,
        " processes, expected a power of two");
}

Group::~Group() {
  if (starts_mpi_) MPI_Finalize();
}

void Group::abort(int exit_code) {
  MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::abort();
}

void Group::sum(std::span<float> values) { sum_of(values); }
void Group::sum(std::span<double> values) { sum_of(values); }

// In round k ranks that differ in bit k alone each add up one half of what they both have; when each has the
// sum of one part, the rounds backwards hand it on. So each element is summed along the same tree, and
// whichever rank does it adds the same two numbers.
template <class T>
void Group::sum_of(std::span<T> values) {
  check(values.size() <= size_t{std::numeric_limits<int>::max()}, "Group: ", values.size(), " values");
  using Part = std::span<T>;
  const auto swap = [&](int partner, Part send, Part receive) {
    MPI_Sendrecv(send.data(), static_cast<int>(send.size()), type_of(T()), partner, 0, receive.data(),
                 static_cast<int>(receive.size()), type_of(T()), partner, 0, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
    bytes_sent_ += static_cast<int64_t>(send.size_bytes());
  };
  std::vector<std::pair<Part, Part>> rounds;  // mine, and that of the partner
  std::vector<T> theirs(values.size() / 2 + 1);
  Part part = values;
  for (int step = 1; step < ranks_; step *= 2) {
    Part mine = part.first(part.size() / 2), other = part.subspan(part.size() / 2);
    if ((rank_ & step) != 0) std::swap(mine, other);
    const Part received = std::span(theirs).first(mine.size());
    swap(rank_ ^ step, other, received);
    std::ranges::transform(mine, received, mine.begin(), std::plus<>());
    rounds.emplace_back(mine, other);
    part = mine;
  }
  for (int step = ranks_ / 2; step > 0; step /= 2) {
    const auto [mine, other] = rounds.back();
    rounds.pop_back();
    swap(rank_ ^ step, mine, other);
  }
}

std::string Group::first_of(const std::string& text) {
  const int own = text.empty() ? ranks_ : rank_;
  int first = 0;
  MPI_Allreduce(&own, &first, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
  if (first == ranks_) return "";
  std::string result = text.substr(0, 1 << 20);
  auto size = static_cast<int>(result.size());
  MPI_Bcast(&size, 1, MPI_INT, first, MPI_COMM_WORLD);
  result.resize(static_cast<size_t>(size));
  MPI_Bcast(result.data(), size, MPI_CHAR, first, MPI_COMM_WORLD);
  return result;
}

}  // namespace tinynn::distributed
