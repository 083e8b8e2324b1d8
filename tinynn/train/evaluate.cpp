#include <limits>

#include <tinynn/ops/reduce.hpp>
#include <tinynn/train/evaluate.hpp>

namespace tinynn::train {

int64_t count_correct(const Tensor& logits, const Labels& labels) {
  const Labels predicted = argmax(logits);
  int64_t correct = 0;
  for (int64_t i = 0; i < labels.size(); ++i) correct += predicted[i] == labels[i];
  return correct;
}

Evaluation evaluate(nn::Module& module, data::DataLoader& loader, const Loss& loss,
                    const EvaluateOptions& options) {
  const nn::EvaluationScope evaluation(module);
  Reduce alone;
  Shards shards(options.shards, options.reduce != nullptr ? *options.reduce : alone);
  const int64_t epoch = loader.epoch();
  const auto [loss_sum, correct] = shards.sum([&](int64_t shard) {
    Values sums{};
    const data::Share share{shard, shard + 1, shards.count()};
    loader.set_epoch(epoch);
    auto batch = loader.begin(share.begin(loader.size()));
    for (int64_t left = share.end(loader.size()) - share.begin(loader.size()); left > 0; --left, ++batch) {
      const Targets& targets = batch->targets;
      const Tensor output = module(batch->inputs);
      sums[0] += loss(output, targets).item() * static_cast<double>(targets.size());
      sums[1] += targets.are_labels() ? static_cast<double>(count_correct(output, targets))
                                      : std::numeric_limits<double>::quiet_NaN();
    }
    return sums;
  });
  loader.set_epoch(epoch + 1);
  const auto samples = static_cast<double>(loader.samples());
  return {.accuracy = correct / samples, .loss = loss_sum / samples};
}

}  // namespace tinynn::train
