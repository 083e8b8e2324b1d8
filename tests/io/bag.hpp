// What the tests of checkpoints share: a module of any parameters, masks from lists, what load() says.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <tinynn/io/checkpoint.hpp>

#include "tests/io/fixtures.hpp"

namespace io_fixtures {

/// A module of any parameters, by name.
struct Bag : tinynn::nn::Module {
  explicit Bag(std::vector<std::pair<std::string, tinynn::Tensor>> values) {
    for (const auto& [name, value] : values) list.emplace_back(name, tinynn::Parameter(value));
  }
  void members(tinynn::nn::Visitor& v) override {
    for (auto& [name, parameter] : list) v(name, parameter);
  }
  tinynn::Tensor forward(const tinynn::Tensor& x) override { return x; }
  tinynn::Parameter& operator[](size_t i) { return list[i].second; }

  std::vector<std::pair<std::string, tinynn::Parameter>> list;
};

inline tinynn::Mask mask_of(const tinynn::Shape& shape, const std::vector<int>& alive) {
  tinynn::Mask mask(shape);
  for (size_t i = 0; i < alive.size(); ++i) mask.set(static_cast<int64_t>(i), alive[i] != 0);
  return mask;
}

/// What load() says about these bytes, after "F: ".
inline std::string message_of(tinynn::nn::Module& module, const std::string& bytes) {
  const std::string text = error_of([&] { tinynn::io::load(module, parse(bytes)); });
  return text.starts_with("F: ") ? text.substr(3) : text;
}

}  // namespace io_fixtures
