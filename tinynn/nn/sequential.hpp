// Sequential: modules one after the other, named "0", "1", ..., or as one likes. torch.nn.Sequential.
//
//   nn::Sequential net{nn::Linear(784, 300), nn::ReLU(), nn::Linear(300, 10)};
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tinynn/core/error.hpp>
#include <tinynn/nn/module.hpp>

namespace tinynn::nn {

class Sequential : public Module {
 public:
  /// A module of any type that is copied with its holder, as a member of a struct would be.
  class Entry {
   public:
    template <std::derived_from<Module> M>
    explicit Entry(M module)
        : module_(std::make_unique<M>(std::move(module))),
          copy_([](const Module& m) -> std::unique_ptr<Module> {
            return std::make_unique<M>(static_cast<const M&>(m));
          }) {}
    Entry(const Entry& other) : module_(other.copy_(*other.module_)), copy_(other.copy_) {}
    Entry(Entry&&) = default;
    Entry& operator=(Entry other) {
      module_ = std::move(other.module_);
      copy_ = other.copy_;
      return *this;
    }
    ~Entry() = default;

    Module& operator*() const { return *module_; }

   private:
    std::unique_ptr<Module> module_;
    std::unique_ptr<Module> (*copy_)(const Module&);
  };

  /// Takes the modules over by value.
  template <std::derived_from<Module>... M>
  explicit Sequential(M... modules) {
    (add(std::move(modules)), ...);
  }

  template <std::derived_from<Module> M>
  void add(M module) {
    add(Entry(std::move(module)));
  }

  /// Under its number, or a name.
  void add(Entry entry, const std::string& name = "") {
    names_.push_back(name.empty() ? std::to_string(size()) : name);
    entries_.push_back(std::move(entry));
  }

  int64_t size() const { return static_cast<int64_t>(entries_.size()); }
  /// Throws Error if there is no module `i`.
  Module& operator[](int64_t i) const {
    check(i >= 0 && i < size(), "Sequential: no module ", i, " among ", size());
    return *entries_[static_cast<size_t>(i)];
  }
  const std::string& name(int64_t i) const { return names_.at(static_cast<size_t>(i)); }
  /// Puts another module in the place of module `i` and returns that one. Throws Error if there is none.
  Entry replace(int64_t i, Entry entry) {
    check(i >= 0 && i < size(), "Sequential: no module ", i, " among ", size());
    return std::exchange(entries_[static_cast<size_t>(i)], std::move(entry));
  }

  void members(Visitor& v) override {
    for (int64_t i = 0; i < size(); ++i) v(name(i), (*this)[i]);
  }
  Tensor forward(const Tensor& x) override {
    Tensor y = x;
    for (const Entry& entry : entries_) y = (*entry)(y);
    return y;
  }

 private:
  std::vector<Entry> entries_;
  std::vector<std::string> names_;
};

}  // namespace tinynn::nn
