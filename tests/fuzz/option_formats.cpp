// The command line of "tinynn prune", which has all options of training, pruning and checkpoints, an argument
// a line: parsed and put together, but not run.
#include "tests/fuzz/formats.hpp"

#ifndef TINYNN_HAS_COMMANDS
std::vector<fuzz::Format> fuzz::option_formats() { return {}; }
#else
#include <optional>
#include <sstream>

#include <tinynn/cli/checkpoints.hpp>
#include <tinynn/cli/data_metadata.hpp>
#include <tinynn/cli/recipe_options.hpp>
#include <tinynn/cli/settings.hpp>

namespace fuzz {
namespace {

using namespace tinynn;

struct Parsed {
  cli::Options training;
  recipe::Recipe recipe;
  cli::CheckpointOptions checkpoint;
  cli::Output output;
};

// One line of options for many texts, for it takes much longer to make than to use; not for all, for CLI11
// keeps something of each.
class Parser {
 public:
  Parser() : line_("tinynn", "", "1") {
    const auto command = line_.add_command("prune", "");
    cli::add_model_option(command, parsed_.training);
    cli::add_training_options(command, parsed_.training);
    cli::add_recipe_options(command, parsed_.recipe, parsed_.training);
    cli::add_checkpoint_options(command, parsed_.checkpoint, parsed_.output);
    cli::add_report_option(command, parsed_.output);
    cli::add_output_options(command, parsed_.output);
  }

  const Parsed& parse(const std::vector<std::string>& arguments) {
    parsed_ = {};
    std::vector<std::string> all{"tinynn", "prune"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (auto& argument : all) pointers.push_back(argument.data());
    try {
      line_.run(static_cast<int>(pointers.size()), pointers.data());
      check_usage(parsed_.checkpoint, parsed_.output);
    } catch (const cli::UsageError& error) {
      std::string message = std::string("usage: ") + error.what();
      for (char& c : message) c = static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;  // as main()
      throw Error(message.substr(0, 280));
    }
    return parsed_;
  }

 private:
  Parsed parsed_;
  cli::CommandLine line_;
};

void read_options(const Bytes& bytes) {
  static std::optional<Parser> parser_of_many;
  static int taken = 0;
  if (taken++ % 256 == 0) parser_of_many.emplace();
  Parser& parser = *parser_of_many;
  std::vector<std::string> arguments;
  std::istringstream in(bytes);
  for (std::string argument; std::getline(in, argument);) {
    argument = argument.substr(0, argument.find('\0'));
    if (argument.starts_with("-h") || argument.starts_with("--help")) continue;  // prints
    arguments.push_back(argument);
  }
  Parsed parsed = parser.parse(arguments);
  const cli::Settings settings = cli::resolve(parsed.training);
  require(!settings.identity().empty() && settings.lr >= 0 && settings.batch_size >= 1, "settings are valid");
  parsed.recipe.epochs = settings.epochs;
  parsed.recipe.finetune_epochs = settings.finetune_epochs;
  require(recipe::schedule_of(parsed.recipe).back() <= 1, "a sparsity is at most 1");
  // The text of a recipe is made of options that give the recipe again.
  std::vector<std::string> again{"--data", "mnist"};
  std::istringstream words(to_text(parsed.recipe));
  for (std::string word; words >> word;) again.push_back("--" + word);
  const recipe::Recipe expected = parsed.recipe;
  recipe::Recipe found = parser.parse(again).recipe;
  found.epochs = expected.epochs, found.finetune_epochs = expected.finetune_epochs;
  found.lr_schedule = expected.lr_schedule;  // an option of the training
  const auto has_space = [](const std::string& text) {
    return text.find_first_of(" \t\v\f\r\n") != text.npos;
  };
  bool spaces = false;
  for (const auto& layer : expected.layers) spaces = spaces || has_space(layer) || layer.empty();
  require(spaces || found == expected, "a recipe's text gives the recipe");
}

// What a network says of its data: the first letter tells which of its metadata the rest is.
void read_data_metadata(const Bytes& bytes) {
  const char what = bytes.empty() ? 'c' : bytes[0];
  const char* key = what == 'n'   ? "tinynn.normalization"
                    : what == 's' ? "tinynn.scaling"
                    : what == 'r' ? "tinynn.reading"
                                  : "tinynn.classes";
  const auto written = [&](const io::Metadata& metadata) {
    cli::DataOptions options;
    cli::use_metadata(options, metadata);
    cli::DataSets data;
    data.classes = options.classes;
    if (options.normalization) (what == 'n' ? data.normalization : data.scaling) = *options.normalization;
    for (const auto* numbers : {&data.normalization, &data.scaling})
      require(numbers->mean.size() == numbers->std.size(), "as many means as deviations");
    return cli::data_metadata(data, options);
  };
  const io::Metadata first = written({{key, bytes.empty() ? bytes : bytes.substr(1)}});
  require(written(first) == first, "metadata are written as they are read");
}

}  // namespace

std::vector<Format> option_formats() {
  return {
      {"options",
       {"--model\nlenet-5\n--data\nmnist\n--sparsity\n0.9\n--schedule\ncubic\n--steps\n5\n--metrics\na.b",
        "--model=simple-cnn\n--data=mnist\n--granularity=channel\n--to-macs=0.4\n--delete=at-end\n--quiet",
        "--model\nlenet-300-100\n--data\nd\n--schedule\nlist:0.5,0.8\n--regrow\nrigl\n--max-loss=0.01",
        "--model=lenet-5\n--data=d\n--threshold=1e-3\n--criterion=ln\n--norm=inf\n--layers=conv1,conv2",
        "--model=lenet-5\n--data=d\n--granularity=2:4\n--seed=18446744073709551615\n--threads=2\n--lr=0.1",
        "--model=lenet-5\n--data=d\n--regularizer=l1:1e-4\n--rewind=20\n--epochs=3\n--batch-size=16",
        "--model=lenet-5\n--data=d\n--schedule=constant:0.2\n--sparsity=.5\n--checkpoint=c\n--every=500\n"
        "--resume\n--optimizer=adamw\n--weight-decay=1e-2\n--lr-schedule=cosine\n--momentum=0.5\n--l1=1e-5"},
       damaged,
       read_options,
       20000,
       "cli/command.cpp cli/settings.cpp cli/recipe_options.cpp cli/checkpoints.cpp recipe/recipe.cpp"},
      {"data_metadata",
       {"n0.1307/0.3081", "n0.4914/0.2023,0.4822/0.1994,0.4465/0.201", "s-3.5e+10/1e-05,0/1",
        "croses\ntulips\n", "c0\n1\n2", "rtest-fraction=0.3 channels=1 target=price "},
       damaged,
       read_data_metadata,
       1000,
       "cli/data_metadata.cpp"}};
}

}  // namespace fuzz
#endif
