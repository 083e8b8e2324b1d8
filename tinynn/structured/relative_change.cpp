#include <algorithm>
#include <cmath>

#include <tinynn/core/error.hpp>
#include <tinynn/structured/relative_change.hpp>

namespace tinynn::structured {

double relative_change(const std::vector<Tensor>& before, const std::vector<Tensor>& after) {
  double largest = 0, change = 0;
  for (size_t k = 0; k < before.size(); ++k) {
    check(before[k].shape() == after[k].shape(), "prune: an output of shape ", before[k].shape(), " became ",
          after[k].shape());
    for (int64_t i = 0; i < before[k].numel(); ++i) {
      const auto a = static_cast<double>(before[k].data()[i]), b = static_cast<double>(after[k].data()[i]);
      largest = std::max(largest, std::fabs(a));
      const double difference = std::fabs(a - b);
      if (std::isnan(difference) && !std::isnan(a)) return INFINITY;
      change = std::max(change, difference);
    }
  }
  return change == 0 ? 0 : change / largest;
}

}  // namespace tinynn::structured
