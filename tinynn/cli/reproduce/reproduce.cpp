#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <span>

#include <tinynn/cli/checkpoints.hpp>
#include <tinynn/cli/commands.hpp>
#include <tinynn/cli/experiment.hpp>
#include <tinynn/cli/ranks.hpp>
#include <tinynn/cli/report/command_line.hpp>
#include <tinynn/cli/report/reproduce_report.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/io/atomic_file.hpp>
#include <tinynn/io/json.hpp>

namespace tinynn::cli {
namespace {

struct ReproduceOptions {
  std::string table;
  int64_t seeds = 5;
  bool quick = false;
  std::string data;
  std::filesystem::path folder = "tinynn-reproduce";
};

std::string duration(double seconds) {
  const double minutes = seconds / 60;
  return seconds < 90   ? fixed(seconds, 0) + " s"
         : minutes < 90 ? fixed(minutes, 0) + " min"
                        : fixed(minutes / 60, 1) + " h";
}

// Of one trial on one core, as the table says.
double expected_seconds(const ReproducedRow& row, bool quick) {
  if (!quick) return row.seconds;
  const auto whole = static_cast<double>(std::max<int64_t>(row.epochs.all(), 1));
  return row.seconds * static_cast<double>(epochs_of(row, true).all()) / whole;
}

// Where the command stands, for people: nothing if it is to be quiet.
class Reporter {
 public:
  Reporter(double expected, double at_once, bool quiet)
      : expected_(expected), at_once_(at_once), quiet_(quiet) {}
  void done(const std::string& what, double error, double expected) {
    done_ += expected;
    ++trials_;
    if (quiet_) return;
    // How fast this machine is shows once every core has had two.
    const double spent = std::chrono::duration<double>(Clock::now() - begin_).count();
    const double slower = trials_ < 2 * at_once_ ? 1 : spent * at_once_ / done_;
    std::printf("%s: error %s%%; %s left\n", what.c_str(), fixed(error, 2).c_str(),
                duration(std::max(0.0, (expected_ - done_) / at_once_ * slower)).c_str());
    std::fflush(stdout);
  }
  void begin(size_t trials, size_t made) const {
    if (quiet_ || trials == made) return;
    std::printf("%zu trainings, %zu made before; the others take about %s, %d at a time\n", trials, made,
                duration(expected_ / at_once_).c_str(), static_cast<int>(at_once_));
    std::fflush(stdout);
  }

