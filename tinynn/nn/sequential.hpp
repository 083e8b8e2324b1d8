// Sequential: modules one after the other, named "0", "1", ... torch.nn.Sequential.
//
//   nn::Sequential net{nn::Linear(784, 300), nn::ReLU(), nn::Linear(300, 10)};
#pragma once

#include <memory>
#include <vector>

#include <tinynn/nn/module.hpp>

namespace tinynn::nn {

class Sequential : public Module {
 public:
  /// Takes the modules over by value.
  template <std::derived_from<Module>... M>
  explicit Sequential(M... modules) {
    (add(std::move(modules)), ...);
  }

  template <std::derived_from<Module> M>
  void add(M module) {
    modules_.push_back(
        {std::make_unique<M>(std::move(module)), [](const Module& m) -> std::unique_ptr<Module> {
           return std::make_unique<M>(static_cast<const M&>(m));
         }});
  }

  int64_t size() const { return static_cast<int64_t>(modules_.size()); }
  /// Throws Error if there is no module `i`.
  Module& operator[](int64_t i) const;

  void members(Visitor& v) override;
  Tensor forward(const Tensor& x) override;

 private:
  // A module of any type that is copied with its holder, as a member of a struct would be.
  struct Holder {
    std::unique_ptr<Module> module;
    std::unique_ptr<Module> (*copy)(const Module&);

    Holder(std::unique_ptr<Module> m, std::unique_ptr<Module> (*c)(const Module&))
        : module(std::move(m)), copy(c) {}
    Holder(const Holder& other) : module(other.copy(*other.module)), copy(other.copy) {}
    Holder(Holder&&) = default;
    Holder& operator=(Holder other) {
      module = std::move(other.module);
      copy = other.copy;
      return *this;
    }
    ~Holder() = default;
  };

  std::vector<Holder> modules_;
};

}  // namespace tinynn::nn
