#include <doctest/doctest.h>

#include <tinynn/core/random.hpp>
#include <tinynn/io/safetensors.hpp>
#include <tinynn/models/resnet.hpp>
#include <tinynn/models/simple_cnn.hpp>
#include <tinynn/optim/adam.hpp>
#include <tinynn/recipe/run.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace tinynn;
using recipe::Recipe;

namespace {

data::DatasetPtr noise(const Shape& shape) {
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < shape[0]; ++i) labels.push_back(i % 10);
  return std::make_shared<data::TensorDataset>(rand(shape, -1, 1), Labels(labels));
}

// A network under a recipe; two of one seed go the same way.
template <class Net>
struct Trial {
  Trial(const Recipe& recipe, uint64_t seed, const Shape& images)
      : loader((manual_seed(99), noise(images)), {.batch_size = 10, .shuffle = true, .seed = seed}),
        net((manual_seed(seed), Net())),
        adam(net.parameters(), {.lr = 1e-3}),
        run(net, adam, loader, recipe, {.accuracy = [this] { return accuracy(); }}) {}

  double accuracy() const { return 1 - run.sparsity(); }

  data::DataLoader loader;
  Net net;
  optim::Adam adam;
  recipe::Run run;
};

// Goes to the end, and on the way is stopped at `stops` random places, each time to go on in another trial.
template <class Net>
void check_resumes(const Recipe& recipe, const Shape& images, int stops) {
  CAPTURE(recipe::to_text(recipe));
  Trial<Net> whole(recipe, 1, images);
  int64_t steps = 0;
  std::vector<std::string> line;
  while (whole.run.advance()) ++steps;
  const double sparsity = whole.run.sparsity();

  for (int stop = 0; stop < stops; ++stop) {
    const int64_t at =
        RandomStream(7, 1).permutation(steps)[static_cast<size_t>(stop) % static_cast<size_t>(steps)];
    CAPTURE(at);
    StateWriter writer;
    {
      Trial<Net> first(recipe, 1, images);
      for (int64_t i = 0; i < at; ++i) first.run.advance();
      first.run.state(writer);
    }
    Trial<Net> second(recipe, 1 + static_cast<uint64_t>(stop % 2), images);
    manual_seed(1234);
    StateReader reader(writer.state);
    second.run.state(reader);
    int64_t left = 0;
    while (second.run.advance()) ++left;
    REQUIRE(left == steps - at);
    CHECK(second.run.sparsity() == sparsity);
    const auto a = whole.net.named_parameters(), b = second.net.named_parameters();
    REQUIRE(a.size() == b.size());
    for (size_t k = 0; k < a.size(); ++k) {
      CAPTURE(a[k].first);
      REQUIRE(a[k].second.shape() == b[k].second.shape());
      CHECK(test::bit_difference(a[k].second.values(), b[k].second.values()) == "");
      CHECK(a[k].second.mask() == b[k].second.mask());
    }
  }
}

}  // namespace

TEST_CASE("recipe. a run goes on from any step to the same bytes") {
  const Shape digits{50, 1, 28, 28};
  const Recipe recipes[] = {
      {.sparsity = 0.9, .steps = 3, .epochs = 2, .finetune_epochs = 1, .lr_schedule = "cosine"},
      {.criterion = "movement",
       .sparsity = 0.8,
       .steps = 2,
       .regrow = "rigl",
       .update_every = 8,
       .finetune_epochs = 4},
      {.sparsity = 0.8,
       .schedule = "one-shot",
       .regrow = "sparse-momentum",
       .update_every = 8,
       .finetune_epochs = 4},
      {.sparsity = 0.7, .steps = 2, .regrow = "dns", .epochs = 1, .update_every = 8, .finetune_epochs = 4},
      {.criterion = "random",
       .sparsity = 0.5,
       .steps = 2,
       .regrow = "set",
       .update_every = 8,
       .finetune_epochs = 4},
      {.sparsity = 0.95,
       .schedule = "exponential",
       .regrow = "gradient-sum:3",
       .epochs = 1,
       .ramp_epochs = 2,
       .update_every = 4,
       .finetune_epochs = 2,
       .lr_schedule = "flat-cosine:0.5",
       .cut_dead_units = true},
      {.criterion = "taylor",
       .sparsity = 0.9,
       .regrow = "rigl",
       .ramp_epochs = 2,
       .update_every = 3,
       .finetune_epochs = 1,
       .lr_schedule = "one-cycle"},
      {.criterion = "movement",
       .granularity = "channel",
       .to_macs = 0.5,
       .epochs = 1,
       .ramp_epochs = 2,
       .update_every = 4,
       .finetune_epochs = 1},
      {.sparsity = 0.9, .regrow = "dns", .ramp_epochs = 2, .update_every = 4, .finetune_epochs = 2},
      {.regularizer = "l0:1e-3", .epochs = 6, .finetune_epochs = 2},
      {.sparsity = 0.9, .steps = 3, .regularizer = "l1:0.01", .epochs = 2, .finetune_epochs = 1, .rewind = 4},
      {.criterion = "taylor", .granularity = "channel", .to_macs = 0.4, .steps = 3, .finetune_epochs = 2},
      {.granularity = "channel", .sparsity = 0.5, .steps = 2, .finetune_epochs = 1, .erase = "at-end"},
      {.schedule = "list:0.3,0.6,0.9", .finetune_epochs = 2, .max_loss = 0.75},
  };
  for (const Recipe& recipe : recipes) check_resumes<models::SimpleCNN>(recipe, digits, 6);
}

