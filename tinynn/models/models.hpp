// Networks by name, as the command line and model files know them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <tinynn/nn/module.hpp>

namespace tinynn::models {

/// "lenet-300-100", "lenet-5", "resnet-20" (which takes (n, 3, 32, 32), the others (n, 1, 28, 28)),
/// "simple-cnn"
std::vector<std::string> names();
/// A freshly initialised network. Throws Error, listing the names, for one that is not known.
std::unique_ptr<nn::Module> make(const std::string& name);

}  // namespace tinynn::models
