// The subcommands. Each function adds one to the command line; it runs as the callback of its parser.
#pragma once

#include <tinynn/cli/command.hpp>

namespace tinynn::cli {

void add_train(CommandLine& line);
void add_prune(CommandLine& line);
void add_compact(CommandLine& line);
void add_eval(CommandLine& line);
void add_import(CommandLine& line);
void add_inspect(CommandLine& line);
void add_export(CommandLine& line);
void add_predict(CommandLine& line);
void add_sensitivity(CommandLine& line);
void add_bench(CommandLine& line);
void add_reproduce(CommandLine& line);
void add_completion(CommandLine& line);

}  // namespace tinynn::cli