 private:
  using Clock = std::chrono::steady_clock;
  double expected_, done_ = 0, at_once_, trials_ = 0;
  bool quiet_;
  Clock::time_point begin_ = Clock::now();
};

// Returns once all processes have come here.
void wait_for_ranks() { ranks().first_of(""); }

// Calls read() on the first process, then on the others: it may remove and write files that all see.
template <class F>
void read_in_turn(F read) {
  if (ranks().rank() == 0) read();
  wait_for_ranks();
  if (ranks().rank() > 0) read();
  wait_for_ranks();
}

// Runs what is not there yet, those that others begin with first; of mpirun's processes each a part.
void make(const ReproducedTable& table, std::vector<Trial>& trials, const ReproduceOptions& options,
          int64_t at_once, Reporter& reporter) {
  for (const bool from_dense : {false, true}) {
    std::vector<Trial*> all, wanted;
    std::vector<ChildJob> jobs;
    for (Trial& trial : trials) {
      if (table.rows[trial.row].is_from_dense() != from_dense || trial.result) continue;
      all.push_back(&trial);
      if ((std::ssize(all) - 1) % ranks().ranks() != ranks().rank()) continue;
      wanted.push_back(&trial);
      jobs.push_back(trial.job);
    }
    // Few jobs have several cores each.
    const std::string threads = std::to_string(at_once / std::clamp<int64_t>(std::ssize(jobs), 1, at_once));
    for (ChildJob& job : jobs)
      for (auto& command : job.commands) command.insert(command.end(), {"--threads", threads});
    run_children(jobs, at_once, [&](size_t k) {
      const ReproducedRow& row = table.rows[wanted[k]->row];
      read_result(table, *wanted[k]);
      check(wanted[k]->result.has_value(), "reproduce: ", table.name, " left no result in ",
            options.folder.string());
      reporter.done(row.network + (row.variant.empty() ? "" : ", " + row.variant) + ", " +
                        fixed(row.compression, row.compression < 10 ? 2 : 0) + "x, seed " +
                        std::to_string(wanted[k]->seed),
                    wanted[k]->result->error, expected_seconds(row, options.quick));
    });
    wait_for_ranks();
    for (Trial* trial : all) {
      if (!trial->result) read_result(table, *trial);
      check(trial->result.has_value(), "reproduce: ", options.folder.string(),
            " is not the same folder on all machines");
    }
  }
}

io::Json json_of(const Reproduced& measured) {
  io::Json rows = io::Json::array();
  for (const RowResult& result : measured.rows) {
    const ReproducedRow& row = *result.row;
    io::Json json{{"network", row.network}, {"compression", row.compression}};
    json.set("published", row.published ? io::Json(*row.published) : io::Json());
    json.set("source", row.source);
    json.set("error_mean", result.mean());
    json.set("error_std", result.standard_deviation());
    json.set("seeds", std::ssize(result.trials));
    json.set("epochs", result.trials[0].epochs);
    json.set("seconds", result.mean(&TrialResult::seconds));
    json.set("variant", row.variant);
    json.set("live_weights", result.trials[0].live);
    rows.push_back(json);
  }
  return {{"table", measured.table->name}, {"rows", rows}};
}

void run(const ReproduceOptions& options, const Output& given, const std::string& command) {
  share_ranks();
  const Output output = of_this_rank(given);
  check_writable(output);
  std::vector<ReproducedTable> tables;
  for (const ReproducedTable& table : reproduced_tables()) {
    if (options.table == table.name || options.table == "all") tables.push_back(table);
  }
  for (ReproducedTable& table : tables) {
    if (!options.data.empty()) table.data = options.data;
  }
  std::error_code error;
  std::filesystem::create_directories(options.folder, error);
  check(!error, "cannot make the folder ", options.folder.string(), ": ", error.message());

  const int64_t cores = threads_of_rank();
  std::vector<std::vector<Trial>> trials;
  for (const ReproducedTable& table : tables)
    trials.push_back(trials_of(table, options.seeds, options.quick, options.folder));
  read_in_turn([&] {
    for (size_t t = 0; t < tables.size(); ++t) {
      for (Trial& trial : trials[t]) read_result(tables[t], trial);
    }
  });
  size_t all = 0, made = 0;
  double expected = 0;
  for (size_t t = 0; t < tables.size(); ++t) {
    for (const Trial& trial : trials[t]) {
      ++all;
      if (trial.result) ++made;
      if (!trial.result) expected += expected_seconds(tables[t].rows[trial.row], options.quick);
    }
  }
  const auto at_once = static_cast<double>(cores * ranks().ranks());
  Reporter reporter(expected, at_once, output.quiet);
  reporter.begin(all, made);

  std::vector<Reproduced> measured;
  io::Json json = io::Json::array();
  for (size_t t = 0; t < tables.size(); ++t) {
    try {
      make(tables[t], trials[t], options, cores, reporter);
    } catch (const Interrupted& interrupted) {
      if (ranks().ranks() == 1) throw;
      fail(interrupted.message);  // which ends the others, too
    }
    Reproduced& of_table = measured.emplace_back(Reproduced{&tables[t], {}});
    for (const Trial& trial : trials[t]) {
      const ReproducedRow& row = tables[t].rows[trial.row];
      if (of_table.rows.empty() || of_table.rows.back().row != &row) of_table.rows.push_back({&row, {}});
      of_table.rows.back().trials.push_back(*trial.result);
    }
    json.push_back(json_of(of_table));
    if (output.quiet) continue;
    std::printf("\n%s: %s\n\n%s\n%s\n", tables[t].name, tables[t].help,
                table_of(tables[t], of_table.rows).text().c_str(),
                options.quick ? "Quick: the seeds, epochs and variants of the whole table are more."
                              : tables[t].note.c_str());
    std::fflush(stdout);
  }
  if (!output.metrics.empty())
    io::write_file_atomically(output.metrics, (json.size() == 1 ? json.elements()[0] : json).text(2) + "\n");
  if (!output.report.empty()) io::write_file_atomically(output.report, reproduce_page(measured, command));
  if (!output.quiet && !output.report.empty()) std::printf("report: %s\n", output.report.c_str());
}

}  // namespace

void add_reproduce(CommandLine& line) {
  const Command command =
      line.add_command("reproduce", "Measure the published tables of pruning, beside what was published");
  auto options = std::make_shared<ReproduceOptions>();
  auto output = std::make_shared<Output>();
  const std::span tables(reproduced_tables());
  std::vector<std::string> names = recipe::beginnings(tables);
  names.emplace_back("all");
  command.add("table", options->table, "A row of the list below, or all").required().one_of(names);
  command.add("--seeds", options->seeds, "Trainings of each row")
      .in_range(int64_t{1}, int64_t{1000})
      .shows_default();
  command.add_flag("--quick", options->quick,
                   "One seed and a twentieth of the epochs, without variants and controls");
  command.add("--data", options->data,
              "Other data than the table's, as for train: what was published is then no comparison");
  command
      .add("--folder", options->folder,
           "Where networks, checkpoints and results are kept: the same command goes on where it was")
      .shows_default();
  add_report_option(command, *output);
  add_output_options(command, *output);
  command.footer(
      "\nTables:\n" + recipe::help_of(tables) +
      "\nTrainings run side by side, one a core, each a `tinynn prune` of its own: the report has their "
      "commands. mpirun shares them among machines that see the same folder.\n\nExamples:\n  tinynn "
      "reproduce lenet-300-100 --report table.html\n"
      "  tinynn reproduce lenet-5 --quick");
  command.runs([=] { run(*options, *output, command_line(command)); });
}

}  // namespace tinynn::cli
