#include <chrono>
#include <cmath>

#include <tinynn/core/error.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/index.hpp>
#include <tinynn/train/run.hpp>

namespace tinynn::train {
namespace {

// The samples [begin, end) of a batch.
data::Batch part(const data::Batch& batch, int64_t begin, int64_t end) {
  const Tensor inputs = slice(batch.inputs, 0, begin, end);
  if (!batch.targets.are_labels()) return {inputs, slice(batch.targets.tensor(), 0, begin, end)};
  const Labels& labels = batch.targets;
  return {inputs, Labels(std::vector<int64_t>(labels.begin() + begin, labels.begin() + end))};
}

}  // namespace

Run::Run(nn::Module& module, optim::Optimizer& optimizer, data::DataLoader& loader, RunOptions options)
    : module_(&module), optimizer_(&optimizer), loader_(&loader), options_(std::move(options)) {
  check(options_.epochs >= 0, "fit: ", options_.epochs, " epochs, expected 0 or more");
}

// Forward and backward of all shards; returns the loss of the batch.
double Run::step(const data::Batch& batch) {
  Reduce alone;
  Reduce& reduce = options_.reduce != nullptr ? *options_.reduce : alone;
  const int64_t samples = batch.targets.size(), shards = reduce.shards();
  double value = 0;
  for (int64_t s = reduce.first(); s < reduce.last(); ++s) {
    const int64_t begin = samples * s / shards, end = samples * (s + 1) / shards;
    if (begin == end) continue;
    const data::Batch shard = shards == 1 ? batch : part(batch, begin, end);
    const double share = static_cast<double>(end - begin) / static_cast<double>(samples);
    const Tensor mean = options_.loss((*module_)(shard.inputs), shard.targets);
    const Tensor loss = shards == 1 ? mean : mean * share;
    value += loss.item();
    // A penalty is one of the parameters, not of samples: once a step.
    const Tensor penalty = options_.penalty && s == 0 ? options_.penalty() : Tensor();
    const Tensor total = penalty.defined() ? loss + penalty : loss;
    check(std::isfinite(total.item()), "fit: the loss became ", total.item(), " in epoch ", epoch_ + 1,
          " at step ", batch_ + 1, " of ", loader_->size(), "; a smaller learning rate may help (it is ",
          optimizer_->lr(), ")");
    total.backward();
  }
  reduce.sum(optimizer_->parameters());
  return reduce.sum(value);
}

bool Run::advance() {
  using Clock = std::chrono::steady_clock;
  if (is_over()) return false;
  const nn::KeepMode mode(*module_);
  module_->train();
  if (at_) {
    ++*at_;
  } else {
    at_.emplace(loader_->begin(batch_));
  }
  const data::Batch& batch = **at_;
  const auto start = Clock::now();
  if (options_.before_step) options_.before_step(epoch_ * loader_->size() + batch_);
  optimizer_->zero_grad();
  const double loss = step(batch);
  optimizer_->step();
  if (options_.after_step) options_.after_step(optimizer_->lr());
  if (options_.scheduler != nullptr) options_.scheduler->step();
  sums_.loss += loss / static_cast<double>(loader_->size());
  sums_.seconds += std::chrono::duration<double>(Clock::now() - start).count();
  progress_ = {epoch_, options_.epochs, batch_, loader_->size(), loss};
  if (++batch_ == loader_->size()) {
    epochs_.push_back(std::exchange(sums_, {}));
    at_.reset();
    batch_ = 0;
    ++epoch_;
  }
  if (options_.on_step) options_.on_step(progress_);
  return true;
}

std::vector<Epoch> fit(nn::Module& module, optim::Optimizer& optimizer, data::DataLoader& loader,
                       const FitOptions& options) {
  Run run(module, optimizer, loader, options);
  while (run.advance()) {
  }
  return run.epochs();
}

void Progress::state(StateVisitor& visit) {
  visit("epoch", epoch);
  visit("epochs", epochs);
  visit("batch", batch);
  visit("batches", batches);
  visit("loss", loss);
}

void Epoch::state(StateVisitor& visit) {
  visit("loss", loss);
  visit("seconds", seconds);
}

void Run::state(StateVisitor& visit) {
  // The loader counts an epoch when it begins.
  int64_t begun = at_ ? 1 : 0;
  visit("begun", begun);
  if (visit.reads()) {
    at_.reset();
    loader_->set_epoch(loader_->epoch() - begun);
  }
  visit("epoch", epoch_);
  visit("batch", batch_);
  check(epoch_ >= 0 && epoch_ <= options_.epochs && batch_ >= 0 && batch_ < loader_->size(), "state: epoch ",
        epoch_, ", batch ", batch_, ", expected at most ", options_.epochs, " epochs of ", loader_->size(),
        " batches");
  visit.part("sums", sums_);
  visit.part("progress", progress_);
  visit.all("epochs", epochs_);
}

}  // namespace tinynn::train
