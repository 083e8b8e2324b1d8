// The subcommands. Each function adds one to the command line; it runs as the callback of its parser.
#pragma once

namespace CLI {
class App;
}

namespace tinynn::cli {

void add_train(CLI::App& app);
void add_prune(CLI::App& app);
void add_compact(CLI::App& app);
void add_eval(CLI::App& app);
void add_inspect(CLI::App& app);
void add_export(CLI::App& app);
void add_sensitivity(CLI::App& app);
void add_bench(CLI::App& app);

}  // namespace tinynn::cli
