#include <tinynn/optim/adam.hpp>
#include <tinynn/optim/lion.hpp>
#include <tinynn/optim/rmsprop.hpp>
#include <tinynn/optim/sgd.hpp>
#include <tinynn/recipe/tables.hpp>

namespace tinynn::recipe {
namespace {

using Made = std::unique_ptr<optim::Optimizer>;
using Weights = std::vector<Parameter>;
using Settings = OptimizerSettings;

const OptimizerRow optimizer_rows[] = {
    {{"sgd", "with Nesterov momentum"},
     0.05,
     0,
     [](Weights w, const Settings& s) -> Made {
       return std::make_unique<optim::SGD>(std::move(w), optim::SGDOptions{.lr = s.lr,
                                                                           .momentum = s.momentum,
                                                                           .weight_decay = s.weight_decay,
                                                                           .nesterov = s.momentum > 0,
                                                                           .l1 = s.l1});
     }},
    {{"adam", "steps in proportion to each weight's own scale"},
     1e-3,
     0,
     [](Weights w, const Settings& s) -> Made {
       return std::make_unique<optim::Adam>(
           std::move(w), optim::AdamOptions{.lr = s.lr, .weight_decay = s.weight_decay, .l1 = s.l1});
     }},
    {{"adamw", "the same with decoupled decay"},
     1e-3,
     1e-2,
     [](Weights w, const Settings& s) -> Made {
       return std::make_unique<optim::AdamW>(
           std::move(w), optim::AdamWOptions{.lr = s.lr, .weight_decay = s.weight_decay, .l1 = s.l1});
     }},
    {{"rmsprop", "over a running mean of the gradient's square, with momentum"},
     1e-3,
     0,
     [](Weights w, const Settings& s) -> Made {
       return std::make_unique<optim::RMSprop>(
           std::move(w), optim::RMSpropOptions{
                             .lr = s.lr, .weight_decay = s.weight_decay, .momentum = s.momentum, .l1 = s.l1});
     }},
    {{"lion", "the sign of a momentum, decoupled decay"},
     1e-4,
     0,
     [](Weights w, const Settings& s) -> Made {
       return std::make_unique<optim::Lion>(
           std::move(w), optim::LionOptions{.lr = s.lr, .weight_decay = s.weight_decay, .l1 = s.l1});
     }},
};

}  // namespace

std::span<const OptimizerRow> optimizers() { return optimizer_rows; }

}  // namespace tinynn::recipe
