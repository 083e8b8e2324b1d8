#include <algorithm>
#include <sstream>

#include <tinynn/recipe/tables.hpp>

namespace tinynn::recipe {
namespace {

prune::SparsitySchedule listed(const std::string& argument) {
  prune::SparsitySchedule list;
  std::istringstream numbers(argument);
  for (std::string item; std::getline(numbers, item, ',');)
    list.push_back(number_of("schedule", "list:" + item));
  check(std::ranges::is_sorted(list), "schedule: the sparsities of the list must not fall");
  check(!list.empty() && list.front() >= 0 && list.back() <= 1,
        "schedule: the list needs sparsities between 0 and 1");
  return list;
}

using Options = prune::ScheduleOptions;

const ScheduleRow schedule_rows[] = {
    {{"one-shot", "all at once"}, [](const std::string&, const Options& o) { return prune::one_shot(o.to); }},
    {{"linear", "equal steps"}, [](const std::string&, const Options& o) { return prune::linear(o); }},
    {{"cubic", "fast first, slow towards the end"},
     [](const std::string&, const Options& o) { return prune::cubic(o); }},
    {{"exponential", "each step keeps the same fraction of what is left"},
     [](const std::string&, const Options& o) { return prune::exponential(o); }},
    {{"constant", "R of what is left, each step, until it is enough", "R"},
     [](const std::string& rate, const Options& o) {
       return prune::constant_rate({.rate = number_of("schedule", "constant:" + rate), .to = o.to});
     }},
    {{"list", "these sparsities, one a step", "F,F,..."},
     [](const std::string& list, const Options&) { return listed(list); }},
};

// Over a tenth of the steps.
int64_t warmup(int64_t steps) { return std::min<int64_t>(200, steps / 10); }

const LrScheduleRow lr_rows[] = {
    {{"constant", "the same rate all along"}, [](const std::string&, int64_t) { return optim::constant(); }},
    {{"linear", "a straight line to zero"},
     [](const std::string&, int64_t steps) { return optim::linear({.steps = steps}); }},
    {{"cosine", "half a cosine to zero, after a warm-up over a tenth of the steps, at most 200"},
     [](const std::string&, int64_t steps) {
       return optim::cosine({.steps = steps, .warmup = warmup(steps)});
     }},
    {{"flat-cosine", "the same warm-up, constant, and the half cosine over the last part F of the steps",
      "F"},
     [](const std::string& argument, int64_t steps) {
       const double fall = number_of("lr-schedule", "flat-cosine:" + argument);
       check(fall >= 0 && fall <= 0.9, "lr-schedule: flat-cosine:", fall,
             ", expected a fraction between 0 and 0.9");
       return optim::flat_cosine({.steps = steps, .warmup = warmup(steps), .fall = fall});
     }},
    {{"one-cycle", "half a cosine from 0.04 of the rate up, over 0.3 of the steps, and one down to zero"},
     [](const std::string&, int64_t steps) { return optim::one_cycle({.steps = steps}); }},
};

}  // namespace

std::span<const ScheduleRow> schedules() { return schedule_rows; }
std::span<const LrScheduleRow> lr_schedules() { return lr_rows; }

}  // namespace tinynn::recipe
