#include <algorithm>
#include <atomic>
#include <utility>

#include <tinynn/autograd/no_grad.hpp>
#include <tinynn/autograd/parameter.hpp>
#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/kernels/sparse.hpp>

namespace tinynn::autograd {
namespace {

std::atomic<uint64_t> next_number = 1;
thread_local Observer* observer = nullptr;
thread_local bool enabled = true;

// Sums into `into` if no other tensor shares its numbers, else into a new tensor.
Tensor sum(Tensor into, const Tensor& grad) {
  if (into.handle().use_count() > 1 || !into.handle()->buffer.unique()) into = into.clone();
  float* a = into.mutable_data();
  const float* b = grad.data();
  parallel_for(into.numel(), 1 << 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) a[i] += b[i];
  });
  return into;
}

}  // namespace

Tensor record(const Op& op, Tensor output, std::vector<Tensor> inputs, BackwardFunction backward,
              std::initializer_list<Setting> settings) {
  if (observer != nullptr) {
    std::vector<Attribute> attributes;
    for (const Setting& setting : settings) setting.append_to(attributes);
    observer->callback({op, inputs, output, attributes});
  }
  if (!grad_enabled() || std::ranges::none_of(inputs, &Tensor::requires_grad)) return output;
  std::vector<int64_t> versions;
  for (Tensor& input : inputs) {
    versions.push_back(input.defined() ? input.handle()->version : 0);
    input = place_of(input);
  }
  output.handle()->node = std::make_shared<Node>(
      Node{&op, next_number++, std::move(inputs), std::move(versions), std::move(backward), {}});
  return output;
}

Tensor place_of(const Tensor& x) {
  if (!x.defined() || !x.handle()->node) return x;
  auto place = std::make_shared<detail::TensorImpl>(x.shape(), Buffer());
  place->node = x.handle()->node;
  return Tensor(std::move(place));
}

void accumulate_grad(const Tensor& input, Tensor grad, bool is_masked) {
  if (!input.requires_grad()) return;
  check(grad.shape() == input.shape(), "backward: a gradient of shape ", grad.shape(),
        " for a tensor of shape ", input.shape());
  if (const auto& node = input.handle()->node) {
    node->grad = node->grad.defined() ? sum(std::move(node->grad), grad) : std::move(grad);
    return;
  }
  auto& leaf = *input.handle();
  (void)input.grad();                             // unpacks what is there
  is_masked = is_masked && leaf.grad == nullptr;  // what is there may have been asked for without the mask
  grad = leaf.grad ? sum(Tensor(std::move(leaf.grad)), grad) : std::move(grad);
  // What a leaf keeps is its own: callers scale gradients in place, and must not scale another's along.
  if (grad.handle().use_count() > 1 || !grad.handle()->buffer.unique()) grad = grad.clone();
  if (const auto parameter = Parameter::of(input);
      parameter.defined() && parameter.masks_grad() && !is_masked) {
    parameter.mask().select(grad.mutable_data());
  }
  leaf.grad = grad.handle();
}

void accumulate_packed_grad(const Tensor& parameter, std::shared_ptr<const kernels::SparsePattern> live,
                            Buffer grad) {
  if (!live) return accumulate_grad(parameter, Tensor(parameter.shape(), std::move(grad)));
  auto& leaf = *parameter.handle();
  if (const float* before = Parameter::of(parameter).packed_grad(*live)) {
    for (int64_t k = 0; k < live->count(); ++k) grad.data()[k] += before[k];
  } else if (leaf.grad) {
    Tensor dense = zeros(leaf.shape);
    kernels::unpack_live(*live, grad.data(), dense.mutable_data());
    return accumulate_grad(parameter, std::move(dense), true);
  }
  leaf.grad = std::make_shared<PackedGrad>(leaf.shape, std::move(live), std::move(grad));
}

Tensor take_over(const Tensor& grad_y) {
  const auto& handle = grad_y.handle();
  return handle.use_count() == 1 && handle->buffer.unique() ? grad_y : Tensor(grad_y.shape());
}

Observer::Observer(Callback f) : callback(std::move(f)), before_(std::exchange(observer, this)) {}
Observer::~Observer() { observer = before_; }

}  // namespace tinynn::autograd

namespace tinynn {

bool grad_enabled() { return autograd::enabled; }
NoGrad::NoGrad() : before_(std::exchange(autograd::enabled, false)) {}
NoGrad::~NoGrad() { autograd::enabled = before_; }

Tensor Tensor::grad() const {
  auto& grad = impl().grad;
  if (grad && grad->is_packed_grad) {
    const auto& packed = static_cast<const autograd::PackedGrad&>(*grad);
    Tensor dense = zeros(packed.shape);
    kernels::unpack_live(*packed.live, packed.buffer.data(), dense.mutable_data());
    grad = dense.handle();
  }
  return Tensor(grad);
}

}  // namespace tinynn
