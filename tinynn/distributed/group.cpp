#include <algorithm>
#include <bit>
#include <cstdlib>
#include <limits>
#include <utility>
#include <vector>

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
}

Group::~Group() {
  if (starts_mpi_) MPI_Finalize();
}

void Group::abort(int exit_code) {
  MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::abort();
}

// In round k ranks that differ in bit k alone each add up one half of what they both have; when each has the
// sum of one part, the rounds backwards hand it on. So each element is summed along the same tree, and
// whichever rank does it adds the same two numbers.
template <class T>
class Group::Rounds : public train::Reduce::Sum {
 public:
  Rounds(Group& group, std::span<T> values, int tag)
      : group_(group), tag_(tag), part_(values), theirs_(values.size() / 2 + 1) {
    check(values.size() <= size_t{std::numeric_limits<int>::max()}, "Group: ", values.size(), " values");
    if (!std::has_single_bit(static_cast<unsigned>(group.ranks_)))
      throw train::AgreedError("Group: " + std::to_string(group.ranks_) +
                               " processes, expected a power of two");
    begin_round();
  }
  ~Rounds() override {
    if (!is_over_) wait();  // they write into what is here
  }
  void go_on() override {
    int is_done = 1;
    while (!is_over_ && is_done != 0) {
      MPI_Testall(static_cast<int>(requests_.size()), requests_.data(), &is_done, MPI_STATUSES_IGNORE);
      if (is_done != 0) end_round();
    }
  }
  void finish() override {
    while (!is_over_) {
      wait();
      end_round();
    }
  }

 private:
  using Part = std::span<T>;

  void wait() { MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE); }
  // In pieces that Open MPI sends at once over TCP: it would ask the partner before a longer message, and the
  // question and its answer would queue behind what flows the other way.
  void swap(int partner, Part send, Part receive) {
    requests_.clear();
    const auto each_piece = [](Part part, const auto& use) {
      const size_t piece = std::max(61440 / sizeof(T), part.size() / most_pieces + 1);
      for (; part.size() > piece; part = part.subspan(piece)) use(part.data(), static_cast<int>(piece));
      use(part.data(), static_cast<int>(part.size()));
    };
    each_piece(receive, [&](T* to, int count) {
      MPI_Irecv(to, count, type_of(T()), partner, tag_, MPI_COMM_WORLD, &requests_.emplace_back());
    });
    each_piece(send, [&](const T* from, int count) {
      MPI_Isend(from, count, type_of(T()), partner, tag_, MPI_COMM_WORLD, &requests_.emplace_back());
    });
    group_.bytes_sent_ += static_cast<int64_t>(send.size_bytes());
  }
  void begin_round() {
    if (step_ < group_.ranks_) {
      Part mine = part_.first(part_.size() / 2), other = part_.subspan(part_.size() / 2);
      if ((group_.rank_ & step_) != 0) std::swap(mine, other);
      rounds_.emplace_back(mine, other);
      swap(group_.rank_ ^ step_, other, std::span(theirs_).first(mine.size()));
    } else if (!rounds_.empty()) {
      const auto [mine, other] = rounds_.back();
      swap(group_.rank_ ^ (1 << (rounds_.size() - 1)), mine, other);
    } else {
      is_over_ = true;
    }
  }
  void end_round() {
    if (step_ < group_.ranks_) {
      part_ = rounds_.back().first;
      std::ranges::transform(part_, std::span(theirs_).first(part_.size()), part_.begin(), std::plus<>());
      step_ *= 2;
    } else {
      rounds_.pop_back();
    }
    begin_round();
  }

  Group& group_;
  int tag_, step_ = 1;
  bool is_over_ = false;
  Part part_;
  std::vector<T> theirs_;
  std::vector<std::pair<Part, Part>> rounds_;  // what was mine, and what was the partner's
  std::vector<MPI_Request> requests_;
  static constexpr size_t most_pieces = 64;
};

// Sums that go on at the same time must not take each other's messages.
int Group::next_tag() { return tag_ = (tag_ + 1) % 32768; }

std::unique_ptr<train::Reduce::Sum> Group::begin_sum(std::span<float> values) {
  return std::make_unique<Rounds<float>>(*this, values, next_tag());
}
void Group::sum(std::span<float> values) { Rounds<float>(*this, values, next_tag()).finish(); }
void Group::sum(std::span<double> values) { Rounds<double>(*this, values, next_tag()).finish(); }

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
