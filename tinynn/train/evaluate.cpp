#include <tinynn/ops/loss.hpp>
#include <tinynn/ops/reduce.hpp>
#include <tinynn/train/evaluate.hpp>

namespace tinynn::train {

int64_t count_correct(const Tensor& logits, const Labels& labels) {
  const Labels predicted = argmax(logits);
  int64_t correct = 0;
  for (int64_t i = 0; i < labels.size(); ++i) correct += predicted[i] == labels[i];
  return correct;
}

Evaluation evaluate(nn::Module& module, data::DataLoader& loader) {
  const nn::EvaluationScope evaluation(module);
  double loss = 0;
  int64_t correct = 0, samples = 0;
  for (auto& [images, labels] : loader) {
    const Tensor logits = module(images);
    loss += cross_entropy(logits, labels).item() * static_cast<double>(labels.size());
    correct += count_correct(logits, labels);
    samples += labels.size();
  }
  const auto count = static_cast<double>(samples);
  return {.accuracy = static_cast<double>(correct) / count, .loss = loss / count};
}

}  // namespace tinynn::train
