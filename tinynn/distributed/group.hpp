// Group: the processes that `mpirun -n N` started, for a training that they share. It needs MPI: target
// tinynn::mpi.
//
//   distributed::Group group;
//   train::Run run(net, sgd, loader, {.epochs = 3, .shards = 8, .reduce = &group});
//   while (run.advance()) {}   // the same bytes on every rank, and for any number of ranks
#pragma once

#include <tinynn/train/reduce.hpp>

namespace tinynn::distributed {

class Group : public train::Reduce {
 public:
  /// All processes (MPI_COMM_WORLD). Starts MPI if nobody has, and then ends it in the destructor. Throws
  /// Error if MPI was ended already. What MPI itself finds wrong, a rank that is gone for example, ends all
  /// processes with its message.
  Group();
  ~Group() override;
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  int64_t rank() const override { return rank_; }
  int64_t ranks() const override { return ranks_; }
  /// Every rank sums one part of the values, and all get the parts: 2 (N - 1) / N times their bytes are sent.
  /// Sums throw AgreedError if the ranks are not a power of two.
  void sum(std::span<float> values) override;
  void sum(std::span<double> values) override;
  std::unique_ptr<Sum> begin_sum(std::span<float> values) override;
  std::string first_of(const std::string& text) override;
  /// Bytes of values that this rank has sent.
  int64_t bytes_sent() const { return bytes_sent_; }
  /// Ends all processes at once with this exit code.
  [[noreturn]] static void abort(int exit_code);

 private:
  template <class T>
  class Rounds;
  int next_tag();

  bool starts_mpi_ = false;
  int rank_ = 0, ranks_ = 1, tag_ = 0;
  int64_t bytes_sent_ = 0;
};

}  // namespace tinynn::distributed
