// record: how an operation enters the tape, and accumulate_grad: how its backward hands gradients on.
#pragma once

#include <functional>
#include <initializer_list>
#include <span>
#include <vector>

#include <tinynn/autograd/node.hpp>

namespace tinynn::kernels {
struct SparsePattern;
}

namespace tinynn::autograd {

/// Called by every operation on its result: remembers how to go back to `inputs` if one of them needs a
/// gradient, and returns `output`. `op` must have static lifetime. The settings are what else it takes to run
/// the operation again; only an Observer sees them.
Tensor record(const Op& op, Tensor output, std::vector<Tensor> inputs, BackwardFunction backward,
              std::initializer_list<Setting> settings = {});

/// A handle on the place of x in the recorded computation, with its shape and without its numbers, which can
/// then be given back; x itself if no operation made it. This is what a BackwardFunction captures of a tensor
/// whose numbers it does not read.
Tensor place_of(const Tensor& x);

/// Adds `grad` to the gradient of `input`; does nothing if `input` needs none. The gradient of a masked
/// parameter is masked here, so that its meaning does not depend on the kernel that computed it; `is_masked`
/// says that the kernel has done it. Throws Error if the shapes differ.
void accumulate_grad(const Tensor& input, Tensor grad, bool is_masked = false);

/// Hands `input` the gradient that write(float*) writes, if it needs one.
template <class F>
void hand_on_grad(const Tensor& input, F write) {
  if (!input.requires_grad()) return;
  Tensor grad(input.shape());
  write(grad.mutable_data());
  accumulate_grad(input, std::move(grad));
}

/// The same as accumulate_grad for a weight of which `grad` holds the live elements alone, or all if `live`
/// is null.
void accumulate_packed_grad(const Tensor& parameter, std::shared_ptr<const kernels::SparsePattern> live,
                            Buffer grad);

/// Memory for a gradient that takes its elements one by one from grad_y's: that of grad_y, which has served,
/// if nothing else holds it; new memory otherwise. For use in a BackwardFunction, on its argument.
Tensor take_over(const Tensor& grad_y);

/// One run of an operation.
struct Call {
  const Op& op;
  const std::vector<Tensor>& inputs;
  const Tensor& output;
  std::span<const Attribute> attributes;
};

/// While one lives, `callback` is called on every operation that runs on this thread, recorded on the tape or
/// not. This is how a graph is read off a model: nothing about it is guessed.
class Observer {
 public:
  using Callback = std::function<void(const Call& call)>;
  explicit Observer(Callback callback);
  ~Observer();
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  const Callback callback;

 private:
  Observer* before_;
};

}  // namespace tinynn::autograd
