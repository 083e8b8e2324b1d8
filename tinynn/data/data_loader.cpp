#include <algorithm>
#include <array>
#include <numeric>
#include <utility>
#include <vector>

#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/core/state.hpp>
#include <tinynn/data/data_loader.hpp>
#include <tinynn/data/prefetch.hpp>

namespace tinynn::data {
namespace {

// A stream that no other part of the library uses, so that a loader with seed 1 does not repeat the numbers
// that initialised the weights after manual_seed(1).
constexpr uint64_t loader_call = 0x6461746C6F616465;

Shape batch_shape(int64_t n, const Shape& sample) {
  check(sample.rank() < Shape::max_rank, "DataLoader: samples of shape ", sample,
        " have too many dimensions for a batch");
  std::array<int64_t, Shape::max_rank> sizes{n};
  std::copy(sample.begin(), sample.end(), sizes.begin() + 1);
  return Shape(std::span(sizes).first(static_cast<size_t>(sample.rank() + 1)));
}

// Samples indices[0], indices[1], ... with a generator from the sample's number and the key of the epoch.
Batch gather(const Dataset& dataset, std::span<const int64_t> indices, uint64_t key) {
  const auto n = static_cast<int64_t>(indices.size());
  const Shape sample = dataset.sample_shape();
  const std::optional<Shape> target = dataset.target_shape();
  Tensor inputs(batch_shape(n, sample)), targets = target ? Tensor(batch_shape(n, *target)) : Tensor();
  std::vector<int64_t> labels;
  for (int64_t k = 0; k < n; ++k) {
    const int64_t i = indices[k];
    const auto generator = [=] { return Generator(RandomStream(key, static_cast<uint64_t>(i))); };
    Generator for_input = generator(), for_target = generator();
    labels.push_back(dataset.get(i, for_input, inputs.mutable_data() + k * sample.numel()));
    if (target) dataset.get_target(i, for_target, targets.mutable_data() + k * target->numel());
  }
  return {std::move(inputs), target ? Targets(std::move(targets)) : Targets(Labels(std::move(labels)))};
}

std::vector<int64_t> plain_order(int64_t count) {
  std::vector<int64_t> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), int64_t{0});
  return order;
}

}  // namespace

struct BatchIterator::State {
  DatasetPtr dataset;
  std::vector<int64_t> order;
  int64_t batch_size;
  int64_t batches;
  uint64_t key;
  Share share;
  int64_t position = -1;
  Batch batch = {};
  std::unique_ptr<Prefetch<Batch>> prefetch = {};  // last, so that its thread ends before what it reads

  Batch load(int64_t b) const {
    const auto rest = std::span(order).subspan(static_cast<size_t>(b * batch_size));
    const int64_t samples = std::min(std::ssize(rest), batch_size), begin = share.begin(samples);
    return gather(*dataset,
                  rest.subspan(static_cast<size_t>(begin), static_cast<size_t>(share.end(samples) - begin)),
                  key);
  }

  void advance() {
    batch = {};  // gives its memory back before the batch after the next asks for some
    if (++position < batches) batch = prefetch ? prefetch->next() : load(position);
  }
};

BatchIterator::BatchIterator(std::unique_ptr<State> state) : state_(std::move(state)) {}
BatchIterator::BatchIterator(BatchIterator&& other) noexcept = default;
BatchIterator& BatchIterator::operator=(BatchIterator&& other) noexcept = default;
BatchIterator::~BatchIterator() = default;

Batch& BatchIterator::operator*() const { return state_->batch; }
bool BatchIterator::operator==(std::default_sentinel_t) const { return state_->position >= state_->batches; }

BatchIterator& BatchIterator::operator++() {
  state_->advance();
  return *this;
}

DataLoader::DataLoader(DatasetPtr dataset, const DataLoaderOptions& options)
    : dataset_(std::move(dataset)), options_(options) {
  check(dataset_ != nullptr, "DataLoader: no dataset");
  check(dataset_->size() >= 1, "DataLoader: the dataset is empty, expected at least one sample");
  check(options_.batch_size >= 1, "DataLoader: batch_size is ", options_.batch_size, ", expected at least 1");
  seed_ = (options_.seed ? RandomStream(*options_.seed, loader_call) : next_random_stream()).word(0);
}

BatchIterator DataLoader::begin(int64_t batch, const Share& share) {
  const uint64_t call =
      2 * static_cast<uint64_t>(epoch_++);  // two streams each: the order, and the generator
  const int64_t count = dataset_->size();
  auto state = std::make_unique<BatchIterator::State>(BatchIterator::State{
      .dataset = dataset_,
      .order = options_.shuffle ? RandomStream(seed_, call).permutation(count) : plain_order(count),
      .batch_size = options_.batch_size,
      .batches = size(),
      .key = RandomStream(seed_, call + 1).word(0),
      .share = share,
      .position = batch - 1,
  });
  if (options_.prefetch) {
    state->prefetch = std::make_unique<Prefetch<Batch>>(
        state->batches - batch, [epoch = state.get(), batch](int64_t b) { return epoch->load(batch + b); });
  }
  state->advance();
  return BatchIterator(std::move(state));
}

void DataLoader::state(StateVisitor& visit) {
  visit("seed", seed_);
  visit("epoch", epoch_);
}

int64_t DataLoader::size() const {
  const int64_t full = dataset_->size() / options_.batch_size;
  return full + (!options_.drop_last && full * options_.batch_size < dataset_->size());
}

int64_t DataLoader::samples_in(int64_t batch) const {
  return std::min(options_.batch_size, dataset_->size() - batch * options_.batch_size);
}

int64_t DataLoader::samples() const { return std::min(size() * options_.batch_size, dataset_->size()); }

Tensor DataLoader::example() const {
  return gather(*dataset_, plain_order(std::min(options_.batch_size, dataset_->size())), 0).inputs;
}

}  // namespace tinynn::data
