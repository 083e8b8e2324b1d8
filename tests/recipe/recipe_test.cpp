#include <set>

#include <doctest/doctest.h>

#include <tinynn/recipe/tables.hpp>

#include "tests/support/error_of.hpp"

using namespace tinynn;
using recipe::Recipe;

namespace {

template <class R>
void check_table(std::span<const R> table) {
  std::set<std::string> names;
  for (const R& row : table) {
    CHECK(names.insert(row.name).second);
    CHECK(std::string(row.help).size() > 2);
  }
}

std::string refused(const Recipe& recipe) {
  return test::error_of([&] { schedule_of(recipe); });
}

}  // namespace

TEST_CASE("recipe. rows have names of their own and help, and are found by them") {
  check_table(recipe::criteria());
  check_table(recipe::granularities());
  check_table(recipe::schedules());
  check_table(recipe::lr_schedules());
  check_table(recipe::regularizers());
  check_table(recipe::augmentations());
  check_table(recipe::regrowers());
  for (const auto& row : recipe::granularities()) {
    const std::string text = row.argument != nullptr ? row.name + std::string(":4") : row.name;
    CHECK(&recipe::granularity_row(text == "N:M" ? "2:4" : text) == &row);
  }
  CHECK(recipe::n_of_m("2:4") == std::pair<int64_t, int64_t>{2, 4});
}

TEST_CASE("recipe. augmentations are those of the list, in its order") {
  data::Image image(1, 2, 3);
  image.pixels = {1, 2, 3, 4, 5, 6};
  const auto changed = [&](const std::string& list, uint64_t sample) {
    data::Generator generator(RandomStream(1, sample));
    data::Image result = image;
    for (const auto& transform : recipe::augmentations_of(list, {1, 2, 3}, 9))
      result = transform(std::move(result), generator);
    return result.pixels;
  };
  const std::pair<const char*, std::vector<data::Transform>> lists[] = {
      {"", {}},
      {"none", {}},
      {"flip", {data::random_horizontal_flip()}},
      {"crop:1", {data::random_crop({2, 3}, {.padding = 1, .fill = 9})}},
      {"rotate:40,flip", {data::random_affine({.degrees = 40, .fill = 9}), data::random_horizontal_flip()}},
      {"flip,zoom:0.5,crop:2",
       {data::random_horizontal_flip(), data::random_affine({.scale = {0.5, 1.5}, .fill = 9}),
        data::random_crop({2, 3}, {.padding = 2, .fill = 9})}}};
  for (const auto& [list, transforms] : lists) {
    CAPTURE(list);
    for (uint64_t sample = 0; sample < 20; ++sample) {
      data::Generator generator(RandomStream(1, sample));
      data::Image expected = image;
      for (const auto& transform : transforms) expected = transform(std::move(expected), generator);
      CHECK(changed(list, sample) == expected.pixels);
    }
  }
  const auto error = [&](const std::string& list) { return test::error_of([&] { changed(list, 0); }); };
  CHECK(error("flop") == "augment: \"flop\" is none of crop:PIXELS, flip, rotate:DEGREES, zoom:FRACTION");
  CHECK(error("flip,") == "augment: \"\" is none of crop:PIXELS, flip, rotate:DEGREES, zoom:FRACTION");
  CHECK(error("crop") == "augment: \"\" is no number");
  CHECK(error("crop:1.5") == "augment: crop:1.5, expected whole pixels");
  CHECK(error("crop:-1") == "random_crop: padding is -1, expected 0 to 16777216");
  CHECK(error("rotate:-1") == "random_affine: degrees is -1, expected at least 0");
  CHECK(error("zoom:1") == "augment: zoom:1, expected 0 to below 1");
  CHECK(error("crop:1e300").starts_with("augment: crop:1e+300, expected"));
}

TEST_CASE("recipe. prints what is not as usual") {
  CHECK(recipe::to_text(Recipe{}).empty());
  CHECK(recipe::to_text({.criterion = "taylor",
                         .granularity = "filter",
                         .sparsity = 0.8,
                         .steps = 3,
                         .layers = {"conv1", "conv2"},
                         .rewind = 0}) ==
        "criterion=taylor granularity=filter sparsity=0.8 steps=3 layers=conv1,conv2 rewind=0");
}

