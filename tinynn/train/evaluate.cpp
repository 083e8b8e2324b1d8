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

Evaluation evaluate(nn::Module& module, data::DataLoader& loader, const Loss& loss) {
  const nn::EvaluationScope evaluation(module);
  double sum = 0, correct = 0;
  for (const auto& [inputs, targets] : loader) {
    const Tensor output = module(inputs);
    sum += loss(output, targets).item() * static_cast<double>(targets.size());
    correct += targets.are_labels() ? static_cast<double>(count_correct(output, targets))
                                    : std::numeric_limits<double>::quiet_NaN();
  }
  const auto samples = static_cast<double>(loader.samples());
  return {.accuracy = correct / samples, .loss = sum / samples};
}

}  // namespace tinynn::train
