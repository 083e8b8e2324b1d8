#include <algorithm>
#include <map>

#include <tinynn/core/error.hpp>
#include <tinynn/nn/module.hpp>

namespace tinynn::nn {
namespace {

// Calls f(dotted name, parameter) for every listed parameter, defined or not, tied ones each time.
template <class F>
class ParameterVisitor final : public Visitor {
 public:
  ParameterVisitor(std::string prefix, F& f) : prefix_(std::move(prefix)), f_(f) {}
  void operator()(const std::string& name, Parameter& parameter) override { f_(prefix_ + name, parameter); }
  void operator()(const std::string& name, Module& module) override {
    ParameterVisitor below(prefix_ + name + ".", f_);
    module.members(below);
  }

 private:
  std::string prefix_;
  F& f_;
};

template <class F>
void for_each_parameter(Module& module, F f) {
  ParameterVisitor<F> visitor("", f);
  module.members(visitor);
}

class ModuleVisitor final : public Visitor {
 public:
  explicit ModuleVisitor(std::vector<Module*>& modules) : modules_(modules) {}
  void operator()(const std::string&, Parameter&) override {}
  void operator()(const std::string&, Module& module) override {
    modules_.push_back(&module);
    module.members(*this);
  }

 private:
  std::vector<Module*>& modules_;
};

}  // namespace

std::vector<std::pair<std::string, Parameter>> Module::named_parameters() {
  std::vector<std::pair<std::string, Parameter>> result;
  for_each_parameter(*this, [&](const std::string& name, Parameter& parameter) {
    const bool seen = std::ranges::any_of(
        result, [&](const auto& entry) { return entry.second.handle() == parameter.handle(); });
    if (parameter.defined() && !seen) result.emplace_back(name, parameter);
  });
  return result;
}

std::vector<Parameter> Module::parameters() {
  std::vector<Parameter> result;
  for (auto& entry : named_parameters()) result.push_back(std::move(entry.second));
  return result;
}

std::vector<Module*> Module::modules() {
  std::vector<Module*> result{this};
  ModuleVisitor visitor(result);
  members(visitor);
  return result;
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

void detail::unshare_parameters(Module& module, Module& original) {
  std::vector<Parameter*> mine, theirs;
  for_each_parameter(module, [&](const std::string&, Parameter& parameter) { mine.push_back(&parameter); });
  for_each_parameter(original,
                     [&](const std::string&, Parameter& parameter) { theirs.push_back(&parameter); });
  check(mine.size() == theirs.size(), "clone: the copy lists ", mine.size(), " parameters, the original ",
        theirs.size());
  std::map<const void*, Parameter> copies;  // by the original's identity, so that tied parameters stay tied
  for (size_t i = 0; i < mine.size(); ++i) {
    check(mine[i] != theirs[i], "clone: a member is shared by pointer and cannot be copied");
    if (!theirs[i]->defined()) continue;
    Parameter& copy = copies[theirs[i]->handle().get()];
    if (!copy.defined()) {
      copy = Parameter(theirs[i]->detach());  // of the values: Parameter(parameter) is one more handle
      copy.set_requires_grad(theirs[i]->requires_grad());
      if (theirs[i]->mask().defined()) copy.set_mask(theirs[i]->mask());
    }
    *mine[i] = copy;
  }
}

}  // namespace tinynn::nn
