#include <algorithm>

#include <tinynn/kernels/pointwise.hpp>
#include <tinynn/ops/pointwise.hpp>
#include <tinynn/recipe/tables.hpp>
#include <tinynn/sparsify/regrow.hpp>
#include <tinynn/sparsify/splice.hpp>

namespace tinynn::recipe {
namespace {

constexpr double fraction = 0.3;

// Regrows whenever masks are updated, less and less; the last quarter of the training has a fixed mask.
class Periodic : public Regrower {
 public:
  explicit Periodic(std::vector<Parameter> weights) : weights_(std::move(weights)) {}
  void after_step(const StepOf& at) override {
    if (is_due(at)) regrow(sparsify::cosine_decay(fraction, at.step - at.first, end(at) - at.first), at);
  }

 protected:
  virtual void regrow(double of_living, const StepOf& at) = 0;
  static int64_t end(const StepOf& at) { return std::max(at.first + 1, at.steps * 3 / 4); }
  static bool is_due(const StepOf& at) { return at.to_update == 0 && at.step < end(at); }
  using Part::end;

  std::vector<Parameter> weights_;
};

class Set : public Periodic {
 public:
  using Periodic::Periodic;
  void regrow(double of_living, const StepOf&) override { sparsify::set(weights_, of_living); }
};

// Dense gradients are computed for the steps whose gradient is read, and no others.
class RigL : public Periodic {
 public:
  using Periodic::Periodic;
  void before_step(const StepOf& at) override {
    if (is_due(at)) dense_.emplace(weights_);
  }
  void after_step(const StepOf& at) override {
    Periodic::after_step(at);
    dense_.reset();
  }
  void regrow(double of_living, const StepOf&) override { sparsify::rigl(weights_, of_living); }

 private:
  std::optional<DenseGrad> dense_;
};

// Sums the dense gradients of the last steps before an update; all weights compete, in dying and in coming
// back, and the latter are as many as the cut had left.
class GradientSum : public Periodic {
 public:
  explicit GradientSum(const Context& context)
      : Periodic(context.weights),
        steps_(static_cast<int64_t>(number_of("regrow", context.recipe.regrow))),
        context_(context) {}
  void before_step(const StepOf& at) override {
    if (!sums(at)) return;
    if (sums_.empty()) {
      for (const auto& weight : weights_) sums_.push_back(zeros(weight.shape()));
    }
    dense_.emplace(weights_);
  }
  void after_step(const StepOf& at) override {
    for (size_t k = 0; sums(at) && k < sums_.size(); ++k) {
      if (!weights_[k].grad().defined()) continue;
      kernels::map(sums_[k].numel(), sums_[k].data(), weights_[k].grad().data(), sums_[k].mutable_data(),
                   [](float sum, float g) { return sum + g; });
    }
    Periodic::after_step(at);
    dense_.reset();
    if (at.to_update == 0) sums_.clear();
  }
  void regrow(double of_living, const StepOf& at) override {
    prune::prune(weights_, prune::fraction(of_living));
    cut_dead_units(context_);
    sparsify::grow(weights_, at.alive, prune::Criterion([this](const std::vector<Parameter>&) {
                     std::vector<Tensor> sizes;
                     for (const Tensor& sum : sums_) sizes.push_back(abs(sum));
                     return sizes;
                   }));
  }
  void state(StateVisitor& visit) override {
    bool there = !sums_.empty();
    visit("there", there);
    if (visit.reads()) sums_.clear();
    for (size_t k = 0; there && k < weights_.size(); ++k) {
      if (visit.reads()) sums_.push_back(zeros(weights_[k].shape()));
      visit("sum." + std::to_string(k), sums_[k]);
      check(sums_[k].defined() && sums_[k].shape() == weights_[k].shape(),
            "state: a sum of gradients that is not of shape ", weights_[k].shape());
    }
  }

 private:
  // Whether this step is one of the last before an update that regrows.
  bool sums(const StepOf& at) const {
    return at.to_update >= 0 && at.to_update < steps_ && at.step + at.to_update < end(at);
  }
  using Periodic::end;

  int64_t steps_;
  const Context& context_;
  std::vector<Tensor> sums_;
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
  void regrow(double of_living, const StepOf&) override { momentum_->regrow(of_living); }
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
  void regrow(double /*of_living*/, const StepOf&) override {
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
    {{"gradient-sum", "where the sum of the gradients of N steps is largest; all layers compete", "N"},
     [](const Context& context) -> std::unique_ptr<Regrower> {
       return std::make_unique<GradientSum>(context);
     }},
    {{"sparse-momentum", "where an average of gradients is largest; computes dense gradients at every step"},
     make<SparseMomentum>},
    {{"dns", "cut weights go on learning, and come back when they have grown (dynamic network surgery)"},
     make<Surgery>},
};

}  // namespace

std::span<const RegrowerRow> regrowers() { return regrower_rows; }

}  // namespace tinynn::recipe
