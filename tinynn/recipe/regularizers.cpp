#include <tinynn/optim/adam.hpp>
#include <tinynn/recipe/tables.hpp>
#include <tinynn/sparsify/l0_gates.hpp>
#include <tinynn/sparsify/regularizer.hpp>

namespace tinynn::recipe {
namespace {

class Proximal : public Part {
 public:
  explicit Proximal(sparsify::Proximal step) : step_(std::move(step)) {}
  void after_step(const StepOf& at) override { step_(at.lr); }

 private:
  sparsify::Proximal step_;
};

class L2 : public Part {
 public:
  L2(std::vector<Parameter> weights, double strength) : weights_(std::move(weights)), strength_(strength) {}
  Tensor penalty() override { return sparsify::l2_penalty(weights_, strength_); }

 private:
  std::vector<Parameter> weights_;
  double strength_;
};

// Gates decide at the end of the dense training, and are gone.
class L0 : public Part {
 public:
  L0(const std::vector<Parameter>& weights, double strength) : weights_(weights), strength_(strength) {
    for (const auto& weight : weights) masks_.push_back(weight.mask());
    begin();
  }
  Tensor penalty() override { return gates_ ? gates_->penalty() : Tensor(); }
  std::vector<Parameter> parameters() override { return gates_ ? gates_->parameters() : Part::parameters(); }
  void after_step(const StepOf&) override {
    if (!gates_) return;
    adam_->step();
    adam_->zero_grad();
  }
  void end_dense() override {
    if (gates_) gates_->harden();
    gates_.reset();
  }
  void state(StateVisitor& visit) override {
    bool learns = gates_.has_value();
    visit("learns", learns);
    if (!learns) return end_dense();
    if (!gates_) {  // gates that decided are undone, with the masks that they made
      for (size_t k = 0; k < weights_.size(); ++k) weights_[k].adopt(weights_[k].clone(), masks_[k]);
      begin();
    }
    visit.part("gates", *gates_);
    visit.part("adam", *adam_);
  }

 private:
  void begin() {
    gates_.emplace(weights_, sparsify::L0Options{.strength = strength_});
    adam_.emplace(gates_->parameters(), optim::AdamOptions{.lr = 0.1});
  }

  std::vector<Parameter> weights_;
  std::vector<Mask> masks_;  // at first
  double strength_;
  std::optional<sparsify::L0Gates> gates_;
  std::optional<optim::Adam> adam_;
};

std::unique_ptr<Part> proximal(sparsify::Proximal step) {
  return std::make_unique<Proximal>(std::move(step));
}

constexpr bool makes_zeros = true, in_training = true;

const RegularizerRow regularizer_rows[] = {
    {{"l1", "|w|, as a proximal step: exact zeros", "S"},
     [](const Context& c, double s) { return proximal(sparsify::proximal_l1(c.weights, s)); },
     makes_zeros},
    {{"l2", "w^2", "S"},
     [](const Context& c, double s) -> std::unique_ptr<Part> { return std::make_unique<L2>(c.weights, s); }},
    {{"group-lasso", "norms of rows and filters, as a proximal step: whole ones become zero", "S"},
     [](const Context& c, double s) { return proximal(sparsify::group_lasso(c.candidates, s)); },
     makes_zeros},
    {{"bn-l1", "|scale| of BatchNorms (network slimming)", "S"},
     [](const Context& c, double s) {
       return proximal(sparsify::proximal_l1(sparsify::bn_scales(c.module), s));
     }},
    {{"l0", "the expected number of weights, by gates that are learned before the first cut", "S"},
     [](const Context& c, double s) -> std::unique_ptr<Part> { return std::make_unique<L0>(c.weights, s); },
     makes_zeros,
     in_training},
};

}  // namespace

std::span<const RegularizerRow> regularizers() { return regularizer_rows; }

}  // namespace tinynn::recipe
