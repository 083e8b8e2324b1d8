#include <algorithm>
#include <map>
#include <type_traits>

#include <tinynn/core/error.hpp>
#include <tinynn/nn/module.hpp>

namespace tinynn::nn {
namespace {

// Calls f(dotted name, member) for every listed member of type T (Parameter, Tensor for buffers, or Module),
// defined or not, shared ones each time; parents come first.
template <class T, class F>
class MemberVisitor final : public Visitor {
 public:
  MemberVisitor(std::string prefix, F& f) : prefix_(std::move(prefix)), f_(f) {}
  void operator()(const std::string& name, Parameter& parameter) override { see(name, parameter); }
  void operator()(const std::string& name, Tensor& buffer) override { see(name, buffer); }
  void operator()(const std::string& name, Module& module) override {
    see(name, module);
    MemberVisitor below(prefix_ + name + ".", f_);
    module.members(below);
  }

 private:
  template <class M>
  void see(const std::string& name, M& member) {
    if constexpr (std::is_same_v<M, T>) f_(prefix_ + name, member);
  }

  std::string prefix_;
  F& f_;
};

template <class T, class F>
void for_each(Module& module, F f) {
  MemberVisitor<T, F> visitor("", f);
  module.members(visitor);
}

template <class T>
std::vector<std::pair<std::string, T>> named(Module& module) {
  std::vector<std::pair<std::string, T>> result;
  for_each<T>(module, [&](const std::string& name, T& member) {
    const bool seen = std::ranges::any_of(
        result, [&](const auto& entry) { return entry.second.handle() == member.handle(); });
    if (member.defined() && !seen) result.emplace_back(name, member);
  });
  return result;
}

template <class T>
std::vector<T> without_names(const std::vector<std::pair<std::string, T>>& named) {
  std::vector<T> result;
  for (const auto& entry : named) result.push_back(entry.second);
  return result;
}

Parameter copy_of(const Parameter& original) {
  original.require_hardened("clone");
  Parameter copy(original.detach());  // of the values: Parameter(parameter) is one more handle
  copy.set_requires_grad(original.requires_grad());
  if (original.mask().defined()) copy.set_mask(original.mask());
  return copy;
}

Tensor copy_of(const Tensor& original) { return original.clone(); }

template <class T>
void unshare(Module& module, Module& original, const char* kind) {
  std::vector<T*> mine, theirs;
  for_each<T>(module, [&](const std::string&, T& member) { mine.push_back(&member); });
  for_each<T>(original, [&](const std::string&, T& member) { theirs.push_back(&member); });
  check(mine.size() == theirs.size(), "clone: the copy lists ", mine.size(), " ", kind, ", the original ",
        theirs.size());
  std::map<const void*, T> copies;  // by the original's identity, so that tied ones stay tied
  for (size_t i = 0; i < mine.size(); ++i) {
    check(mine[i] != theirs[i], "clone: a member is shared by pointer and cannot be copied");
    if (!theirs[i]->defined()) continue;
    T& copy = copies[theirs[i]->handle().get()];
    if (!copy.defined()) copy = copy_of(*theirs[i]);
    *mine[i] = copy;
  }
}

thread_local CallObserver* call_observer = nullptr;

}  // namespace

Tensor Module::forward(const Tensor& /*x*/) {
  fail("module: it has no forward for a single tensor; call it with a list, net({a, b})");
}

std::vector<Tensor> Module::forward_all(const std::vector<Tensor>& inputs) {
  check(inputs.size() == 1, "module: ", inputs.size(), " inputs, expected 1");
  return {forward(inputs[0])};
}

std::vector<Tensor> Module::operator()(const std::vector<Tensor>& inputs) {
  const CallObserver* observer = call_observer;
  if (observer == nullptr || inputs.empty()) return forward_all(inputs);
  observer->begin(*this, inputs[0]);
  std::vector<Tensor> outputs = forward_all(inputs);
  observer->end(*this, outputs.at(0));
  return outputs;
}

Tensor Module::operator()(const Tensor& x) {
  const CallObserver* observer = call_observer;
  if (observer == nullptr) return forward(x);
  observer->begin(*this, x);
  Tensor y = forward(x);
  observer->end(*this, y);
  return y;
}

CallObserver::CallObserver(Begin b, End e)
    : begin(std::move(b)), end(std::move(e)), before_(std::exchange(call_observer, this)) {}
CallObserver::~CallObserver() { call_observer = before_; }

std::vector<std::pair<std::string, Parameter>> Module::named_parameters() { return named<Parameter>(*this); }
std::vector<std::pair<std::string, Tensor>> Module::named_buffers() { return named<Tensor>(*this); }

std::vector<std::pair<std::string, Module*>> Module::named_modules() {
  std::vector<std::pair<std::string, Module*>> result{{"", this}};
  for_each<Module>(*this,
                   [&](const std::string& name, Module& module) { result.emplace_back(name, &module); });
  return result;
}

std::vector<Parameter> Module::parameters() { return without_names(named_parameters()); }
std::vector<Module*> Module::modules() { return without_names(named_modules()); }

void Module::zero_grad() {
  for (Parameter& parameter : parameters()) parameter.zero_grad();
}

void Module::train(bool on) {
  for (Module* module : modules()) module->training_ = on;
}

KeepMode::KeepMode(Module& module) {
  for (Module* below : module.modules()) before_.emplace_back(below, below->training_);
}

KeepMode::~KeepMode() {
  for (const auto& [module, training] : before_) module->training_ = training;
}

void detail::unshare_members(Module& module, Module& original) {
  unshare<Parameter>(module, original, "parameters");
  unshare<Tensor>(module, original, "buffers");
}

}  // namespace tinynn::nn
