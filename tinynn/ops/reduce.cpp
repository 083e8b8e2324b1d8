#include <algorithm>

#include <tinynn/core/error.hpp>
#include <tinynn/ops/reduce.hpp>

namespace tinynn {

Labels argmax(const Tensor& x) {
  check(x.rank() == 2 && x.size(1) >= 1, "argmax: ", x.shape(), " is not (n, classes)");
  const int64_t columns = x.size(1);
  std::vector<int64_t> result(static_cast<size_t>(x.size(0)));
  const float* row = x.data();
  for (auto& best : result) {
    best = std::max_element(row, row + columns) - row;
    row += columns;
  }
  return Labels(std::move(result));
}

}  // namespace tinynn
