// Groups, missing gradients and learning rates as in ../cases_optimizers.cpp.
#include "tests/parity/torch/twins.hpp"

namespace test::parity {
namespace {

using T = const Trial&;
namespace optim = torch::optim;

struct Parameters {
  at::Tensor a, b;

  explicit Parameters(T trial)
      : a(to_torch(trial.input("a")).requires_grad_()), b(to_torch(trial.input("b")).requires_grad_()) {}
  void set_grads(T trial, int step) {
    a.mutable_grad() = to_torch(trial.input("a" + std::to_string(step)));
    b.mutable_grad() = to_torch(trial.input("b" + std::to_string(step)));
  }
};

template <class Options, class Optimizer, class Settings>
std::function<Results(T)> steps_of(Settings settings) {
  return [settings](T trial) {
    Parameters parameters(trial);
    const Options options = settings(trial);
    auto faster = std::make_unique<Options>(options);
    faster->lr(2 * options.lr());
    std::vector<optim::OptimizerParamGroup> groups;
    groups.emplace_back(std::vector{parameters.a}, std::make_unique<Options>(options));
    groups.emplace_back(std::vector{parameters.b}, std::move(faster));
    Optimizer optimizer(groups, options);
    for (int step = 0; step < 10; ++step) {
      parameters.set_grads(trial, step);
      optimizer.step();
    }
    return Results{to_tinynn(parameters.a), to_tinynn(parameters.b)};
  };
}

template <class Options>
Options adam_options(T t) {
  const auto& betas = t.options.at("betas");
  return Options(t.number("lr"))
      .betas(std::make_tuple(betas[0], betas[1]))
      .eps(t.number("eps"))
      .weight_decay(t.number("weight_decay"));
}

std::function<Results(T)> clipped(std::function<double(std::vector<at::Tensor>)> clip) {
  return [clip](T trial) {
    Parameters parameters(trial);
    parameters.set_grads(trial, 0);
    const double norm = clip({parameters.a, parameters.b});
    Results results{tinynn::full({}, norm), to_tinynn(parameters.a.grad())};
    if (parameters.b.grad().defined()) results.push_back(to_tinynn(parameters.b.grad()));
    return results;
  };
}

}  // namespace

Twins optimizer_twins() {
  return {
      {"optim.SGD", steps_of<optim::SGDOptions, optim::SGD>([](T t) {
         return optim::SGDOptions(t.number("lr"))
             .momentum(t.number("momentum"))
             .weight_decay(t.number("weight_decay"))
             .nesterov(t.flag("nesterov"));
       })},
      {"optim.Adam", steps_of<optim::AdamOptions, optim::Adam>(adam_options<optim::AdamOptions>)},
      {"optim.AdamW", steps_of<optim::AdamWOptions, optim::AdamW>(adam_options<optim::AdamWOptions>)},
      {"optim.RMSprop", steps_of<optim::RMSpropOptions, optim::RMSprop>([](T t) {
         return optim::RMSpropOptions(t.number("lr"))
             .alpha(t.number("alpha"))
             .eps(t.number("eps"))
             .weight_decay(t.number("weight_decay"))
             .momentum(t.number("momentum"))
             .centered(t.flag("centered"));
       })},
      {"clip_grad_norm", clipped([](std::vector<at::Tensor> parameters) {
         return torch::nn::utils::clip_grad_norm_(parameters, 1.5);
       })},
      {"clip_grad_value", clipped([](std::vector<at::Tensor> parameters) {
         torch::nn::utils::clip_grad_value_(parameters, 0.3);
         return 0.0;
       })},
  };
}

}  // namespace test::parity
