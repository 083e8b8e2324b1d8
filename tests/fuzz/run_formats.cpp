// Checkpoints of runs, of recipes in which each part of a run's state occurs; and the texts of recipes.
#include <algorithm>
#include <charconv>
#include <sstream>

#include <tinynn/core/random.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/norm.hpp>
#include <tinynn/nn/sequential.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/pool.hpp>
#include <tinynn/ops/shape.hpp>
#include <tinynn/optim/adam.hpp>
#include <tinynn/recipe/run.hpp>

#include "tests/fuzz/formats.hpp"

namespace fuzz {
namespace {

using namespace tinynn;
using recipe::Recipe;

// As small as may be, with a layer that can be removed and channels that can be deleted.
struct Net : nn::Module {
  nn::Conv2d conv{1, 2, 3, {.padding = 1}};
  nn::BatchNorm2d norm{2};
  nn::Sequential block{nn::Conv2d(2, 2, 3, {.padding = 1})};
  nn::Linear classes{8, 3};

  void members(nn::Visitor& v) override {
    v("conv", conv), v("norm", norm), v("block", block), v("classes", classes);
  }
  Tensor forward(const Tensor& x) override {
    return classes(flatten(max_pool2d(relu(block(relu(norm(conv(x))))), 2)));
  }
};

// What is kept besides, as the command does.
struct More {
  std::string settings = "model=net";
  std::vector<double> losses{0.5, 0.25};
  std::optional<int64_t> best = 1;

  void state(StateVisitor& visit) {
    visit("settings", settings), visit.all("losses", losses), visit.optional("best", best);
  }
};

data::DatasetPtr images() {
  static const auto all = [] {
    manual_seed(1);
    return std::make_shared<data::TensorDataset>(randn({4, 1, 4, 4}), Labels({0, 1, 2, 1}));
  }();
  return all;
}

struct Trial {
  explicit Trial(const Recipe& recipe)
      : loader(images(), {.batch_size = 2, .shuffle = true, .seed = 1}),
        net((manual_seed(1), Net())),
        adam(net.parameters(), {.lr = 1e-3}),
        run(net, adam, loader, recipe, {.accuracy = [] { return 0.5; }}) {}

  // A few steps, what they say included.
  void go_on(int steps) {
    std::ostringstream text;
    while (steps-- > 0 && run.advance()) text << run.progress();
  }
  State state() {
    StateWriter writer;
    run.state(writer);
    more.state(writer);
    return std::move(writer.state);
  }

