#include <vector>

#include <tinynn/train/reduce.hpp>

namespace tinynn::train {

void Reduce::require_alike(std::span<const double> numbers,
                           const std::function<std::string(size_t)>& message) {
  std::vector<double> all(numbers.begin(), numbers.end());
  sum(std::span(all));
  std::string error;
  for (size_t k = 0; k < all.size() && error.empty(); ++k) {
    if (all[k] != static_cast<double>(ranks()) * numbers[k]) error = message(k);
  }
  if (const std::string first = first_of(error); !first.empty()) throw AgreedError(first);
}

}  // namespace tinynn::train
