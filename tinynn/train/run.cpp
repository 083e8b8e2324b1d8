#include <chrono>
#include <cmath>

#include <tinynn/core/error.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/index.hpp>
#include <tinynn/ops/reduce.hpp>
#include <tinynn/train/run.hpp>

namespace tinynn::train {
namespace {

Targets part(const Targets& targets, int64_t begin, int64_t end) {
  if (!targets.are_labels()) return slice(targets.tensor(), 0, begin, end);
  const Labels& labels = targets;
  return Labels(std::vector<int64_t>(labels.begin() + begin, labels.begin() + end));
}

// The samples [begin, end) of a batch.
data::Batch part(const data::Batch& batch, int64_t begin, int64_t end) {
  if (begin == 0 && end == batch.targets.size()) return batch;
  return {slice(batch.inputs, 0, begin, end), part(batch.targets, begin, end)};
}

}  // namespace

Run::Run(nn::Module& module, optim::Optimizer& optimizer, data::DataLoader& loader, RunOptions options)
    : module_(&module),
      optimizer_(&optimizer),
      loader_(&loader),
      options_(std::move(options)),
      shards_(options_.shards, options_.reduce != nullptr ? *options_.reduce : alone_,
              options_.sync_batch_norm) {
  check(options_.epochs >= 0, "fit: ", options_.epochs, " epochs, expected 0 or more");
  check(options_.teacher.module != &module, "fit: the network is its own teacher, expected a clone");
}

Tensor Run::mean_loss(const Tensor& output, const data::Batch& batch) {
  const Tensor loss = options_.loss(output, batch.targets);
  const auto& [teacher, temperature, share] = options_.teacher;
  if (teacher == nullptr) return loss;
  Tensor imitated;
  {
    const nn::EvaluationScope evaluation(*teacher);
    imitated = (*teacher)(batch.inputs);
  }
  return loss * (1 - share) + distillation_loss(output, imitated, temperature) * share;
}

Values Run::pass(const data::Batch& batch, double share, bool penalise) {
  Tensor total = penalise ? options_.penalty() : Tensor();
  Values values{};
  const auto add = [&](const Tensor& loss) { total = total.defined() ? loss + total : loss; };
  if (batch.targets.size() > 0) {
    const Tensor output = (*module_)(batch.inputs);
    const Tensor mean = mean_loss(output, batch);
    const Tensor loss = share == 1 ? mean : mean * share;
    values = {loss.item(), options_.count ? options_.count(output, batch.targets) : 0};
    add(loss);
  } else if (options_.sync_batch_norm) {  // the other shards wait for it
    add(sum((*module_)(batch.inputs)));
  }
  if (!total.defined()) return values;
  const double all = total.item();
  check(std::isfinite(all), "fit: the loss became ", std::isnan(all) ? std::abs(all) : all, " in epoch ",
        epoch_ + 1, " at step ", batch_ + 1, " of ", loader_->size(),
        "; a smaller learning rate may help (it is ", optimizer_->lr(), ")");
  total.backward();
  return values;
}

Values Run::step_in_shards(const data::Batch& mine) {
  const int64_t samples = loader_->samples_in(batch_), count = shards_.count();
  const auto begin = [&](int64_t shard) { return data::Share{shard, shard + 1, count}.begin(samples); };
  const auto size = [&](int64_t shard) { return static_cast<double>(begin(shard + 1) - begin(shard)); };
  const int64_t offset = begin(shards_.first());
  const auto part_of = [&](const auto& whole, int64_t shard) {
    return part(whole, begin(shard) - offset, begin(shard + 1) - offset);
  };
  const auto divisor = [&](int64_t shard) {
    return options_.divisor ? options_.divisor(part_of(mine.targets, shard)) : size(shard);
  };
  auto whole = static_cast<double>(samples);
  if (options_.divisor)
    whole = shards_.sum({{0}}, [&](int64_t shard, Sums& sums) { sums[0][0] += divisor(shard); })[0][0];
  std::vector<Parameter> parameters = optimizer_->parameters();
  if (options_.more_parameters) {
    for (auto& parameter : options_.more_parameters()) parameters.push_back(parameter);
  }
  return shards_.sum(
      *module_, parameters, [&](int64_t shard) { return size(shard) / static_cast<double>(samples); },
      [&](int64_t shard) {
        // A penalty is one of the parameters, not of samples: once a step.
        return pass(part_of(mine, shard), divisor(shard) / whole, options_.penalty && shard == 0);
      });
}

bool Run::advance() {
  using Clock = std::chrono::steady_clock;
  if (is_over()) return false;
  const nn::KeepMode mode(*module_);
  module_->train();
  if (at_) {
    ++*at_;
  } else {
    at_.emplace(loader_->begin(batch_, {shards_.first(), shards_.last(), shards_.count()}));
  }
  const data::Batch& batch = **at_;
  const auto start = Clock::now();
  if (options_.before_step) options_.before_step(epoch_ * loader_->size() + batch_);
  optimizer_->zero_grad();
  const auto [loss, counted] =
      shards_.count() == 1 ? pass(batch, 1, options_.penalty != nullptr) : step_in_shards(batch);
  optimizer_->step();
  if (options_.after_step) options_.after_step(optimizer_->lr());
  if (options_.scheduler != nullptr) options_.scheduler->step();
  sums_.loss += loss / static_cast<double>(loader_->size());
  sums_.seconds += std::chrono::duration<double>(Clock::now() - start).count();
  progress_ = {epoch_, options_.epochs, batch_, loader_->size(), loss, counted};
  if (++batch_ == loader_->size()) {
    epochs_.push_back(std::exchange(sums_, {}));
    at_.reset();
    batch_ = 0;
    ++epoch_;
  }
  // Every so many steps: what differs would go on differing.
  if (steps() % 100 == 0 || is_over()) shards_.check_equal(*module_);
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
  visit("counted", counted);
}

void Epoch::state(StateVisitor& visit) {
  visit("loss", loss);
  visit("seconds", seconds);
}

void Run::state(StateVisitor& visit) {
  int64_t shards = options_.shards;
  visit("shards", shards);
  check(shards == options_.shards, "state: it is of a run with ", shards, " shards, expected ",
        options_.shards);
  int64_t synced = options_.sync_batch_norm ? 1 : 0;
  visit("sync_batch_norm", synced);
  check((synced != 0) == options_.sync_batch_norm, "state: it is of a run ", synced != 0 ? "with" : "without",
        " synchronised batch normalisation");
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