TEST_CASE("recipe. a run that removed layers goes on to the same bytes") {
  check_resumes<models::ResNet20>({.granularity = "layer", .to_macs = 0.6, .steps = 2, .finetune_epochs = 1},
                                  {20, 3, 32, 32}, 2);
}

TEST_CASE("recipe. the first option in which two runs differ is named") {
  using recipe::first_difference;
  CHECK(first_difference("", "") == "");
  CHECK(first_difference("a=1 b=2", "a=1 b=2") == "");
  CHECK(first_difference("a=1 b=2", "a=1 b=3") == "b=2, expected b=3");
  CHECK(first_difference("a=1 b=2", "b=2") == "a=1, expected the usual a");
  CHECK(first_difference("b=2", "a=1 b=2") == "the usual a, expected a=1");
  CHECK(first_difference("ab=1", "a=1") == "ab=1, expected the usual ab");
}

TEST_CASE("recipe. a run is saved and resumed by file; a file that does not fit changes nothing") {
  const Shape digits{50, 1, 28, 28};
  const Recipe recipe{
      .criterion = "taylor", .granularity = "channel", .to_macs = 0.4, .steps = 2, .finetune_epochs = 1};
  const test::TemporaryFolder folder;
  Trial<models::SimpleCNN> first(recipe, 1, digits), second(recipe, 2, digits);
  for (int i = 0; i < 5; ++i) first.run.advance();
  first.run.save(folder / "run.ckpt");
  const auto generator = generator_state();
  while (first.run.advance()) {
  }

  // Every file that lacks an item, or has one of another size, is refused.
  auto content = io::read_safetensors(folder / "run.ckpt");
  const std::vector<float> before = second.net.fc1.weight.to_vector();
  const auto refused = [&](const io::SafetensorsFile& changed) {
    io::write_safetensors(changed, folder / "changed");
    const std::string error = test::error_of([&] { second.run.resume(folder / "changed"); });
    CHECK(error.find("changed") != std::string::npos);
    CHECK(error.find('\n') == std::string::npos);
    CHECK(second.net.fc1.weight.to_vector() == before);
  };
  for (const auto& row : content.metadata) {
    const auto& [key, text] = row;
    if (key == "tinynn.version") continue;
    CAPTURE(row.first);
    auto changed = content;
    changed.metadata.erase(key);
    refused(changed);
    changed.metadata[key] = "many";
    refused(changed);
    const bool is_place =
        key == "phase" || key == "progress.step" || key == "training.batch" || key == "training.epoch";
    for (const char* far : {"-2", "1000000000000"}) {
      changed.metadata[key] = far;
      if (is_place || key == "base_rates" || key == "optimizer.moments.0") refused(changed);
    }
  }
  for (size_t k = 0; k < content.tensors.size(); ++k) {
    CAPTURE(content.tensors[k].name);
    auto changed = content;
    changed.tensors.erase(changed.tensors.begin() + static_cast<int64_t>(k));
    refused(changed);
  }
  Trial<models::SimpleCNN> other({.sparsity = 0.5, .finetune_epochs = 1}, 2, digits);
  CHECK(test::error_of([&] {
          other.run.resume(folder / "run.ckpt");
        }).find("run.ckpt: it is of a run with criterion=taylor, expected the usual criterion") !=
        std::string::npos);

  second.run.resume(folder / "run.ckpt");
  CHECK(generator_state().calls == generator.calls);
  while (second.run.advance()) {
  }
  const auto a = first.net.parameters(), b = second.net.parameters();
  for (size_t k = 0; k < a.size(); ++k) {
    REQUIRE(a[k].shape() == b[k].shape());
    CHECK(test::bit_difference(a[k].values(), b[k].values()) == "");
  }
}
