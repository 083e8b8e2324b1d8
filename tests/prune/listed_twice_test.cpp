#include <functional>

#include <doctest/doctest.h>

#include <tinynn/optim/clip_grad.hpp>
#include <tinynn/optim/ema.hpp>
#include <tinynn/optim/sgd.hpp>
#include <tinynn/prune/gradient_criteria.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/sparsify/l0_gates.hpp>
#include <tinynn/sparsify/regrow.hpp>
#include <tinynn/sparsify/regularizer.hpp>
#include <tinynn/sparsify/splice.hpp>

#include "tests/support/error_of.hpp"

using namespace tinynn;

TEST_CASE("prune. a list that names a weight twice is refused by every function that takes one") {
  using Weights = std::vector<Parameter>;
  const std::pair<const char*, std::function<void(const Weights&)>> functions[] = {
      {"optimizer", [](const Weights& w) { optim::SGD sgd(w); }},
      {"groups",
       [](const Weights& w) {
         optim::SGD sgd({{{w[0]}, {}}, {{w[1]}, {}}});
       }},
      {"clip_grad_norm", [](const Weights& w) { optim::clip_grad_norm(w, 1); }},
      {"clip_grad_value", [](const Weights& w) { optim::clip_grad_value(w, 1); }},
      {"average", [](const Weights& w) { optim::ExponentialMovingAverage average(w); }},
      {"DenseGrad", [](const Weights& w) { DenseGrad dense(w); }},
      {"sparsity", [](const Weights& w) { prune::sparsity(w); }},
      {"prune, global", [](const Weights& w) { prune::prune(w, prune::count(2)); }},
      {"prune, local", [](const Weights& w) { prune::prune(w, prune::count(2), {}, prune::Scope::local); }},
      {"shares",
       [](const Weights& w) {
         prune::prune({{{w[0]}, prune::count(1)}, {{w[1]}, prune::count(1)}});
       }},
      {"bernoulli", [](const Weights& w) { prune::bernoulli(w, 0.5); }},
      {"by_threshold", [](const Weights& w) { prune::by_threshold(w, 0.5); }},
      {"n_of_m", [](const Weights& w) { prune::n_of_m(w, 1, 2); }},
      {"Movement", [](const Weights& w) { prune::Movement movement(w); }},
      {"set", [](const Weights& w) { sparsify::set(w, 0.5); }},
      {"regrow, global", [](const Weights& w) { sparsify::set(w, 0.5, prune::Scope::global); }},
      {"grow", [](const Weights& w) { sparsify::grow(w, 3, prune::random()); }},
      {"SparseMomentum", [](const Weights& w) { sparsify::SparseMomentum momentum(w); }},
      {"L0Gates", [](const Weights& w) { sparsify::L0Gates gates(w); }},
      {"Splice", [](const Weights& w) { sparsify::Splice splice(w); }},
      {"l1_penalty", [](const Weights& w) { sparsify::l1_penalty(w, 1); }},
      {"l2_penalty", [](const Weights& w) { sparsify::l2_penalty(w, 1); }},
      {"proximal_l1", [](const Weights& w) { sparsify::proximal_l1(w, 1); }},
      {"group_lasso", [](const Weights& w) { sparsify::group_lasso(w, 1); }},
  };
  for (const auto& named : functions) {
    const auto& function = named.second;
    CAPTURE(named.first);
    Parameter weight(rand({4, 4}));
    const std::string error = test::error_of([&] { function({weight, weight}); });
    CHECK(error.find("a parameter of shape (4, 4) is listed twice") != std::string::npos);
    CHECK(error.find('\n') == std::string::npos);
    CHECK_FALSE(weight.mask().defined());
    CHECK_FALSE(weight.is_reparametrized());
    CHECK(test::error_of([&] { function({weight, Parameter()}); }).find("undefined") != std::string::npos);
    CHECK_NOTHROW(function({Parameter(rand({4, 4})), Parameter(rand({4, 4}))}));
  }
}
