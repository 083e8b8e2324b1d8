// The tinynn command: errors go to stderr in one line, exit code 1, or 2 for wrong usage.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <new>
#include <string>
#include <string_view>

#include <sys/resource.h>

#include <tinynn/cli/checkpoints.hpp>
#include <tinynn/cli/commands.hpp>
#include <tinynn/cli/ranks.hpp>
#include <tinynn/core/version.hpp>

namespace {

// In one line, whatever the user typed.
int report(const std::string& message, int exit_code) {
  constexpr size_t longest = 280, tail = 100;
  std::string line = message;
  if (tinynn::cli::is_under_mpirun())
    line = "rank " + std::to_string(tinynn::cli::rank_by_mpirun()) + ": " + line;
  std::ranges::replace_if(
      line, [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  if (line.size() > longest) line.replace(longest - tail, line.size() - longest, " ... ");
  std::fprintf(stderr, "tinynn: %s\n", line.c_str());
  return exit_code;
}

// What all processes of mpirun know.
int report_once(const std::string& message, int exit_code) {
  const bool is_first = tinynn::cli::rank_by_mpirun() == 0;
  if (is_first) report(message, exit_code);
  tinynn::cli::leave_ranks(exit_code, true);
  return exit_code;
}

// Where address space is too small (ulimit -v), threads that OpenBLAS started ask for it for ever, and exit()
// waits for them.
bool is_address_space_limited() {
  rlimit limit{};
  return getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

// Before a process ends because of its options, the others have to know: mpirun stops them when it is gone.
void run_of_ranks(tinynn::cli::CommandLine& line, int argc, char** argv) {
  try {
    line.run(argc, argv);
  } catch (const tinynn::cli::UsageError& error) {
    tinynn::cli::share_ranks(error.what());
    throw;
  }
}

int run(tinynn::cli::CommandLine& line, bool is_shared, int argc, char** argv) {
  try {
    is_shared ? run_of_ranks(line, argc, argv) : line.run(argc, argv);
    const bool failed = std::ferror(stdout) != 0;  // of what, is no longer known
    if (std::fflush(stdout) == 0 && !failed) return 0;
    return report(std::string("cannot write to standard output") +
                      (failed ? "" : std::string(": ") + std::strerror(errno)),
                  1);
  } catch (const tinynn::cli::Interrupted& interrupted) {
    return report_once(interrupted.message, interrupted.exit_code);
  } catch (const tinynn::cli::UsageError& error) {
    return report_once(error.what() + std::string(" (see --help)"), 2);
  } catch (const tinynn::train::AgreedError& error) {
    return report_once(error.what(), 1);
  } catch (const std::bad_alloc&) {
    return report("out of memory", 1);
  } catch (const std::filesystem::filesystem_error& error) {
    return report(error.path1().string() + ": " + error.code().message(), 1);
  } catch (const std::exception& error) {
    return report(error.what(), 1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  tinynn::cli::CommandLine line("tinynn", "tinynn trains, prunes and inspects small neural networks.",
                                std::string("tinynn ") + tinynn::version());
  line.footer(
      "\n'tinynn COMMAND --help' explains a command. A data set is the folder of its name in $TINYNN_DATA,\n"
      "datasets/ or /usr/share/datasets.");
  tinynn::cli::add_train(line);
  tinynn::cli::add_prune(line);
  tinynn::cli::add_compact(line);
  tinynn::cli::add_eval(line);
  tinynn::cli::add_import(line);
  tinynn::cli::add_inspect(line);
  tinynn::cli::add_export(line);
  tinynn::cli::add_predict(line);
  tinynn::cli::add_sensitivity(line);
  tinynn::cli::add_bench(line);
  tinynn::cli::add_reproduce(line);
  tinynn::cli::add_completion(line);
  // Of mpirun's processes the first does by itself what is not shared.
  const std::string_view command = argc > 1 ? argv[1] : "";
  const bool is_shared = command == "train" || command == "prune" || command == "reproduce";
  if (tinynn::cli::rank_by_mpirun() > 0 && !is_shared) return 0;
  const int exit_code = run(line, is_shared, argc, argv);
  tinynn::cli::leave_ranks(exit_code, false);
  if (!is_address_space_limited()) return exit_code;
  std::fflush(nullptr);
  std::_Exit(exit_code);
}
