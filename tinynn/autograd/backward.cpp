// Tensor::backward: the walk over the tape, newest operation first, without recursion.
#include <functional>
#include <map>
#include <utility>

#include <tinynn/autograd/no_grad.hpp>
#include <tinynn/autograd/node.hpp>
#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>

namespace tinynn {
namespace {

using autograd::Node;

// The nodes still to visit by number, newest first. Whatever is left when an exception passes is cleaned for
// a later walk.
struct Queue : std::map<uint64_t, std::shared_ptr<Node>, std::greater<>> {
  ~Queue() {
    for (const auto& [number, node] : *this) node->grad = Tensor();
  }
  void push(const std::shared_ptr<Node>& node) {
    if (node) emplace(node->number, node);
  }
};

void check_versions(const Node& node) {
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const Tensor& input = node.inputs[i];
    if (!input.defined()) continue;
    check(input.handle()->version == node.input_versions[i], "backward: a parameter of ", node.op->name,
          ", now of shape ", input.shape(),
          ", was written, pruned or cut since the forward pass; run forward again");
  }
}

}  // namespace

Tensor& Tensor::set_requires_grad(bool on) {
  check(!impl().node, "set_requires_grad: this tensor is the result of ",
        impl().node ? impl().node->op->name : "", ", only leaves can ask for a gradient");
  impl().requires_grad = on;
  return *this;
}

void Tensor::backward(bool retain_graph) const {
  check(numel() == 1, "backward: shape ", shape(), " is no scalar; reduce it or pass its gradient");
  backward(ones(shape()), retain_graph);
}

void Tensor::backward(const Tensor& grad, bool retain_graph) const {
  check(requires_grad(), "backward: nothing that this tensor was computed from requires a gradient");
  const NoGrad no_grad;
  Queue queue;
  queue.push(impl().node);
  autograd::accumulate_grad(*this, grad);
  while (!queue.empty()) {
    const auto node = queue.extract(queue.begin()).mapped();
    const Tensor grad_output = std::exchange(node->grad, Tensor());
    if (!grad_output.defined()) continue;
    check(node->backward != nullptr, "backward: the graph of ", node->op->name,
          " was freed by an earlier backward(); pass retain_graph = true to that one");
    check_versions(*node);
    for (const Tensor& input : node->inputs) {
      if (input.defined()) queue.push(input.handle()->node);
    }
    node->backward(grad_output);
    if (!retain_graph) {
      node->backward = nullptr;
      node->inputs.clear();
    }
  }
}

}  // namespace tinynn
