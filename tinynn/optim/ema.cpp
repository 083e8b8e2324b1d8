#include <algorithm>

#include <tinynn/core/error.hpp>
#include <tinynn/kernels/pointwise.hpp>
#include <tinynn/optim/ema.hpp>

namespace tinynn::optim {

ExponentialMovingAverage::ExponentialMovingAverage(std::vector<Parameter> parameters, double decay)
    : parameters_(std::move(parameters)), decay_(decay) {
  require_distinct("ExponentialMovingAverage", parameters_);
  check(decay >= 0 && decay < 1, "ExponentialMovingAverage: a decay of ", decay,
        ", expected 0 or more, below 1");
  for (const Parameter& parameter : parameters_) {
    averages_.push_back(std::make_shared<autograd::Moments>(autograd::Moments{zeros(parameter.shape())}));
    parameter.attach(averages_.back());
  }
}

void ExponentialMovingAverage::update() {
  const auto keep = static_cast<float>(started_ ? decay_ : 0),
             fresh = static_cast<float>(started_ ? 1 - decay_ : 1);
  started_ = true;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    Tensor& average = averages_[i]->front();
    kernels::map(average.numel(), average.data(), parameters_[i].data(), average.mutable_data(),
                 [=](float a, float w) { return keep * a + fresh * w; });
  }
}

void ExponentialMovingAverage::swap() {
  check(started_, "ExponentialMovingAverage: swap() before the first update()");
  for (size_t i = 0; i < parameters_.size(); ++i) {
    float* average = averages_[i]->front().mutable_data();
    parameters_[i].update(
        [&](std::span<float> value) { std::ranges::swap_ranges(value, std::span(average, value.size())); });
  }
}

}  // namespace tinynn::optim
