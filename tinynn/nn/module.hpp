// Module: a layer or a network. It is an ordinary value that lists its members once; parameters, train and
// eval mode, saving, cloning and printing are visits to that list. Nothing is registered, so nothing dangles.
//
//   struct Net : nn::Module {
//     nn::Linear fc1{784, 300}, fc2{300, 10};
//     void members(nn::Visitor& v) override { v("fc1", fc1); v("fc2", fc2); }
//     Tensor forward(const Tensor& x) override { return fc2(relu(fc1(x))); }
//   };
//
// Copying a module shares its parameters (a Parameter is a handle); clone() makes independent ones.
#pragma once

#include <concepts>
#include <string>
#include <utility>
#include <vector>

#include <tinynn/autograd/parameter.hpp>
#include <tinynn/core/tensor.hpp>

namespace tinynn::nn {

class Module;

/// What Module::members hands its members to.
class Visitor {
 public:
  virtual ~Visitor() = default;
  virtual void operator()(const std::string& name, Parameter& parameter) = 0;
  virtual void operator()(const std::string& name, Module& module) = 0;
};

class Module {
 public:
  virtual ~Module() = default;

  /// Calls v(name, member) for every parameter and sub-module.
  virtual void members(Visitor&) {}
  /// Throws Error if x does not fit.
  virtual Tensor forward(const Tensor& x) = 0;
  Tensor operator()(const Tensor& x) { return forward(x); }

  /// Every defined parameter once, in listing order, also those of sub-modules.
  std::vector<Parameter> parameters();
  /// The same with dotted names, as in PyTorch's state_dict: "fc1.weight".
  std::vector<std::pair<std::string, Parameter>> named_parameters();

  /// Training mode for this module and those below; layers such as dropout behave differently in evaluation.
  void train(bool on = true);
  /// This module and all those below, parents first.
  std::vector<Module*> modules();
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

namespace detail {
void unshare_parameters(Module& module, Module& original);
}

/// An independent copy: same values and masks, no shared parameter (tied ones stay tied to each other), no
/// gradients, not known to any optimizer. Throws Error for a module whose copy lists other members.
template <std::derived_from<Module> M>
M clone(M& module) {
  M copy(module);
  detail::unshare_parameters(copy, module);
  return copy;
}

}  // namespace tinynn::nn

namespace tinynn {
using nn::clone;
}
