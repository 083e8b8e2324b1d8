#include <algorithm>
#include <filesystem>
#include <sstream>

#include <tinynn/cli/dataset.hpp>
#include <tinynn/cli/losses.hpp>
#include <tinynn/cli/ranks.hpp>
#include <tinynn/cli/settings.hpp>
#include <tinynn/cli/table.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/models/text.hpp>
#include <tinynn/recipe/tables.hpp>

namespace tinynn::cli {
namespace {

struct Defaults {
  const char* model;
  int64_t epochs, batch_size, finetune_epochs;
  const char* optimizer;
  double lr;
  const char* lr_schedule;
  double momentum, weight_decay;
};

// Nesterov SGD with a fair amount of weight decay prunes better than Adam: small weights really get small.
constexpr Defaults recipes[] = {
    {"lenet-300-100", 12, 128, 2, "sgd", 0.1, "cosine", 0.9, 5e-4},
    {"lenet-5", 3, 64, 1, "sgd", 0.02, "cosine", 0.9, 5e-4},
    {"lenet-5-bn", 3, 64, 1, "sgd", 0.02, "cosine", 0.9, 5e-4},
    {"simple-cnn", 3, 64, 1, "sgd", 0.05, "cosine", 0.9, 5e-4},
    {"densenet-small", 30, 128, 2, "sgd", 0.1, "cosine", 0.9, 5e-4},
    {"vgg-small", 30, 128, 2, "sgd", 0.05, "cosine", 0.9, 5e-4},
    {"resnet-20", 30, 128, 2, "sgd", 0.1, "cosine", 0.9, 5e-4},
    {"any other", 10, 64, 2, "sgd", 0.02, "cosine", 0.9, 5e-4},
};

constexpr int64_t shards_under_mpirun = 8;

const Defaults& recipe_of(const std::string& model) {
  const auto* found = std::ranges::find(recipes, model, &Defaults::model);
  return found == std::end(recipes) ? found[-1] : *found;
}

// As a value in a list of "name=value" it must hold none.
std::string without_spaces(std::string text) {
  std::ranges::replace(text, ' ', '_');
  return text;
}

}  // namespace

Settings resolve(const Options& options) {
  const Defaults& defaults = recipe_of(options.model);
  const std::string optimizer = options.optimizer.value_or(defaults.optimizer);
  // A learning rate and a decay mean different things to different optimizers: the recipe's go with its own.
  const bool as_recipe = optimizer == defaults.optimizer;
  const recipe::OptimizerRow& row = find(recipe::optimizers(), "optimizer", optimizer);
  const double lr = as_recipe ? defaults.lr : row.lr,
               decay = as_recipe ? defaults.weight_decay : row.weight_decay;
  return {
      .model = options.model,
      .data = options.data,
      .epochs = options.epochs.value_or(defaults.epochs),
      .batch_size = options.batch_size.value_or(defaults.batch_size),
      .finetune_epochs = options.finetune_epochs.value_or(defaults.finetune_epochs),
      .optimizer = optimizer,
      .lr_schedule = options.lr_schedule.value_or(defaults.lr_schedule),
      .loss = options.loss,
      .teaching = options.teaching,
      .lr = options.lr.value_or(lr),
      .momentum = options.momentum.value_or(defaults.momentum),
      .weight_decay = options.weight_decay.value_or(decay),
      .l1 = options.l1,
      .input_dropout = options.input_dropout,
      .augment = options.augment,
      .seed = options.seed,
      .shards = options.shards.value_or(is_under_mpirun() ? shards_under_mpirun : 1),
      .sync_bn = options.sync_bn,
      .input = models::is_name(options.model) ? models::input_shape(options.model) : std::optional<Shape>()};
}

std::string Settings::describe() const {
  TextStream text;
  text << "epochs=" << epochs << " batch-size=" << batch_size << " optimizer=" << optimizer << " lr=" << lr
       << " lr-schedule=" << lr_schedule << " momentum=" << momentum << " weight-decay=" << weight_decay
       << " l1=" << l1 << " seed=" << seed;
  if (input_dropout > 0) text << " input-dropout=" << input_dropout;
  if (augment) text << " augment=" << *augment;
  if (shards != 1) text << " shards=" << shards;
  if (sync_bn) text << " sync-bn=yes";
  if (!loss.empty()) text << " loss=" << loss;
  if (!teaching.file.empty())
    text << " teacher=" << without_spaces(teaching.file.filename()) << " temperature=" << teaching.temperature
         << " teacher-share=" << teaching.share;
  return text.str();
}

std::string Settings::identity() const {
  // A folder may be somewhere else the next time.
  const std::filesystem::path folder = data.name_or_path;
  return "model=" + without_spaces(model) + " data=" + without_spaces(folder.filename()) + " " + data.how() +
         describe();
}

std::string recipes_help() {
  const auto text_of = [](auto number) {
    TextStream text;
    text << number;
    return text.str();
  };
  Table models({"model", "epochs", "batch-size", "finetune-epochs", "optimizer", "lr", "lr-schedule",
                "momentum", "weight-decay"});
  for (const Defaults& r : recipes) {
    models.add({r.model, text_of(r.epochs), text_of(r.batch_size), text_of(r.finetune_epochs), r.optimizer,
                text_of(r.lr), r.lr_schedule, text_of(r.momentum), text_of(r.weight_decay)});
  }
  Table optimizers({"optimizer", "lr", "weight-decay"});
  for (const auto& row : recipe::optimizers())
    optimizers.add({row.name + std::string(", ") + row.help, text_of(row.lr), text_of(row.weight_decay)});
  return "Layers of a --model of one's own:\n" + models::text_help() + "\nDefaults by model:\n" +
         models.text() +
         "\nOptimizers; one that is not the model's default comes with this lr and weight-decay:\n" +
         optimizers.text();
}

std::unique_ptr<optim::Optimizer> make_optimizer(const Settings& s, nn::Module& module) {
  return find(recipe::optimizers(), "optimizer", s.optimizer)
      .make(module.parameters(), {s.lr, s.momentum, s.weight_decay, s.l1});
}

void use_threads(const std::optional<int64_t>& threads) {
  if (threads || is_under_mpirun()) set_num_threads(threads ? *threads : threads_of_rank());
}

namespace {

// Sizes are known with the data; that a word is no layer, at once.
std::string why_no_model(const std::string& text) {
  try {
    if (!models::is_text(text) && !models::is_name(text)) models::make(text);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

Option add_model_option(const Command& command, Options& options) {
  return command
      .add("--model", options.model,
           "The network to train: a name of the list below, or its layers, as \"conv 20 5, maxpool 2, linear "
           "10\"")
      .check([](const std::string& text) { return why_no_model(text); })
      .suggests(models::names());
}

Option add_threads_option(const Command& command, std::optional<int64_t>& threads) {
  return command
      .add("--threads", threads, "Threads to use, by default one per core; the result does not depend on it")
      .in_range(int64_t{1}, int64_t{1024});
}

namespace {

// What Error it throws; empty if none.
std::string error_of(const std::function<void()>& reads) {
  try {
    reads();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}
// What is wrong with the name of a row; empty if nothing is.
template <class Row>
std::string why_not(std::span<const Row> table, const char* field, const std::string& name) {
  return error_of([&] { find(table, field, name); });
}

}  // namespace

void add_training_options(const Command& command, Options& options) {
  add_data_options(command, options.data).required();
  auto add = [&](const char* name, auto& value, const char* help) {
    return command.add(name, value, help).group("Training");
  };
  add("--epochs", options.epochs, "Passes over the training images").at_least(0);
  add("--batch-size", options.batch_size, "Images a step").at_least(1);
  add("--optimizer", options.optimizer, recipe::names(recipe::optimizers()).c_str())
      .check([](const std::string& name) { return why_not(recipe::optimizers(), "optimizer", name); })
      .suggests(beginnings(recipe::optimizers()));
  add("--lr", options.lr, "Learning rate at its highest").not_negative();
  add("--lr-schedule", options.lr_schedule,
      ("How the rate falls over the run: " + recipe::names(recipe::lr_schedules())).c_str())
      .check([](const std::string& name) { return why_not(recipe::lr_schedules(), "lr-schedule", name); })
      .suggests(beginnings(recipe::lr_schedules()));
  add("--momentum", options.momentum, "Of sgd and rmsprop; 0 turns Nesterov off").in_range(0.0, 1.0);
  add("--weight-decay", options.weight_decay, "L2 penalty; decoupled for adamw").not_negative();
  add("--loss", options.loss,
      ("What training makes small; by default cross-entropy for classes, mse for numbers: " +
       recipe::names(losses()))
          .c_str())
      .check([](const std::string& name) { return why_not(losses(), "loss", name); })
      .suggests(beginnings(losses()));
  add("--teacher", options.teaching.file,
      "Imitate the network in this file, too (distillation): its outputs for the same inputs, softened");
  add("--temperature", options.teaching.temperature, "By which outputs are softened for --teacher")
      .in_range(0.01, 1000.0)
      .shows_default();
  add("--teacher-share", options.teaching.share, "Of the loss, that the imitation of --teacher makes")
      .in_range(0.0, 1.0)
      .shows_default();
  add("--l1", options.l1, "Strength of L1 on the weights, as a proximal step: gives exact zeros")
      .not_negative();
  add("--augment", options.augment,
      ("What is done to training pictures, anew in each epoch, as a list such as crop:4,flip; by default "
       "that "
       "for CIFAR, none for others: none, " +
       recipe::names(recipe::augmentations()))
          .c_str())
      .check([](const std::string& list) {
        return error_of([&] { recipe::augmentations_of(list, {1, 1, 1}, 0); });
      })
      .suggests(beginnings(recipe::augmentations()));
  add("--input-dropout", options.input_dropout,
      "Probability with which each number of a training picture becomes background (0), anew in each epoch")
      .in_range(0.0, 1.0);
  add("--shards", options.shards,
      "Parts that each batch is cut into for mpirun: equal numbers give equal files on any number of "
      "processes, a power of two that divides it; by default 1, under mpirun 8. Each costs a pass "
      "of its own: give every shard 32 images or more by --batch-size, which is of all processes")
      .in_range(int64_t{1}, int64_t{1024});
  command
      .add_flag("--sync-bn", options.sync_bn,
                "Batch normalisation by the statistics of the whole batch, not of each of its shards")
      .group("Training");
  add("--seed", options.seed, "Equal seeds give equal files, byte for byte").shows_default();
  add_threads_option(command, options.threads).group("Training");
}

}  // namespace tinynn::cli
