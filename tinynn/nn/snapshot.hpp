// snapshot and restore: undo for a network. A snapshot is a copy of every value, gradient, mask and buffer of
// a module and of the moments that optimizers keep for its parameters; restore() brings them back byte for
// byte, also when parameters were pruned, regrown or cut meanwhile.
//
//   const Snapshot before = snapshot(net);
//   prune::l1_unstructured(net.fc1.weight, prune::fraction(0.9));
//   if (train::evaluate(net, test).accuracy < 0.97) restore(net, before);
//
// What belongs to no parameter is not in it: learning rates, an optimizer's count of steps (Adam's bias
// correction goes on), the random generator and the data loader's epoch.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <tinynn/core/state.hpp>
#include <tinynn/nn/module.hpp>

namespace tinynn::nn {

struct Snapshot {
  struct Entry {
    Parameter parameter;  // the live one, not a copy
    Tensor value, grad;
    Mask mask;
    std::vector<std::pair<std::weak_ptr<autograd::Moments>, autograd::Moments>> moments;  // live one, copy
  };
  std::vector<Entry> parameters;  // in listing order, as are the buffers
  std::vector<Tensor> buffers;
};

Snapshot snapshot(Module& module);

/// Makes values, gradients, masks, buffers and moments what they were, shapes included. The moments of
/// optimizers that came later become zero. A snapshot can be restored any number of times.
/// Throws Error, and changes nothing, if the module's parameters are not those of which it was taken or
/// one is reparametrized.
void restore(Module& module, const Snapshot& snapshot);

/// Undoes in the end what a scope did to a module, unless keep() was called. It asks for no memory then, for
/// that may be what has failed.
class Undo {
 public:
  explicit Undo(Module& module);
  ~Undo();
  Undo(const Undo&) = delete;
  Undo& operator=(const Undo&) = delete;

  void keep() { kept_ = true; }
  const Snapshot& before() const { return before_; }

 private:
  Snapshot before_;
  std::vector<Tensor> buffers_;  // the live ones
  bool kept_ = false;
};

/// Values, masks and buffers of a module, whose parameters may be reparametrized: those keep their shape.
/// Gradients are not among them, for a step begins without, nor are moments, which are the optimizer's.
void module_state(StateVisitor& visit, Module& module);
/// What a snapshot of the module holds, but for gradients; the module and its optimizers are there already.
void snapshot_state(StateVisitor& visit, Module& module, Snapshot& snapshot);

}  // namespace tinynn::nn

namespace tinynn {
using nn::restore;
using nn::Snapshot;
using nn::snapshot;
}  // namespace tinynn