TEST_CASE("recipe. tells each option that is not as usual, and no other") {
  const std::pair<const char*, Recipe> options[] = {{"criterion=lamp", {.criterion = "lamp"}},
                                                    {"granularity=row", {.granularity = "row"}},
                                                    {"scope=local", {.scope = "local"}},
                                                    {"sparsity=0.5", {.sparsity = 0.5}},
                                                    {"threshold=0.5", {.threshold = 0.5}},
                                                    {"to-macs=0.5", {.to_macs = 0.5}},
                                                    {"to-params=0.5", {.to_parameters = 0.5}},
                                                    {"schedule=linear", {.schedule = "linear"}},
                                                    {"steps=3", {.steps = 3}},
                                                    {"regularizer=l2:1", {.regularizer = "l2:1"}},
                                                    {"regrow=set", {.regrow = "set"}},
                                                    {"layers=a,b", {.layers = {"a", "b"}}},
                                                    {"norm=1", {.norm = 1}},
                                                    {"keep-at-least=0.5", {.keep_at_least = 0.5}},
                                                    {"round-to=8", {.round_to = 8}},
                                                    {"epochs=3", {.epochs = 3}},
                                                    {"ramp-epochs=3", {.ramp_epochs = 3}},
                                                    {"update-every=7", {.update_every = 7}},
                                                    {"finetune-epochs=3", {.finetune_epochs = 3}},
                                                    {"lr-schedule=linear", {.lr_schedule = "linear"}},
                                                    {"cut-dead-units=1", {.cut_dead_units = true}},
                                                    {"recalibrate-bn=0", {.recalibrate_bn = 0}},
                                                    {"rewind=3", {.rewind = 3}},
                                                    {"max-loss=0.5", {.max_loss = 0.5}},
                                                    {"delete=never", {.erase = "never"}}};
  for (const auto& [text, recipe] : options) CHECK(to_text(recipe) == text);
}

TEST_CASE("recipe. the schedule follows from the amount") {
  CHECK(recipe::schedule_of({.sparsity = 0.5, .schedule = "one-shot"}) == prune::SparsitySchedule{0.5});
  CHECK(recipe::schedule_of({.granularity = "channel", .to_macs = 0.25, .schedule = "linear", .steps = 3}) ==
        prune::SparsitySchedule{0.25, 0.5, 0.75});
  CHECK(recipe::schedule_of({.granularity = "1:4"}) == prune::SparsitySchedule{0.75});
  CHECK(recipe::schedule_of({.schedule = "list:0.5,0.75"}) == prune::SparsitySchedule{0.5, 0.75});
  CHECK(recipe::schedule_of({.threshold = 0.1}) == prune::SparsitySchedule{0});
  CHECK(recipe::schedule_of({.regularizer = "l1:0.1"}) == prune::SparsitySchedule{0});
}

