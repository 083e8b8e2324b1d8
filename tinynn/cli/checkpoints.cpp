#include <charconv>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <utility>

#include <tinynn/cli/checkpoints.hpp>
#include <tinynn/cli/ranks.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/io/atomic_file.hpp>

namespace tinynn::cli {
namespace {

using Clock = std::chrono::steady_clock;

volatile std::sig_atomic_t asked_to_end = 0;
// The second time it ends at once.
void ask_to_end(int signal) {
  asked_to_end = signal;
  std::signal(signal, SIG_DFL);
}

// The number before "s", or of steps; 0 if it is neither.
double number_in(const std::string& text) {
  double number = 0;
  const char* end = text.data() + text.size() - (text.ends_with('s') ? 1 : 0);
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  const bool fits = error == std::errc() && rest == end && number > 0 && number <= 1e9;
  return fits && (text.ends_with('s') || number == std::floor(number)) ? number : 0;
}

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

void add_checkpoint_options(const Command& command, CheckpointOptions& options, Output& output) {
  command
      .add("--checkpoint", output.checkpoint,
           "Save the state of the run to this file now and then, and on Ctrl-C, for --resume")
      .group("Output");
  command
      .add("--every", options.every,
           "How often: after so many seconds, as in 30s, or so many training steps, as in 500")
      .check([](const std::string& text) {
        return number_in(text) > 0 ? ""
                                   : "\"" + text + "\" is neither seconds, as in 30s, nor a number of steps";
      })
      .group("Output")
      .shows_default();
  command
      .add_flag("--resume", options.resume,
                "Go on from the checkpoint, with the same options; start anew if there is none yet")
      .group("Output");
}

void check_usage(const CheckpointOptions& options, const Output& output) {
  if (options.resume && output.checkpoint.empty()) throw UsageError("--resume needs --checkpoint FILE");
}

Checkpoints::Checkpoints(const CheckpointOptions& options, const Output& output, recipe::Run& run,
                         const std::string& settings, recipe::Run::Visits more)
    : file_(output.checkpoint), run_(run), last_(Clock::now()) {
  const double every = number_in(options.every);
  every_seconds_ = std::chrono::duration<double>(every);
  if (!options.every.ends_with('s')) every_steps_ = static_cast<int64_t>(every);
  more_ = [settings, more = std::move(more)](StateVisitor& visit) {
    std::string saved = settings;
    visit("settings", saved);
    const std::string difference = recipe::first_difference(saved, settings);
    check(difference.empty(), "it is of a run with ", difference);
    more(visit);
  };
  require_alike_options(settings + " " + to_text(run.recipe()));
  if (file_.empty()) return;
  if (writes()) io::remove_leftovers(file_);
  if (options.resume) {
    std::error_code unknown;  // whether it is there: then reading says why
    const bool there = std::filesystem::exists(file_, unknown) || unknown;
    if (ranks().ranks() > 1)
      require_alike(
          there ? content_of(file_) : "",
          file_.string() + " is not the same file on all machines: put it into a folder that they share");
    if (there) run.resume(file_, more_);
  }
  asked_to_end = 0;
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, ask_to_end);
}

Checkpoints::~Checkpoints() {
  if (file_.empty()) return;
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, SIG_DFL);
}

bool Checkpoints::writes() const { return ranks().rank() == 0; }

std::string Checkpoints::save() {
  last_ = Clock::now();
  steps_ = 0;
  if (!writes()) return "";
  try {
    run_.save(file_, more_);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

void Checkpoints::after_step() {
  if (file_.empty()) return;
  ++steps_;
  int signal = asked_to_end;
  if (train::Reduce& all = ranks(); all.ranks() > 1) {  // all end after the same step
    if (signal != 0) all.ask_to_end();
    signal = !all.ends() ? 0 : signal != 0 ? signal : SIGTERM;
  }
  const bool is_time = every_steps_ > 0 ? steps_ >= every_steps_ : Clock::now() - last_ >= every_seconds_;
  if (signal == 0 && !is_time) return;
  const std::string error = save();
  if (signal != 0) {
    throw Interrupted{
        "interrupted; " + (error.empty() ? "the same command with --resume goes on from " + file_.string()
                                         : error + ", where the checkpoint before it stays"),
        128 + signal};
  }
  if (!error.empty()) std::fprintf(stderr, "tinynn: %s; the run goes on\n", error.c_str());
}

void Checkpoints::finish() {
  if (file_.empty()) return;
  if (const std::string error = save(); !error.empty()) std::fprintf(stderr, "tinynn: %s\n", error.c_str());
}

}  // namespace tinynn::cli
