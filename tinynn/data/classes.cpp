// Which class a sample is of: the numbers of classes, and a split that keeps their shares.
#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/data/parts.hpp>
#include <tinynn/data/printable.hpp>

namespace tinynn::data {
namespace {

class Relabelled : public Dataset {
 public:
  Relabelled(DatasetPtr dataset, std::vector<int64_t> numbers, int64_t classes)
      : dataset_(std::move(dataset)), numbers_(std::move(numbers)), classes_(classes) {}
  int64_t size() const override { return dataset_->size(); }
  Shape sample_shape() const override { return dataset_->sample_shape(); }
  int64_t classes() const override { return classes_; }
  int64_t get(int64_t i, Generator& generator, float* out) const override {
    return numbers_[dataset_->get(i, generator, out)];
  }

 private:
  DatasetPtr dataset_;
  std::vector<int64_t> numbers_;  // by class of the dataset
  int64_t classes_;
};

// "a, b, c and 7 more".
std::string some_names(const std::vector<std::string>& names) {
  constexpr size_t most = 10;
  std::string text;
  for (size_t i = 0; i < std::min(most, names.size()); ++i) text += (i > 0 ? ", " : "") + printable(names[i]);
  return names.size() > most ? text + " and " + std::to_string(names.size() - most) + " more" : text;
}

}  // namespace

std::pair<std::vector<int64_t>, std::vector<int64_t>> stratified_split(const std::vector<int64_t>& labels,
                                                                       double fraction, uint64_t seed) {
  const auto order = RandomStream(seed, 0).permutation(std::ssize(labels));
  std::map<int64_t, int64_t> left;  // of a class, to be taken
  for (const int64_t label : labels) ++left[label];
  for (auto& [label, count] : left) {
    const int64_t wanted = std::llround(static_cast<double>(count) * fraction);
    count =
        count < 2 ? 0 : std::clamp<int64_t>(wanted, fraction > 0 ? 1 : 0, fraction < 1 ? count - 1 : count);
  }
  std::vector<int64_t> first, second;
  for (const int64_t i : order) (left[labels[i]]-- > 0 ? second : first).push_back(i);
  std::ranges::sort(first), std::ranges::sort(second);
  return {std::move(first), std::move(second)};
}

DatasetPtr with_classes(DatasetPtr dataset, const std::vector<std::string>& classes,
                        const std::vector<std::string>& known) {
  if (known.empty() || classes == known) return dataset;
  std::vector<int64_t> numbers;
  for (const std::string& name : classes) {
    const auto found = std::ranges::find(known, name);
    numbers.push_back(found == known.end() ? -1 : found - known.begin());
  }
  std::vector<float> unused(static_cast<size_t>(dataset->sample_shape().numel()));
  for (int64_t i = 0; i < dataset->size(); ++i) {
    Generator generator(RandomStream(0, 0));
    const int64_t label = dataset->get(i, generator, unused.data());
    check(numbers[label] >= 0, "class \"", printable(classes[label]), "\" is none of the ", known.size(),
          " that the network was trained on: ", some_names(known));
  }
  return std::make_shared<Relabelled>(std::move(dataset), std::move(numbers), std::ssize(known));
}

std::vector<std::string> detail::number_classes(const std::string& name, Parts& parts) {
  constexpr int64_t most = 65535;
  int64_t low = most, high = -1;
  const auto each_part = [&](auto&& f) {
    f(parts.train);
    if (parts.test) f(*parts.test);
  };
  each_part([&](Part& part) {
    for (size_t i = 0; i < part.labels.size(); ++i) {
      const int64_t label = part.labels[i];
      check(label >= 0 && label <= most, name, ": label ", i, " is ", label, ", expected 0 to ", most);
      low = std::min(low, label), high = std::max(high, label);
    }
  });
  const int64_t first = low >= 1 && high >= 0 ? 1 : 0;
  each_part([&](Part& part) {
    for (int64_t& label : part.labels) label -= first;
  });
  std::vector<std::string> classes;
  for (int64_t i = first; i <= high; ++i) classes.push_back(std::to_string(i));
  return classes;
}

}  // namespace tinynn::data
