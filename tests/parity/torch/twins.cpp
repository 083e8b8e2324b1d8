#include "tests/parity/torch/twins.hpp"

namespace test::parity {

at::Tensor to_torch(const Tensor& x) {
  if (!x.defined()) return {};
  const std::vector<int64_t> sizes(x.shape().begin(), x.shape().end());
  return torch::from_blob(const_cast<float*>(x.data()), sizes).clone();
}

Tensor to_tinynn(const at::Tensor& x) {
  const at::Tensor dense = x.detach().to(torch::kFloat).contiguous();
  const Shape shape(std::span<const int64_t>(dense.sizes().data(), dense.sizes().size()));
  return tinynn::tensor(std::span(dense.data_ptr<float>(), static_cast<size_t>(dense.numel())), shape);
}

at::Tensor TorchInputs::operator()(const std::string& name) const {
  const auto found = by_name.find(name);
  return found == by_name.end() ? at::Tensor() : found->second;
}

std::function<Results(const Trial&)> torch_gradients(
    std::function<at::Tensor(const TorchInputs&, const Trial&)> call) {
  return [call = std::move(call)](const Trial& trial) {
    TorchInputs inputs;
    for (const auto& [name, value] : trial.inputs) inputs.by_name[name] = to_torch(value).requires_grad_();
    const at::Tensor y = call(inputs, trial);
    Results results{to_tinynn(y)};
    if (y.requires_grad()) y.backward(to_torch(output_gradient(results[0].shape())));
    for (const auto& [name, value] : trial.inputs) {
      const at::Tensor x = inputs(name);
      results.push_back(to_tinynn(x.grad().defined() ? x.grad() : torch::zeros_like(x)));
    }
    return results;
  };
}

Twins all_twins() {
  Twins all;
  for (const auto& twins : {arithmetic_twins(), shape_twins(), layer_operation_twins(), loss_twins(),
                            layer_twins(), optimizer_twins()})
    all.insert(twins.begin(), twins.end());
  return all;
}

}  // namespace test::parity
