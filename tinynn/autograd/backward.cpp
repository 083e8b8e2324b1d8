// Tensor::backward: the walk over the tape, newest operation first, without recursion.
#include <functional>
#include <map>
#include <utility>

#include <tinynn/autograd/grad_observer.hpp>
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

thread_local autograd::GradObserver* grad_observer = nullptr;

// Which leaves are complete, as the walk goes on.
class Completion {
 public:
  explicit Completion(const std::shared_ptr<Node>& root) {
    if (grad_observer == nullptr) return;
    grad_observer->begin();
    std::map<const void*, size_t> places;
    for (size_t k = 0; k < grad_observer->leaves.size(); ++k)
      places[grad_observer->leaves[k].handle().get()] = k;
    std::vector<uint64_t> oldest(
        grad_observer->leaves.size());  // node that uses the leaf; numbers begin at 1
    std::map<uint64_t, std::shared_ptr<Node>, std::greater<>> all;
    if (root) all.emplace(root->number, root);
    for (auto at = all.begin(); at != all.end(); ++at) {  // what a node leads to is older, and comes later
      for (const Tensor& input : at->second->inputs) {
        if (!input.defined()) continue;
        if (const auto place = places.find(input.handle().get()); place != places.end())
          oldest[place->second] = at->first;
        if (const auto& node = input.handle()->node) all.emplace(node->number, node);
      }
    }
    for (size_t k = 0; k < oldest.size(); ++k) waiting_.emplace(oldest[k], k);
  }
  // The node of this number is through, and with it all that are younger; 0: all are.
  void reached(uint64_t number) {
    while (!waiting_.empty() && waiting_.begin()->first >= number) {
      const size_t leaf = waiting_.begin()->second;
      waiting_.erase(waiting_.begin());
      grad_observer->complete(leaf);
    }
  }

 private:
  std::multimap<uint64_t, size_t, std::greater<>> waiting_;  // leaves by their oldest node
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
  Completion completion(impl().node);
  Queue queue;
  queue.push(impl().node);
  autograd::accumulate_grad(*this, grad);
  while (!queue.empty()) {
    const auto node = queue.extract(queue.begin()).mapped();
    completion.reached(node->number + 1);
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
  completion.reached(0);
}

namespace autograd {

GradObserver::GradObserver(std::vector<Tensor> l, std::function<void()> b, std::function<void(size_t)> c)
    : leaves(std::move(l)),
      begin(std::move(b)),
      complete(std::move(c)),
      before_(std::exchange(grad_observer, this)) {}
GradObserver::~GradObserver() { grad_observer = before_; }

}  // namespace autograd

}  // namespace tinynn
