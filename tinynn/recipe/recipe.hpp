// Recipe: how a network is trained and pruned, as plain data. Its words are the rows of the tables
// (tables.hpp) and the options of `tinynn prune` of the same names.
//
//   recipe::Recipe recipe{.criterion = "taylor", .granularity = "filter", .sparsity = 0.8, .steps = 10,
//                         .finetune_epochs = 2};
//   std::cout << recipe;   // criterion=taylor granularity=filter sparsity=0.8 ...
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include <tinynn/prune/schedule.hpp>

namespace tinynn::recipe {

struct Recipe {
  std::string criterion = "magnitude", granularity = "weight";
  std::string scope = "global";  // or "local", or, of channels, "isomorphic"
  // How much, one of them; or none, where the granularity (N:M), the schedule (list:...) or the zeros that a
  // regularizer makes say it.
  std::optional<double> sparsity = {};   // fraction of the weights, or channels, that is zero in the end
  std::optional<double> threshold = {};  // prune once what scores no more than this
  std::optional<double> to_macs = {}, to_parameters = {};  // fraction of the network that remains
  std::string schedule = "cubic";                          // of the sparsity, over the steps
  int64_t steps = 10;
  std::string regularizer = {}, regrow = {};  // "l1:1e-4", "rigl"; empty: none
  // Whose weights are pruned; "-fc2" leaves a layer out of those named, or of all if no other is.
  std::vector<std::string> layers = {};
  double norm = 2;           // order of the norm of criterion "ln"
  double keep_at_least = 0;  // of each layer, as a fraction
  int64_t round_to = 1;      // channels that stay in a layer are a multiple of this

  int64_t epochs = 0;  // of dense training before the first step
  // If not 0: sparsity grows in the middle of one training, over so many epochs, with a cut every
  // update_every steps in place of `steps`; epochs before and finetune_epochs after are part of it.
  int64_t ramp_epochs = 0;
  int64_t update_every = 100;   // training steps, between two cuts of a ramp, and between two regrowths
  int64_t finetune_epochs = 0;  // after each step
  std::string lr_schedule = "constant";  // of each of these trainings, from the optimizer's first rate
  bool cut_dead_units = false;           // after each cut, also weights of units without input or output
  // Batches that make running statistics anew after each cut; by default 20 where channels or layers are
  // deleted, else none.
  std::optional<int64_t> recalibrate_bn = {};
  std::optional<int64_t> rewind = {};     // to the weights after so many steps of dense training
  std::optional<double> max_loss = {};    // of accuracy, as a fraction: the step that loses more is undone
  std::string erase = "before-finetune";  // when dead channels are deleted: or "at-end", "never"

  bool operator==(const Recipe&) const = default;
};

/// "name=value ...": all that is not as in Recipe{}, in the order of the fields.
std::string to_text(const Recipe& recipe);
std::ostream& operator<<(std::ostream& out, const Recipe& recipe);

/// Of two texts of "name=value ...", the first option that differs, as "steps=3, expected the usual steps";
/// empty if none does.
std::string first_difference(const std::string& options, const std::string& expected);

/// The sparsity after each step; {0} where a threshold or the zeros of a regularizer say how much. Throws
/// Error, in one line, for a recipe that contradicts itself or names what no table has.
prune::SparsitySchedule schedule_of(const Recipe& recipe);

}  // namespace tinynn::recipe
