#include <cmath>

#include <tinynn/core/error.hpp>
#include <tinynn/nn/init.hpp>

namespace tinynn::nn::init {

int64_t fan_in(const Shape& weight) {
  check(weight.rank() >= 2, "init: fan-in needs a weight of rank two or more, got ", weight);
  return weight.inner(0);
}

void uniform(Parameter& parameter, double low, double high) {
  parameter.assign(rand(parameter.shape(), low, high));
}

void kaiming_uniform(Parameter& weight, double a) {
  const double bound = std::sqrt(6.0 / ((1 + a * a) * static_cast<double>(fan_in(weight.shape()))));
  uniform(weight, -bound, bound);
}

void kaiming_normal(Parameter& weight) {
  weight.assign(randn(weight.shape(), 0, std::sqrt(2.0 / static_cast<double>(fan_in(weight.shape())))));
}

Parameter default_weight(const Shape& shape) {
  Parameter weight{Tensor(shape)};
  kaiming_uniform(weight, std::sqrt(5.0));
  return weight;
}

Parameter default_bias(const Shape& weight) { return default_bias(weight, weight[0]); }

Parameter default_bias(const Shape& weight, int64_t size) {
  const int64_t inputs = fan_in(weight);
  const double bound = inputs > 0 ? 1 / std::sqrt(static_cast<double>(inputs)) : 0;
  return Parameter(rand(Shape{size}, -bound, bound));
}

}  // namespace tinynn::nn::init
