#include "tests/parity/trial.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include <tinynn/core/random.hpp>

namespace test::parity {

std::vector<int64_t> Trial::integers(const std::string& option) const {
  std::vector<int64_t> result;
  for (const double value : options.at(option)) result.push_back(static_cast<int64_t>(value));
  return result;
}

Tensor Trial::input(const std::string& name) const {
  for (const auto& [known, value] : inputs) {
    if (known == name) return value;
  }
  return {};
}

std::string Trial::describe() const {
  std::ostringstream text;
  for (const auto& [name, values] : options) {
    text << name;
    for (const double value : values) text << ' ' << value;
    text << ", ";
  }
  for (const auto& [name, value] : inputs) text << name << ' ' << value.shape() << ' ';
  return text.str();
}

std::vector<Case> all_cases() {
  std::vector<Case> all;
  for (const auto& cases : {arithmetic_cases(), shape_cases(), layer_operation_cases(), loss_cases(),
                            layer_cases(), optimizer_cases()})
    all.insert(all.end(), cases.begin(), cases.end());
  return all;
}

Trial draw_trial(const Case& c, uint64_t number) {
  uint64_t seed = number;
  for (const char letter : c.name) seed = seed * 131 + static_cast<unsigned char>(letter);
  Draw draw(seed);
  return c.draw(draw);
}

Tensor output_gradient(const Shape& shape) {
  Tensor grad(shape);
  for (int64_t i = 0; i < grad.numel(); ++i) {
    grad.mutable_data()[i] = static_cast<float>(i * 37 % 41 - 20) / 20;
  }
  return grad;
}

Results with_gradients(const Trial& trial, const std::function<Tensor(const Trial&)>& call) {
  Trial tracked = trial;
  for (auto& [name, value] : tracked.inputs) {
    value = value.clone();
    value.set_requires_grad();
  }
  const Tensor y = call(tracked);
  Results results{y.detach()};
  if (y.requires_grad()) y.backward(output_gradient(y.shape()));
  for (auto& [name, value] : tracked.inputs) {
    results.push_back(value.grad().defined() ? value.grad() : tinynn::zeros(value.shape()));
  }
  return results;
}

std::string difference(const Results& got, const Results& want) {
  std::ostringstream text;
  if (got.size() != want.size()) {
    text << "got " << got.size() << " results, expected " << want.size();
    return text.str();
  }
  for (size_t k = 0; k < want.size(); ++k) {
    if (!(got[k].shape() == want[k].shape())) {
      text << "result " << k << " has the shape " << got[k].shape() << ", expected " << want[k].shape();
      return text.str();
    }
    const auto a = got[k].values(), b = want[k].values();
    double largest = 0;
    for (const float value : b) largest = std::max(largest, std::abs(static_cast<double>(value)));
    for (size_t i = 0; i < b.size(); ++i) {
      const double x = a[i], y = b[i];
      if (x == y || std::abs(x - y) <= 1e-4 * std::abs(y) + 1e-6 * (1 + largest)) continue;
      text.precision(9);
      text << "result " << k << ", element " << i << " of " << b.size() << ": got " << x << ", expected "
           << y;
      return text.str();
    }
  }
  return "";
}

}  // namespace test::parity
