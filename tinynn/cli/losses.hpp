// What --loss may be: what training makes small, and what is measured of a network that is no classifier.
#pragma once

#include <span>

#include <tinynn/core/targets.hpp>
#include <tinynn/recipe/table.hpp>

namespace tinynn::cli {

struct LossRow : recipe::Row {
  Tensor (*loss)(const Tensor& output, const Targets& targets);
  bool for_classes = false;  // targets are labels, and accuracy is measured
  bool of_inputs = false;    // targets are the inputs themselves
};
std::span<const LossRow> losses();

/// The one of that name; without a name the one that fits the data: cross-entropy for classes, else mse.
const LossRow& loss_of(const std::string& name, bool has_classes);

}  // namespace tinynn::cli
