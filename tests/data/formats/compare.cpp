// Tells whether data::open() gives the same samples, labels and normalization for two paths, float by float:
// tinynn_compare_data PATH PATH... compares each with the first. Numbers are taken for pictures of 28 x 28.
#include <cstdio>
#include <exception>

#include <tinynn/data/open.hpp>

namespace {

using namespace tinynn;

bool equal(const data::Dataset& a, const data::Dataset& b) {
  if (a.size() != b.size() || a.sample_shape() != b.sample_shape() || a.classes() != b.classes())
    return false;
  std::vector<float> x(static_cast<size_t>(a.sample_shape().numel())), y(x.size());
  for (int64_t i = 0; i < a.size(); ++i) {
    data::Generator generator(RandomStream(0, 0));
    if (a.get(i, generator, x.data()) != b.get(i, generator, y.data()) || x != y) return false;
  }
  return true;
}

}  // namespace

int main(int count, char** arguments) {
  int different = 0;
  try {
    const data::OpenOptions options{.shape = Shape{1, 28, 28}};
    const data::Opened first = data::open(arguments[1], options);
    for (int i = 2; i < count; ++i) {
      const data::Opened other = data::open(arguments[i], options);
      const bool same = equal(*first.train, *other.train) && equal(*first.test, *other.test) &&
                        first.normalization.mean == other.normalization.mean &&
                        first.normalization.std == other.normalization.std;
      std::printf("%s: %s, %s\n", arguments[i], other.kind.c_str(), same ? "equal" : "DIFFERENT");
      different += int{!same};
    }
  } catch (const std::exception& error) {
    std::printf("FAILED: %s\n", error.what());
    return 1;
  }
  return different == 0 && count > 2 ? 0 : 1;
}