  data::DataLoader loader;
  Net net;
  optim::Adam adam;
  recipe::Run run;
  More more;
};

bool equal(const State& a, const State& b) {
  return a.texts == b.texts && std::ranges::equal(a.tensors, b.tensors, [](const auto& x, const auto& y) {
           return x.first == y.first && x.second.shape() == y.second.shape() &&
                  std::ranges::equal(std::as_bytes(x.second.values()), std::as_bytes(y.second.values()));
         });
}

const std::vector<Recipe>& recipes() {
  static const std::vector<Recipe> all{
      {.sparsity = 0.5, .steps = 2, .epochs = 1, .finetune_epochs = 1, .lr_schedule = "cosine", .rewind = 1},
      {.criterion = "movement", .sparsity = 0.5, .steps = 2, .regrow = "rigl", .finetune_epochs = 2},
      {.sparsity = 0.5, .steps = 1, .regrow = "dns", .epochs = 1, .finetune_epochs = 2},
      {.sparsity = 0.5, .schedule = "one-shot", .regrow = "sparse-momentum", .finetune_epochs = 2},
      {.regularizer = "l0:1e-3", .epochs = 1, .finetune_epochs = 1},
      {.criterion = "taylor", .granularity = "channel", .sparsity = 0.3, .steps = 2, .finetune_epochs = 1},
      {.granularity = "layer", .to_macs = 0.6, .steps = 1, .finetune_epochs = 1},
      {.schedule = "list:0.3,0.6", .finetune_epochs = 1, .max_loss = 0.75},
  };
  return all;
}

Format run(const std::filesystem::path& path) {
  Format format{
      "run", {},   damaged_safetensors,
      {},    1024, "recipe/checkpoint.cpp recipe/run_state.cpp recipe/run.cpp core/state.cpp core/state.hpp",
      true};
  for (const Recipe& recipe : recipes()) {
    for (const int steps : {3, 6}) {
      Trial trial(recipe);
      trial.go_on(steps);
      trial.run.save(path, [&](StateVisitor& visit) { trial.more.state(visit); });
      format.files.push_back(content(path));
    }
  }
  format.read = [path](const Bytes& bytes) {
    const auto is_of = [&](const Recipe& recipe) {
      return bytes.find('"' + to_text(recipe) + '"') != Bytes::npos;
    };
    const auto found = std::ranges::find_if(recipes(), is_of);
    Trial trial(found == recipes().end() ? recipes()[0] : *found);
    const State before = trial.state();
    put(path, bytes);
    try {
      trial.run.resume(path, [&](StateVisitor& visit) { trial.more.state(visit); });
    } catch (const Error&) {
      require(equal(before, trial.state()), "an error changes nothing");
      throw;
    }
    trial.go_on(2);
  };
  return format;
}

// "name=value ..." as to_text() writes it; how long it trains is not for the text to say.
Recipe recipe_of(const Bytes& text) {
  Recipe recipe;
  const auto number = [](const std::string& value, auto& result) {
    std::decay_t<decltype(result)> parsed{};
    if (std::from_chars(value.data(), value.data() + value.size(), parsed).ec == std::errc()) result = parsed;
  };
  const auto fraction = [&](const std::string& value, std::optional<double>& result) {
    number(value, result.emplace(0));
  };
  std::istringstream in(text);
  for (std::string option; in >> option;) {
    const std::string name = option.substr(0, option.find('=')), value = option.substr(name.size());
    const std::string is = value.empty() ? value : value.substr(1);
    if (name == "criterion") recipe.criterion = is;
    if (name == "granularity") recipe.granularity = is;
    if (name == "scope") recipe.scope = is;
    if (name == "schedule") recipe.schedule = is;
    if (name == "regularizer") recipe.regularizer = is;
    if (name == "regrow") recipe.regrow = is;
    if (name == "lr-schedule") recipe.lr_schedule = is;
    if (name == "delete") recipe.erase = is;
    if (name == "layers") recipe.layers.push_back(is);
    if (name == "sparsity") fraction(is, recipe.sparsity);
    if (name == "threshold") fraction(is, recipe.threshold);
    if (name == "to-macs") fraction(is, recipe.to_macs);
    if (name == "to-params") fraction(is, recipe.to_parameters);
    if (name == "max-loss") fraction(is, recipe.max_loss);
    if (name == "norm") number(is, recipe.norm);
    if (name == "keep-at-least") number(is, recipe.keep_at_least);
    if (name == "round-to") number(is, recipe.round_to);
    if (name == "rewind") number(is, recipe.rewind.emplace(0));
    if (name == "steps") number(is, recipe.steps), recipe.steps = std::min<int64_t>(recipe.steps, 1000);
  }
  recipe.epochs = recipe.rewind ? 1 : 0;
  recipe.finetune_epochs = 1;
  return recipe;
}

Format recipe_texts() {
  Format format{
      "recipe",
      {"granularity=2:4 criterion=lamp", "granularity=block:2 sparsity=0.5 scope=local",
       "criterion=activation granularity=filter sparsity=0.3 schedule=exponential steps=3",
       "criterion=ln norm=inf granularity=channel to-params=0.7 delete=at-end",
       "schedule=constant:0.2 sparsity=0.5 regrow=set lr-schedule=linear layers=conv layers=classes",
       "regularizer=group-lasso:1e-4 criterion=bernoulli sparsity=0.4 keep-at-least=0.1"},
      damaged,
      [](const Bytes& bytes) {
        Trial trial(recipe_of(bytes));
        require(trial.run.schedule().back() <= 1, "a sparsity is at most 1");
        trial.go_on(3);
      },
      1000,
      "recipe/recipe.cpp recipe/schedules.cpp recipe/granularities.cpp recipe/criteria.cpp"};
  for (const Recipe& recipe : recipes()) format.files.push_back(to_text(recipe));
  return format;
}

}  // namespace

std::vector<Format> run_formats(const std::filesystem::path& folder) {
  return {run(folder / "run"), recipe_texts()};
}

}  // namespace fuzz
