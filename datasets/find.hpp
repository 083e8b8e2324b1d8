// Where the data are that tests and examples want. find.sh beside is the same for scripts.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include <tinynn/data/cifar10.hpp>
#include <tinynn/data/mnist.hpp>

namespace datasets {

/// The folder ROOT/NAME ("mnist", "fashion-mnist" or "cifar10") that holds all files: ROOT is $TINYNN_DATA,
/// "datasets", or the one of Debian's packages. None if there is none.
inline std::optional<std::filesystem::path> find(const std::string& name) {
  const auto has = name == "cifar10" ? tinynn::data::has_cifar10 : tinynn::data::has_mnist;
  const char* set = std::getenv("TINYNN_DATA");
  for (const char* root :
       {set != nullptr && *set != '\0' ? set : "datasets", "datasets", "/usr/share/datasets"}) {
    if (const auto folder = std::filesystem::path(root) / name; has(folder)) return folder;
  }
  return std::nullopt;
}

}  // namespace datasets
