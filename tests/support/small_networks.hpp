// Small networks of what random networks have too little of, each by name: arithmetic, reductions and rare
// layers in every position that a program, a header or an ONNX file has to tell apart.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <tinynn/nn/module.hpp>

namespace test {

struct SmallNetwork {
  std::string name;  // a C identifier
  tinynn::Shape of_one;
  std::unique_ptr<tinynn::nn::Module> net;
};

/// Each time new ones, with weights drawn anew.
std::vector<SmallNetwork> small_networks();

}  // namespace test
