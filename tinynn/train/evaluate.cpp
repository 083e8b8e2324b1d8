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

Evaluation evaluate(nn::Module& module, data::DataLoader& loader, const Loss& loss, const Sharing& sharing) {
  const nn::EvaluationScope evaluation(module);
  const Sums sums =
      sum_over_batches(loader, -1, sharing, {{0, 0}}, [&](const data::Batch& batch, Sums& into) {
        const Targets& targets = batch.targets;
        const Tensor output = module(batch.inputs);
        into[0][0] += loss(output, targets).item() * static_cast<double>(targets.size());
        into[0][1] += targets.are_labels() ? static_cast<double>(count_correct(output, targets))
                                           : std::numeric_limits<double>::quiet_NaN();
      });
  const auto samples = static_cast<double>(loader.samples());
  return {.accuracy = sums[0][1] / samples, .loss = sums[0][0] / samples};
}

}  // namespace tinynn::train
