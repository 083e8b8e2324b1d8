// The command that makes a result again.
#pragma once

#include <string>

#include <tinynn/cli/command.hpp>

namespace tinynn::cli {

/// The subcommand as it was parsed, for bash, an option a line: tinynn prune --in 'my model.safetensors' ...
/// Holds the options that were given, the seed also if it was not, and in front $TINYNN_DATA if that is set.
std::string command_line(const Command& command);

/// One argument as bash reads it back, whatever bytes it holds.
std::string shell_quoted(const std::string& argument);

}  // namespace tinynn::cli
