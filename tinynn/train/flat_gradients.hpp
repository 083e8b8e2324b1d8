// FlatGradients: the gradients of a step as one list of numbers, whose order and length masks alone decide,
// so that it can be summed with those of others without a word about what is where.
#pragma once

#include <memory>
#include <vector>

#include <tinynn/nn/module.hpp>

namespace tinynn::kernels {
struct SparsePattern;
}

namespace tinynn::train {

/// First, for each parameter, how many shards gave it a gradient; then, for each, its live elements, or all
/// if it has no mask; then how far the buffers of the module have moved. Buckets are ranges of it, from the
/// end to the beginning, as gradients become complete.
class FlatGradients {
 public:
  /// Throws Error for a parameter that is listed twice, whose gradient would count twice.
  FlatGradients(const std::vector<Parameter>& parameters, nn::Module& module);

  int64_t size() const { return size_; }
  /// Parameters without gradients, buffers as they were.
  void reset();
  /// Writes what all parameters have, and share times the moves, into so many numbers, or adds it to them.
  enum class How { write, add };
  void pack(double share, float* to, How how = How::write) const;
  /// Gives all parameters and buffers what the numbers say.
  void unpack(const float* numbers);

  struct Bucket {
    int64_t begin, end;          // of the numbers
    size_t first, last;          // of the parameters in it
    bool has_counts, has_moves;  // the first numbers, and the last
  };
  /// Of about so many numbers or more each; none is empty.
  std::vector<Bucket> buckets(int64_t numbers) const;
  /// Writes, or adds, those of one bucket; `to` is where the first of all numbers is.
  void pack(const Bucket& bucket, double share, float* to, How how = How::write) const;

 private:
  struct Place {
    Parameter parameter;
    std::shared_ptr<const kernels::SparsePattern> live;
    int64_t begin, count;
  };
  struct Moved {
    Tensor buffer, before;
    int64_t begin;
  };
  std::vector<Place> places_;
  std::vector<Moved> buffers_;
  int64_t size_;
};

}  // namespace tinynn::train
