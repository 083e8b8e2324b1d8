// TrainingCurve: how loss and accuracy went in one training, as averages: a handful of points an epoch, and
// one.
#pragma once

#include <cstdint>
#include <vector>

#include <tinynn/core/state.hpp>
#include <tinynn/train/run.hpp>

namespace tinynn::cli {

struct CurvePoint {
  double epoch;           // the middle of what was averaged, in epochs since the start
  double loss, accuracy;  // mean over batches; fraction of the training images that were right, in [0, 1]

  void state(StateVisitor& visit);
};

class TrainingCurve {
 public:
  /// Adds a batch of so many samples, of which those that were counted are right. Batches have to come in
  /// order.
  void add(const train::Progress& progress, int64_t samples);

  const std::vector<CurvePoint>& pieces() const {
    return pieces_;
  }  // 20 an epoch, less if it has less batches
  const std::vector<CurvePoint>& epochs() const { return epochs_; }
  void state(StateVisitor& visit);

 private:
  struct Sums {
    double loss = 0;
    int64_t batches = 0, right = 0, samples = 0;

    void state(StateVisitor& visit);
  };
  // Adds the average that ends with this batch to the points, and starts the next.
  static void finish(Sums& sums, const train::Progress& last, std::vector<CurvePoint>& points);

  Sums piece_, epoch_;
  std::vector<CurvePoint> pieces_, epochs_;
};

}  // namespace tinynn::cli
