#include <algorithm>

#include <tinynn/cli/training_curve.hpp>

namespace tinynn::cli {

void TrainingCurve::add(const train::Progress& progress, int64_t samples) {
  for (Sums* sums : {&piece_, &epoch_}) {
    sums->loss += progress.loss;
    sums->batches += 1;
    sums->right += static_cast<int64_t>(progress.counted);
    sums->samples += samples;
  }
  const int64_t pieces = std::min<int64_t>(20, progress.batches);
  const auto piece_of = [&](int64_t batch) { return batch * pieces / progress.batches; };
  if (piece_of(progress.batch + 1) != piece_of(progress.batch)) finish(piece_, progress, pieces_);
  if (progress.batch + 1 == progress.batches) finish(epoch_, progress, epochs_);
}

void TrainingCurve::finish(Sums& sums, const train::Progress& last, std::vector<CurvePoint>& points) {
  const auto batches = static_cast<double>(sums.batches);
  const double middle =
      (static_cast<double>(last.batch + 1) - batches / 2) / static_cast<double>(last.batches);
  points.push_back({.epoch = static_cast<double>(last.epoch) + middle,
                    .loss = sums.loss / batches,
                    .accuracy = static_cast<double>(sums.right) /
                                static_cast<double>(std::max<int64_t>(sums.samples, 1))});
  sums = {};
}

void CurvePoint::state(StateVisitor& visit) {
  visit("epoch", epoch);
  visit("loss", loss);
  visit("accuracy", accuracy);
}

void TrainingCurve::Sums::state(StateVisitor& visit) {
  visit("loss", loss);
  visit("batches", batches);
  visit("right", right);
  visit("samples", samples);
}

void TrainingCurve::state(StateVisitor& visit) {
  visit.part("piece", piece_);
  visit.part("epoch", epoch_);
  visit.all("pieces", pieces_);
  visit.all("epochs", epochs_);
}

}  // namespace tinynn::cli
