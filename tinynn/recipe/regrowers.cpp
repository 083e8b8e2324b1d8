#include <algorithm>

#include <tinynn/recipe/tables.hpp>
#include <tinynn/sparsify/regrow.hpp>
#include <tinynn/sparsify/splice.hpp>

namespace tinynn::recipe {
namespace {

constexpr int64_t every = 100;  // training steps
constexpr double fraction = 0.3;

// Regrows every so many steps of a fine-tuning, less and less; the last quarter trains under a fixed mask.
class Periodic : public Regrower {
 public:
  explicit Periodic(std::vector<Parameter> weights) : weights_(std::move(weights)) {}
  void after_step(const StepOf& at) override {
    if (at.pruned && is_due(at)) regrow(sparsify::cosine_decay(fraction, at.step, end(at)));
  }

 protected:
  virtual void regrow(double of_living) = 0;
  static int64_t end(const StepOf& at) { return std::max<int64_t>(1, at.steps * 3 / 4); }
  static bool is_due(const StepOf& at) { return at.step > 0 && at.step % every == 0 && at.step < end(at); }
  using Part::end;

  std::vector<Parameter> weights_;
};

class Set : public Periodic {
 public:
  using Periodic::Periodic;
  void regrow(double of_living) override { sparsify::set(weights_, of_living); }
};

// Dense gradients are computed for the steps whose gradient is read, and no others.
class RigL : public Periodic {
 public:
  using Periodic::Periodic;
  void before_step(const StepOf& at) override {
    if (at.pruned && is_due(at)) dense_.emplace(weights_);
  }
  void after_step(const StepOf& at) override {
    Periodic::after_step(at);
    dense_.reset();
  }
  void regrow(double of_living) override { sparsify::rigl(weights_, of_living); }

 private:
  std::optional<DenseGrad> dense_;
};

class SparseMomentum : public Periodic {
 public:
  using Periodic::Periodic;
  void before_step(const StepOf& at) override {
    if (at.pruned && !momentum_) momentum_.emplace(weights_);
  }
  void after_step(const StepOf& at) override {
    if (momentum_) momentum_->update();
    Periodic::after_step(at);
  }
  void regrow(double of_living) override { momentum_->regrow(of_living); }
  void end() override { momentum_.reset(); }
  void state(StateVisitor& visit) override {
    bool there = momentum_.has_value();
    visit("there", there);
    if (visit.reads()) momentum_.reset();
    if (visit.reads() && there) momentum_.emplace(weights_);
    if (there) visit.part("momentum", *momentum_);
  }

 private:
  std::optional<sparsify::SparseMomentum> momentum_;
};

class Surgery : public Periodic {
 public:
  using Periodic::Periodic;
  bool cuts() const override { return true; }
  void cut(double sparsity) override {
    if (!splice_) splice_.emplace(weights_);
    sparsity_ = sparsity;
    splice_->update(sparsity, 0);
  }
  double sparsity() const override { return splice_ ? splice_->sparsity() : prune::sparsity(weights_); }
  void after_step(const StepOf& at) override {
    // To the very sparsity, and trained under from here on.
    if (splice_ && at.pruned && at.step == Periodic::end(at)) splice_->update(sparsity_, 0);
    Periodic::after_step(at);
  }
  void regrow(double /*of_living*/) override {
    if (splice_) splice_->update(sparsity_);
  }
  void end() override {
    if (splice_) splice_->harden();
    splice_.reset();
  }
  void state(StateVisitor& visit) override {
    visit("sparsity", sparsity_);
    bool there = splice_.has_value();
    visit("there", there);
    if (visit.reads() && there && !splice_) splice_.emplace(weights_);
    if (visit.reads() && !there && splice_) end();
    if (there) visit.part("splice", *splice_);
  }

 private:
  std::optional<sparsify::Splice> splice_;
  double sparsity_ = 0;
};

template <class R>
std::unique_ptr<Regrower> make(const Context& context) {
  return std::make_unique<R>(context.weights);
}

const RegrowerRow regrower_rows[] = {
    {{"set", "at random"}, make<Set>},
    {{"rigl", "where the gradient is largest"}, make<RigL>},
    {{"sparse-momentum", "where an average of gradients is largest; computes dense gradients at every step"},
     make<SparseMomentum>},
    {{"dns", "cut weights go on learning, and come back when they have grown (dynamic network surgery)"},
     make<Surgery>},
};

}  // namespace

std::span<const RegrowerRow> regrowers() { return regrower_rows; }

}  // namespace tinynn::recipe
