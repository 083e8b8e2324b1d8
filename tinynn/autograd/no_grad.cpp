#include <utility>

#include <tinynn/autograd/no_grad.hpp>

namespace tinynn {
namespace {
thread_local bool enabled = true;
}

bool grad_enabled() { return enabled; }
NoGrad::NoGrad() : before_(std::exchange(enabled, false)) {}
NoGrad::~NoGrad() { enabled = before_; }

}  // namespace tinynn
