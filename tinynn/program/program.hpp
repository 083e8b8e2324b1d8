// Program: a trained network for use and nothing else. Its steps are fixed when it is made: weights are laid
// out as the kernels read them, sparse ones as sparse kernels do, and all memory that a call needs is known.
// Images go through one by one, so that what lies between two layers stays in the cache; the linear layers
// behind them take 64 samples at a time. A plan in eight bits (export/quantize.hpp) runs in whole numbers, to
// the bit as its exported header does.
//
//   const deploy::Program digits = deploy::compile(net, images);
//   Tensor logits = digits(images);
#pragma once

#include <memory>

#include <tinynn/program/plan.hpp>

namespace tinynn::deploy {

class Program {
 public:
  explicit Program(Plan plan);

  const Plan& plan() const;
  /// Of one sample, without the dimension that counts samples.
  const Shape& input_shape() const;
  const Shape& output_shape() const;

  /// y (samples, output_shape) of x (samples, input_shape). May be called from several threads at a time; a
  /// call allocates nothing once as many calls as run side by side have been made.
  void run(int64_t samples, const float* x, float* y) const;
  /// The same on the calling thread alone: the seconds that each step of the plan took, and, last, what moves
  /// numbers in and out of blocks. A step that another does with its own took none.
  std::vector<double> run_timed(int64_t samples, const float* x, float* y) const;
  /// The same for a batch. Throws Error for x of another shape.
  Tensor operator()(const Tensor& x) const;

 private:
  class Body;
  std::shared_ptr<const Body> body_;
};

}  // namespace tinynn::deploy
