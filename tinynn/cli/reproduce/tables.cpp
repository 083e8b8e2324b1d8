#include <algorithm>
#include <sstream>

#include <tinynn/cli/reproduce/tables.hpp>

namespace tinynn::cli {
namespace {

using std::string;

// Gradual magnitude pruning: a short dense training, an exponential ramp at a constant rate, and a long
// fine-tuning under a cosine; dead units give their weights back to where gradients are largest. LeNet-5
// would spread its last weights over many units of few inputs each, which a group lasso hinders. What else
// was tried stands in benchmarks/RESULTS.md, "Published tables".
const string of_300_100 =
    "prune --model lenet-300-100 --update-every 200 --schedule exponential --lr-schedule flat-cosine:0.58 "
    "--regrow gradient-sum:16 --cut-dead-units";
const string of_lenet_5 =
    "prune --model lenet-5 --batch-size 128 --lr 0.05 --update-every 100 --schedule exponential "
    "--lr-schedule flat-cosine:0.57 --regrow gradient-sum:16 --cut-dead-units --weight-decay 1e-4 "
    "--regularizer group-lasso:4e-4";
constexpr int64_t most = 1000;  // seeds: as many as are asked for
constexpr Epochs epochs_300_100{3, 40, 60}, epochs_lenet_5{1, 16, 24}, long_lenet_5{1, 24, 75};

const char *sparse_momentum = "Sparse Momentum 2019", *deep_r = "DeepR 2018", *gsm = "GSM 2019",
           *sws = "SWS 2017", *bayesian = "Bayesian Compression 2017",
           *distiller = "Distiller, 180 epochs + 98 or 180", *fast_nas = "FastNAS, at 73%";

const char* dropout_note =
    "Input dropout, and where it is said the shift of an image by up to a pixel (crop), both at random, are "
    "no part of the papers' settings: one seed without them stands beside each row.";

string without(double compression) {
  std::ostringstream text;
  text << " --sparsity " << 1 - 1 / compression;
  return text.str();
}

// The row with this input dropout and `more` of what a paper has not, and one seed of it without these.
void add_with_dropout(ReproducedTable& table, const ReproducedRow& row, const string& dropout,
                      const string& more = {}, const string& nor = {}) {
  ReproducedRow with = row, bare = row;
  with.command += " --input-dropout " + dropout + more;
  with.most_seeds = most;
  bare.variant = "no input dropout" + nor;
  table.rows.insert(table.rows.end(), {with, bare});
}

ReproducedTable lenet_300_100() {
  ReproducedTable table{{"lenet-300-100", "error on MNIST at 20, 50, 60, 100 and 200 times fewer weights"},
                        "mnist",
                        "weights",
                        dropout_note};
  auto& rows = table.rows;
  const string network = "LeNet-300-100";
  rows.push_back({.network = network,
                  .variant = "dense, same recipe",
                  .published = 1.31,
                  .source = sparse_momentum,
                  .command = "train --model lenet-300-100 --lr-schedule flat-cosine:0.58 --input-dropout 0.1",
                  .epochs = {40},
                  .seconds = 35,
                  .most_seeds = most});
  struct Published {
    double compression;
    std::optional<double> error;
    const char* source;
    const char* dropout;
    double seconds;
  };
  for (const auto& [compression, error, source, dropout, seconds] :
       {Published{20, 1.53, sparse_momentum, "0.1", 60}, Published{50, 1.79, deep_r, "0.1", 55},
        Published{60, 1.82, gsm, "0.1", 55}, Published{100, 2.36, sparse_momentum, "0.1", 50},
        Published{200, {}, "none known", "0.05", 50}}) {
    add_with_dropout(table,
                     {.network = network,
                      .compression = compression,
                      .published = error,
                      .source = source,
                      .command = of_300_100 + without(compression),
                      .epochs = epochs_300_100,
                      .seconds = seconds},
                     dropout);
  }
  rows.push_back(
      {.network = network,
       .variant = "control: one-shot magnitude",
       .compression = 20,
       .command = "prune --model lenet-300-100 --schedule one-shot --input-dropout 0.1" + without(20),
       .epochs = {43, 0, 60},
       .seconds = 60});
  rows.push_back(
      {.network = network,
       .variant = "control: random",
       .compression = 20,
       .command = "prune --model lenet-300-100 --criterion random --update-every 200 --schedule exponential "
                  "--lr-schedule flat-cosine:0.58 --input-dropout 0.1" +
                  without(20),
       .epochs = epochs_300_100,
       .seconds = 60});
  return table;
}

ReproducedTable lenet_5() {
  ReproducedTable table{
      {"lenet-5", "error of LeNet-5 (20-50-500) on MNIST at 100, 200 and 300 times fewer weights"},
      "mnist",
      "weights",
      string(dropout_note) + " At 100 times the dense network is imitated, too (distillation)."};
  auto& rows = table.rows;
  const string network = "LeNet-5", dense = "train --model lenet-5 --batch-size 128 --lr 0.05";
  rows.push_back({.network = network,
                  .variant = "dense, same recipe",
                  .command = dense + " --lr-schedule flat-cosine:0.57 --input-dropout 0.05",
                  .epochs = {30},
                  .seconds = 270,
                  .most_seeds = 3});
  struct Published {
    double compression, error;
    const char *source, *criterion, *more, *nor;
    Epochs epochs;
    double seconds;
  };
  const char *teacher = " --teacher {dense} --teacher-share 0.5", *crop = " --augment crop:1";
  for (const auto& [compression, error, source, criterion, more, nor, epochs, seconds] :
       {Published{100, 0.83, sparse_momentum, "", teacher, ", no teacher", epochs_lenet_5, 340},
        Published{200, 0.97, sws, "", crop, ", no crop", long_lenet_5, 480},
        Published{300, 0.75, "Sparse VD 2017, at 280x", " --criterion lamp", crop, ", no crop", long_lenet_5,
                  480}}) {
    add_with_dropout(table,
                     {.network = network,
                      .compression = compression,
                      .published = error,
                      .source = source,
                      .command = of_lenet_5 + criterion + without(compression),
                      .epochs = epochs,
                      .seconds = seconds},
                     "0.05", more, nor);
  }
  rows.push_back(
      {.network = network,
       .variant = "control: one-shot magnitude",
       .compression = 100,
       .command =
           "prune --model lenet-5 --batch-size 128 --lr 0.05 --schedule one-shot --input-dropout 0.05" +
           without(100),
       .epochs = {17, 0, 24},
       .seconds = 230});
  return table;
}

ReproducedTable structured() {
  ReproducedTable table{
      {"structured",
       "error of LeNet-5 on MNIST with 14.5 and 30 times fewer multiply-adds, channels deleted"},
      "mnist",
      "multiply-adds",
      "Input dropout is no part of the paper's setting."};
  for (const auto& [compression, published] :
       {std::pair{14.5, std::optional(1.0)}, std::pair{30.0, std::optional<double>()}}) {
    std::ostringstream share;
    share << 1 / compression;
    table.rows.push_back(
        {.network = "LeNet-5",
         .compression = compression,
         .published = published,
         .source = published ? bayesian : "none known",
         .command = "prune --model lenet-5 --batch-size 128 --lr 0.05 --granularity channel --to-macs " +
                    share.str() +
                    " --update-every 100 --schedule exponential --lr-schedule flat-cosine:0.67 "
                    "--input-dropout 0.05",
         .epochs = {3, 7, 30},
         .seconds = 160,
         .most_seeds = most});
  }
  return table;
}

ReproducedTable storage() {
  ReproducedTable table{
      {"storage", "error on MNIST at so many times fewer bits in the file, weights, masks and biases"},
      "mnist",
      "bits",
      "Bits are those of the file's tensors, beside 32 for each number of the dense network. Input dropout "
      "and "
      "shifted images are no part of the papers' settings."};
  table.rows = {{.network = "LeNet-300-100",
                 .compression = 150,
                 .published = 1.94,
                 .source = sws + string(", at 64x"),
                 .command = of_300_100 + without(68) + " --input-dropout 0.1",
                 .epochs = epochs_300_100,
                 .seconds = 60,
                 .codebook = 16,
                 .most_seeds = most},
                {.network = "LeNet-5",
                 .compression = 250,
                 .published = 0.97,
                 .source = sws + string(", at 162x"),
                 .command = of_lenet_5 + without(125) + " --input-dropout 0.05 --augment crop:1",
                 .epochs = long_lenet_5,
                 .seconds = 480,
                 .codebook = 16,
                 .most_seeds = most}};
  return table;
}

ReproducedTable fashion() {
  ReproducedTable table{{"fashion", "LeNet-300-100 on Fashion-MNIST, of which no table was published"},
                        "fashion-mnist",
                        "weights",
                        "Nothing was tuned here: the recipe is that of lenet-300-100."};
  table.rows.push_back(
      {.network = "LeNet-300-100",
       .variant = "dense, same recipe",
       .command = "train --model lenet-300-100 --lr-schedule flat-cosine:0.58 --input-dropout 0.05",
       .epochs = {40},
       .seconds = 35,
       .most_seeds = most});
  for (const double compression : {20, 50}) {
    table.rows.push_back({.network = "LeNet-300-100",
                          .compression = compression,
                          .source = "none known",
                          .command = of_300_100 + without(compression) + " --input-dropout 0.05",
                          .epochs = epochs_300_100,
                          .seconds = 60,
                          .most_seeds = most});
  }
  return table;
}

ReproducedTable resnet_20() {
  ReproducedTable table{
      {"resnet-20", "drops of accuracy of ResNet-20 on CIFAR-10: channels and weights; an evening"},
      "cifar10",
      "multiply-adds",
      "One dense network, three fine-tunings of each row. Where CIFAR-10 is at hand as JPEG, drops compare "
      "rather than accuracies; epochs stand beside every row."};
  const string channels =
      "prune --in {dense} --granularity channel --scope isomorphic --schedule exponential --lr 0.05 "
      "--lr-schedule cosine";
  const auto add = [&](const char* variant, double compression, double published, std::optional<double> drop,
                       const char* source, const string& command, const Epochs& epochs, double seconds) {
    table.rows.push_back({.network = "ResNet-20",
                          .variant = variant,
                          .compression = compression,
                          .published = 100 - published,
                          .published_drop = drop,
                          .source = source,
                          .command = command,
                          .epochs = epochs,
                          .seconds = seconds,
                          .most_seeds = *variant == 0 ? 3 : 1});
  };
  add("dense", 1, 91.78, {}, distiller, "train --model resnet-20 --lr 0.2 --lr-schedule one-cycle", {48},
      5000);
  add("", 1 / 0.55, 91.02, 0.76, distiller, channels + " --steps 1 --to-macs 0.55 --teacher {dense}",
      {0, 0, 16}, 1400);
  add("", 1 / 0.75, 91.63, 0.15, distiller, channels + " --steps 1 --to-macs 0.75", {0, 0, 12}, 1000);
  add("", 1 / 0.3, 91.43, 0.35, "Distiller, network surgery, 180 + 180",
      "prune --in {dense} --schedule exponential --steps 3 --sparsity 0.7 --lr 0.05 --lr-schedule cosine "
      "--teacher {dense}",
      {0, 0, 4}, 1600);
  add("cut alone, statistics anew", 1 / 0.75, 60.37, {}, fast_nas,
      "prune --in {dense} --granularity channel --scope isomorphic --schedule one-shot --to-macs 0.75 "
      "--recalibrate-bn 100",
      {}, 60);
  return table;
}

int64_t shortened(int64_t epochs) { return epochs == 0 ? 0 : std::max<int64_t>(1, epochs / 20); }

}  // namespace

const std::vector<ReproducedTable>& reproduced_tables() {
  static const std::vector<ReproducedTable> tables{lenet_300_100(), lenet_5(), structured(),
                                                   storage(),       fashion(), resnet_20()};
  return tables;
}

Epochs epochs_of(const ReproducedRow& row, bool quick) {
  const auto& [dense, ramp, finetune] = row.epochs;
  return quick ? Epochs{shortened(dense), shortened(ramp), shortened(finetune)} : row.epochs;
}

std::vector<std::string> words_of(const ReproducedTable& table, const ReproducedRow& row, bool quick) {
  std::istringstream text(row.command);
  std::vector<std::string> words;
  for (std::string word; text >> word;) words.push_back(word);
  const auto add = [&](const char* option, const std::string& value) {
    words.insert(words.end(), {option, value});
  };
  const Epochs epochs = epochs_of(row, quick);
  add("--data", table.data);
  const bool from_file = std::ranges::find(words, "--in") != words.end();
  if (!from_file) add("--epochs", std::to_string(epochs.dense));
  if (epochs.ramp > 0) add("--ramp-epochs", std::to_string(epochs.ramp));
  if (words[0] == "prune") add("--finetune-epochs", std::to_string(epochs.finetune));
  return words;
}

}  // namespace tinynn::cli
