// Ten steps of every optimizer on given gradients; clipping. The parameters are two, in two groups whose
// learning rates differ, the second of which has no gradient at some steps and is then left alone.
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/reduce.hpp>
#include <tinynn/optim/adam.hpp>
#include <tinynn/optim/clip_grad.hpp>
#include <tinynn/optim/rmsprop.hpp>
#include <tinynn/optim/sgd.hpp>

#include "tests/parity/draws.hpp"

using namespace tinynn;

namespace test::parity {
namespace {

constexpr int steps = 10;

// Sets the gradient that the trial has for this parameter at this step, if there is one.
void set_grad(Parameter& parameter, const Tensor& grad) {
  parameter.zero_grad();
  if (grad.defined()) sum(parameter * grad).backward();
}

std::string grad_name(const char* parameter, int step) { return parameter + std::to_string(step); }

Trial draw_steps(Draw& draw) {
  Trial trial;
  for (const char* name : {"a", "b"}) {
    const Shape shape = draw.shape(3, 5);
    trial.inputs.emplace_back(name, draw.tensor(shape));
    for (int step = 0; step < steps; ++step) {
      if (name[0] == 'b' && draw.chance(0.2)) continue;
      trial.inputs.emplace_back(grad_name(name, step), draw.tensor(shape));
    }
  }
  trial.options["lr"] = {0.001 + 0.1 * draw.fraction()};
  trial.options["weight_decay"] = {draw.coin() ? 0 : 0.1 * draw.fraction()};
  return trial;
}

Trial draw_momentum(Draw& draw) {
  Trial trial = draw_steps(draw);
  trial.options["momentum"] = {draw.coin() ? 0 : draw.fraction()};
  trial.options["nesterov"] = {trial.number("momentum") > 0 && draw.coin() ? 1.0 : 0.0};
  return trial;
}

Trial draw_adam(Draw& draw) {
  Trial trial = draw_steps(draw);
  trial.options["betas"] = {0.8 + 0.19 * draw.fraction(), 0.9 + 0.099 * draw.fraction()};
  trial.options["eps"] = {draw.coin() ? 1e-8 : 1e-3};
  return trial;
}

Trial draw_rmsprop(Draw& draw) {
  Trial trial = draw_steps(draw);
  trial.options["alpha"] = {0.8 + 0.19 * draw.fraction()};
  trial.options["eps"] = {draw.coin() ? 1e-8 : 1e-3};
  trial.options["momentum"] = {draw.coin() ? 0 : draw.fraction()};
  // Centered, at the very first steps, is the root of a difference of nearly equal numbers: with a large eps.
  trial.options["centered"] = {draw.coin() ? 1.0 : 0.0};
  if (trial.flag("centered")) trial.options["eps"] = {1e-1};
  return trial;
}

// `make` gets the groups' parameters and the trial.
template <class Options, class Optimizer, class Settings>
std::function<Results(const Trial&)> steps_of(Settings settings) {
  return [settings](const Trial& trial) {
    Parameter a(trial.input("a")), b(trial.input("b"));
    Options options = settings(trial), faster = options;
    faster.lr *= 2;
    Optimizer optimizer(std::vector<optim::ParamGroup<Options>>{{{a}, options}, {{b}, faster}});
    for (int step = 0; step < steps; ++step) {
      set_grad(a, trial.input(grad_name("a", step)));
      set_grad(b, trial.input(grad_name("b", step)));
      optimizer.step();
    }
    return Results{a.detach(), b.detach()};
  };
}

std::function<Results(const Trial&)> clipped(std::function<double(std::vector<Parameter>)> clip) {
  return [clip](const Trial& trial) {
    Parameter a(trial.input("a")), b(trial.input("b"));
    set_grad(a, trial.input(grad_name("a", 0)));
    set_grad(b, trial.input(grad_name("b", 0)));
    const double norm = clip({a, b});
    Results results{full({}, norm), a.grad()};
    if (b.grad().defined()) results.push_back(b.grad());
    return results;
  };
}

}  // namespace

std::vector<Case> optimizer_cases() {
  using T = const Trial&;
  return {
      {"optim.SGD", draw_momentum, steps_of<optim::SGDOptions, optim::SGD>([](T t) {
         return optim::SGDOptions{.lr = t.number("lr"),
                                  .momentum = t.number("momentum"),
                                  .weight_decay = t.number("weight_decay"),
                                  .nesterov = t.flag("nesterov")};
       })},
      {"optim.Adam", draw_adam, steps_of<optim::AdamOptions, optim::Adam>([](T t) {
         return optim::AdamOptions{.lr = t.number("lr"),
                                   .beta1 = t.options.at("betas")[0],
                                   .beta2 = t.options.at("betas")[1],
                                   .eps = t.number("eps"),
                                   .weight_decay = t.number("weight_decay")};
       })},
      {"optim.AdamW", draw_adam, steps_of<optim::AdamWOptions, optim::AdamW>([](T t) {
         return optim::AdamWOptions{.lr = t.number("lr"),
                                    .beta1 = t.options.at("betas")[0],
                                    .beta2 = t.options.at("betas")[1],
                                    .eps = t.number("eps"),
                                    .weight_decay = t.number("weight_decay")};
       })},
      {"optim.RMSprop", draw_rmsprop, steps_of<optim::RMSpropOptions, optim::RMSprop>([](T t) {
         return optim::RMSpropOptions{.lr = t.number("lr"),
                                      .alpha = t.number("alpha"),
                                      .eps = t.number("eps"),
                                      .weight_decay = t.number("weight_decay"),
                                      .momentum = t.number("momentum"),
                                      .centered = t.flag("centered")};
       })},
      {"clip_grad_norm", draw_steps,
       clipped([](std::vector<Parameter> parameters) { return optim::clip_grad_norm(parameters, 1.5); })},
      {"clip_grad_value", draw_steps, clipped([](std::vector<Parameter> parameters) {
         optim::clip_grad_value(parameters, 0.3);
         return 0.0;
       })},
  };
}

}  // namespace test::parity
