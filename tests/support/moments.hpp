// moments_of: what the live optimizers keep for a parameter, in the order in which they came.
#pragma once

#include <vector>

#include <tinynn/autograd/parameter.hpp>

namespace test {

inline std::vector<tinynn::Tensor> moments_of(const tinynn::Parameter& parameter) {
  std::vector<tinynn::Tensor> result;
  for (const auto& weak : static_cast<const tinynn::autograd::ParameterImpl&>(*parameter.handle()).moments) {
    if (const auto moments = weak.lock()) result.insert(result.end(), moments->begin(), moments->end());
  }
  return result;
}

/// Lets a gradient arrive at a parameter as a backward pass would.
inline void give_gradient(tinynn::Parameter& parameter, const tinynn::Tensor& grad) {
  parameter.zero_grad();
  tinynn::Tensor(parameter).backward(grad);
}

}  // namespace test
