// The registry: every operation that there is. An operation is a constant, autograd::Op, beside the function
// that records it; each file of operations ends with the list of its own, and registry.cpp joins them (a
// static library would drop objects that register themselves). The tests hold every operation in it to having
// all its parts.
#pragma once

#include <string_view>
#include <vector>

#include <tinynn/autograd/node.hpp>

namespace tinynn::ops {

// Those that layers and tests need as constants.
extern const autograd::Op linear, conv2d, batch_norm, dropout;

/// All operations, family by family.
const std::vector<const autograd::Op*>& all();
/// Null if there is none of that name.
const autograd::Op* find(std::string_view name);

// The families, each at the end of its file.
std::vector<const autograd::Op*> activation();
std::vector<const autograd::Op*> arithmetic();
std::vector<const autograd::Op*> compare();
std::vector<const autograd::Op*> index();
std::vector<const autograd::Op*> loss();
std::vector<const autograd::Op*> matmul();
std::vector<const autograd::Op*> pointwise();
std::vector<const autograd::Op*> pool();
std::vector<const autograd::Op*> reduce();
std::vector<const autograd::Op*> shape();

}  // namespace tinynn::ops
