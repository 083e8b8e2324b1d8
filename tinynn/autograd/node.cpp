#include <tinynn/autograd/node.hpp>

namespace tinynn {
namespace {

// Destroying a node destroys its inputs, whose nodes destroy theirs: plain destructors would recurse once per
// operation and overflow the stack on long chains. The outermost call therefore empties a list instead.
void release(std::shared_ptr<autograd::Node> node) {
  thread_local std::vector<std::shared_ptr<autograd::Node>>* pending = nullptr;
  if (pending != nullptr) {
    pending->push_back(std::move(node));
    return;
  }
  std::vector<std::shared_ptr<autograd::Node>> list;
  pending = &list;
  node.reset();
  while (!list.empty()) {
    const auto next = std::move(list.back());
    list.pop_back();
  }
  pending = nullptr;
}

}  // namespace

detail::TensorImpl::~TensorImpl() {
  if (node) release(std::move(node));
}

}  // namespace tinynn
