#include <tinynn/program/plan.hpp>

namespace tinynn::deploy {

std::string name_of(Step::Kind kind) {
  constexpr const char* names[] = {"linear",     "conv2d", "scale_shift", "activation",  "max_pool2d",
                                   "avg_pool2d", "add",    "subtract",    "multiply",    "scale_channels",
                                   "concat",     "gather", "softmax",     "log_softmax", "reshape"};
  return names[static_cast<size_t>(kind)];
}

std::string name_of(Activation activation) {
  constexpr const char* names[] = {"none", "relu", "leaky_relu", "sigmoid",
                                   "tanh", "silu", "gelu",       "gelu_tanh"};
  return names[static_cast<size_t>(activation)];
}

}  // namespace tinynn::deploy
