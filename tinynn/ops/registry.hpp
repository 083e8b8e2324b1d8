// The registry: every operation that there is. An operation is a constant, autograd::Op, beside the function
// that records it; each file of operations ends with the list of its own, and registry.cpp joins them (a
// static library would drop objects that register themselves). The tests hold every operation in it to having
// all its parts.
#pragma once

#include <string_view>
#include <vector>

#include <tinynn/autograd/node.hpp>

namespace tinynn {

using autograd::Op;

namespace ops {

// Those that layers and tests need as constants.
extern const Op linear, conv1d, conv2d, conv_transpose2d, batch_norm, layer_norm, group_norm, prelu, dropout;

/// All operations, family by family.
const std::vector<const Op*>& all();
/// Null if there is none of that name.
const Op* find(std::string_view name);

// The families, each at the end of its file.
std::vector<const Op*> activation();
std::vector<const Op*> arithmetic();
std::vector<const Op*> compare();
std::vector<const Op*> index();
std::vector<const Op*> loss();
std::vector<const Op*> matmul();
std::vector<const Op*> pad();
std::vector<const Op*> pointwise();
std::vector<const Op*> pool();
std::vector<const Op*> reduce();
std::vector<const Op*> shape();

}  // namespace ops
}  // namespace tinynn
