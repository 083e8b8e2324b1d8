// Networks by name, as the command line and model files know them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <tinynn/nn/module.hpp>

namespace tinynn::models {

/// For (n, 1, 28, 28): "lenet-300-100", "lenet-5", "lenet-5-bn", "simple-cnn"; for (n, 3, 32, 32):
/// "densenet-small", "resnet-20", "vgg-small".
std::vector<std::string> names();
/// A freshly initialised network. Throws Error, listing the names, for one that is not known.
std::unique_ptr<nn::Module> make(const std::string& name);

}  // namespace tinynn::models
