// Module: a layer or a network. It is an ordinary value that lists its members once; parameters, train and
// eval mode, saving, cloning and printing are visits to that list. Nothing is registered, so nothing dangles.
//
//   struct Net : nn::Module {
//     nn::Linear fc1{784, 300}, fc2{300, 10};
//     void members(nn::Visitor& v) override { v("fc1", fc1); v("fc2", fc2); }
//     Tensor forward(const Tensor& x) override { return fc2(relu(fc1(x))); }
//   };
//
// A listed Tensor is a buffer: a value that is saved and cloned but not trained, such as a running mean.
// Copying a module shares its parameters and buffers (they are handles); clone() makes independent ones.
#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <tinynn/autograd/no_grad.hpp>
#include <tinynn/autograd/parameter.hpp>
#include <tinynn/core/tensor.hpp>

namespace tinynn::nn {

class Module;

/// What Module::members hands its members to.
class Visitor {
 public:
  virtual ~Visitor() = default;
  virtual void operator()(const std::string& name, Parameter& parameter) = 0;
  virtual void operator()(const std::string& name, Tensor& buffer) = 0;
  virtual void operator()(const std::string& name, Module& module) = 0;
};

class Module {
 public:
  virtual ~Module() = default;

  /// Calls v(name, member) for every parameter, buffer and sub-module.
  virtual void members(Visitor&) {}
  /// Throws Error if x does not fit.
  virtual Tensor forward(const Tensor& x);
  /// For a module of several inputs or outputs, in place of forward(). By default forward() of the only
  /// input. Throws Error for another number of inputs.
  virtual std::vector<Tensor> forward_all(const std::vector<Tensor>& inputs);
  /// forward(x), seen by a CallObserver.
  Tensor operator()(const Tensor& x);
  /// forward_all(inputs), seen the same way with its first input and output.
  std::vector<Tensor> operator()(const std::vector<Tensor>& inputs);

  /// Every defined parameter once, in listing order, also those of sub-modules.
  std::vector<Parameter> parameters();
  /// The same with dotted names, as in PyTorch's state_dict: "fc1.weight".
  std::vector<std::pair<std::string, Parameter>> named_parameters();
  /// Every defined buffer once, with dotted names: "bn1.running_mean".
  std::vector<std::pair<std::string, Tensor>> named_buffers();

  /// Training mode for this module and those below; layers such as dropout behave differently in evaluation.
  void train(bool on = true);
  /// Makes all gradients undefined. torch.nn.Module.zero_grad.
  void zero_grad();
  /// This module and all those below, parents first.
  std::vector<Module*> modules();
  /// The same with dotted names; this module's own is empty.
  std::vector<std::pair<std::string, Module*>> named_modules();
  void eval() { train(false); }
  bool is_training() const { return training_; }

 protected:
  Module() = default;
  Module(const Module&) = default;
  Module& operator=(const Module&) = default;

 private:
  friend class KeepMode;
  bool training_ = true;
};

/// Remembers the mode, training or evaluation, of a module and those below, and restores it in the end.
class KeepMode {
 public:
  explicit KeepMode(Module& module);
  ~KeepMode();
  KeepMode(const KeepMode&) = delete;
  KeepMode& operator=(const KeepMode&) = delete;

 private:
  std::vector<std::pair<Module*, bool>> before_;
};

/// Evaluation mode without gradients, for a scope: the module's mode is what it was in the end.
class EvaluationScope {
 public:
  explicit EvaluationScope(Module& module) : mode_(module) { module.eval(); }

 private:
  NoGrad no_grad_;
  KeepMode mode_;
};

/// While one lives, it is called for every call of a module on this thread: how a summary learns which layer
/// an operation belongs to.
class CallObserver {
 public:
  using Begin = std::function<void(Module& module, const Tensor& x)>;
  using End = std::function<void(Module& module, const Tensor& y)>;
  CallObserver(Begin begin, End end);
  ~CallObserver();
  CallObserver(const CallObserver&) = delete;
  CallObserver& operator=(const CallObserver&) = delete;
  const Begin begin;
  const End end;

 private:
  CallObserver* before_;
};

namespace detail {
void unshare_members(Module& module, Module& original);
}

/// An independent copy: same values and masks, no shared parameter or buffer (tied ones stay tied to each
/// other), no gradients, not known to any optimizer. Throws Error for a module whose copy lists other
/// members, or one with a reparametrized parameter.
template <std::derived_from<Module> M>
M clone(M& module) {
  M copy(module);
  detail::unshare_members(copy, module);
  return copy;
}

}  // namespace tinynn::nn

namespace tinynn {
using nn::clone;
}
