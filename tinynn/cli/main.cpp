// The tinynn command: errors go to stderr in one line, exit code 1, or 2 for wrong usage.
#include <cstdio>
#include <exception>
#include <string>

#include <CLI/CLI.hpp>

#include <tinynn/cli/commands.hpp>
#include <tinynn/core/version.hpp>

namespace {

int report(const std::string& message, int exit_code) {
  std::string line = message.substr(0, message.find('\n'));
  std::fprintf(stderr, "tinynn: %s\n", line.c_str());
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("tinynn trains, prunes and inspects small neural networks.", "tinynn");
  app.set_version_flag("--version", std::string("tinynn ") + tinynn::version());
  app.get_formatter()->column_width(34);
  app.require_subcommand(1);
  app.footer(
      "\n'tinynn COMMAND --help' explains a command. Data sets are looked for in $TINYNN_DATA, then in "
      "datasets/.");
  tinynn::cli::add_train(app);
  tinynn::cli::add_prune(app);
  tinynn::cli::add_compact(app);
  tinynn::cli::add_eval(app);
  tinynn::cli::add_inspect(app);
  tinynn::cli::add_export(app);
  tinynn::cli::add_sensitivity(app);
  tinynn::cli::add_bench(app);
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help and --version
    return report(error.what() + std::string(" (see --help)"), 2);
  } catch (const std::exception& error) {
    return report(error.what(), 1);
  }
}
