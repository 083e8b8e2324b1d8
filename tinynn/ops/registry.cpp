#include <algorithm>

#include <tinynn/core/fork.hpp>
#include <tinynn/ops/registry.hpp>

namespace tinynn::ops {

const std::vector<const Op*>& all() {
  static const auto joined = [] {
    std::vector<const Op*> operations{&linear,     &conv1d,     &conv2d, &conv_transpose2d, &batch_norm,
                                      &layer_norm, &group_norm, &prelu,  &dropout};
    for (const auto family :
         {activation, arithmetic, compare, index, loss, matmul, pad, pointwise, pool, reduce, shape}) {
      const auto members = family();
      operations.insert(operations.end(), members.begin(), members.end());
    }
    return operations;
  }();
  return joined;
}
static const tinynn::detail::MadeBeforeMain list_is_made(all);

const Op* find(std::string_view name) {
  const auto found = std::ranges::find_if(all(), [=](const Op* op) { return op->name == name; });
  return found == all().end() ? nullptr : *found;
}

}  // namespace tinynn::ops