TEST_CASE("recipe. what contradicts itself is refused in one line") {
  const std::pair<Recipe, const char*> wrong[] = {
      {{}, "how much to prune? Give sparsity"},
      {{.criterion = "luck", .sparsity = 0.5}, "criterion: \"luck\" is none of magnitude, ln, lamp"},
      {{.criterion = "magnitude:3", .sparsity = 0.5}, "criterion: \"magnitude:3\" is none of"},
      {{.granularity = "atom", .sparsity = 0.5}, "granularity: \"atom\" is none of weight, row"},
      {{.granularity = "block:2.5", .sparsity = 0.5}, "granularity: \"2.5\" is no size of a block"},
      {{.granularity = "block:1e300", .sparsity = 0.5}, "granularity: \"1e300\" is no size of a block"},
      {{.granularity = "block:0", .sparsity = 0.5}, "expected a whole number from 1 to 2^20"},
      {{.granularity = "block:two", .sparsity = 0.5}, "granularity: \"two\" is no number"},
      {{.granularity = "5:4"}, "granularity 5:4 is no N:M with whole numbers, 0 < N <= M"},
      {{.granularity = "2:4", .sparsity = 0.5}, "granularity 2:4 says how much to prune by itself"},
      {{.sparsity = 0.5, .threshold = 0.1}, "exclude each other"},
      {{.sparsity = 1.5}, "sparsity is 1.5, expected a fraction between 0 and 1"},
      {{.to_macs = 0.5}, "to-macs and to-params need whole channels or layers"},
      {{.granularity = "channel", .sparsity = 0.5, .regrow = "set"},
       "goes with neither threshold nor regrow"},
      {{.granularity = "layer", .sparsity = 0.5}, "granularity layer needs to-macs"},
      {{.criterion = "apoz", .granularity = "block:2", .sparsity = 0.5},
       "criterion apoz scores whole outputs"},
      {{.criterion = "bernoulli", .granularity = "filter", .sparsity = 0.5},
       "criterion bernoulli ranks nothing"},
      {{.scope = "wide", .sparsity = 0.5}, "scope is \"wide\", expected global, local or isomorphic"},
      {{.sparsity = 0.5, .schedule = "square"}, "schedule: \"square\" is none of one-shot"},
      {{.schedule = "list:many"}, "schedule: \"many\" is no number"},
      {{.schedule = "list:0.5,0.3"}, "must not fall"},
      {{.sparsity = 0.4, .schedule = "list:0.5"}, "has to end with sparsity"},
      {{.sparsity = 0.5, .regularizer = "l7:1"}, "regularizer: \"l7:1\" is none of l1:S"},
      {{.sparsity = 0.5, .regularizer = "l1"}, "regularizer: \"\" is no number"},
      {{.sparsity = 0.5, .regularizer = "l1:inf"}, "regularizer: the strength is inf"},
      {{.sparsity = 0.5, .regrow = "weeds"}, "regrow: \"weeds\" is none of set, rigl"},
      {{.sparsity = 0.5, .regrow = "dns", .max_loss = 0.1}, "max-loss cannot undo a step of regrow dns"},
      {{.sparsity = 0.5, .lr_schedule = "moon"}, "lr-schedule: \"moon\" is none of constant"},
      {{.sparsity = 0.5, .rewind = 0}, "rewind needs dense training"},
      {{.criterion = "movement", .sparsity = 0.5},
       "criterion movement learns in training before the first cut"},
      {{.regularizer = "l0:1"}, "regularizer l0:1 learns in training before the first cut"},
      {{.sparsity = 0.5, .erase = "now"}, "delete is \"now\", expected"},
      {{.scope = "isomorphic", .sparsity = 0.5}, "scope isomorphic compares channels"},
      {{.sparsity = 0.5, .regrow = "gradient-sum:0"}, "expected a whole number of steps, 1 to 1000000"},
      {{.sparsity = 0.5, .regrow = "gradient-sum:1.5"}, "expected a whole number of steps"},
      {{.sparsity = 0.5, .regrow = "gradient-sum"}, "regrow: \"\" is no number"},
      {{.sparsity = 0.5, .lr_schedule = "flat-cosine:2"}, "flat-cosine:2, expected a fraction"},
      {{.sparsity = 0.5, .lr_schedule = "flat-cosine:"}, "lr-schedule: \"\" is no number"},
      {{.sparsity = 0.5, .ramp_epochs = -1}, "epochs, ramp-epochs and finetune-epochs are 0, -1 and 0"},
      {{.sparsity = 0.5, .update_every = 0}, "update-every is 0, expected at least 1"},
      {{.sparsity = 0.5, .recalibrate_bn = -1}, "recalibrate-bn is -1, expected 0 or more"},
      {{.threshold = 0.5, .ramp_epochs = 1}, "ramp-epochs needs to know how much"},
      {{.regularizer = "l1:1", .ramp_epochs = 1}, "ramp-epochs needs to know how much"},
      {{.sparsity = 0.5, .steps = 3, .ramp_epochs = 1}, "ramp-epochs and steps exclude each other"},
      {{.sparsity = 0.5, .epochs = 1, .ramp_epochs = 1, .rewind = 0}, "ramp-epochs goes with neither rewind"},
      {{.sparsity = 0.5, .ramp_epochs = 1, .max_loss = 0.1},
       "ramp-epochs goes with neither rewind, max-loss"},
      {{.granularity = "layer", .to_macs = 0.5, .ramp_epochs = 1}, "nor granularity layer"},
      {{.sparsity = 0.5, .schedule = "one-shot", .ramp_epochs = 1}, "not one-shot"},
      {{.sparsity = 0.5, .regularizer = "l0:1", .ramp_epochs = 1, .finetune_epochs = 1},
       "regularizer l0:1 learns in training before the first cut"},
      {{.granularity = "channel", .sparsity = 0.5, .cut_dead_units = true},
       "cut-dead-units goes with neither"},
      {{.sparsity = 0.5, .regrow = "dns", .cut_dead_units = true}, "cut-dead-units goes with neither"},
  };
  for (const auto& row : wrong) {
    const auto& [recipe, line] = row;
    CAPTURE(row.second);
    const std::string error = refused(recipe);
    CHECK(error.find(line) != std::string::npos);
    CHECK(error.find('\n') == std::string::npos);
  }
}
