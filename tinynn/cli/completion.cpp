// `tinynn completion`: what bash needs to complete commands, options and what stands behind them, printed
// from the same declarations that parse them.
#include <cstdio>

#include <tinynn/cli/commands.hpp>

namespace tinynn::cli {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string script(const std::vector<Command>& commands) {
  std::string names, cases;
  for (const Command& command : commands) {
    names += (names.empty() ? "" : " ") + command.name();
    std::string options;
    for (const Argument& argument : command.arguments()) {
      if (!argument.name.starts_with("--")) continue;
      options += (options.empty() ? "" : " ") + argument.name;
      if (!argument.suggestions.empty())
        cases += "        '" + command.name() + " " + argument.name + "') words='" +
                 joined(argument.suggestions) + "' ;;\n";
    }
    cases += "        '" + command.name() + " '*) [[ $word == -* ]] && words='" + options + "' ;;\n";
  }
  return "# tinynn for bash; put into ~/.bashrc:  source <(tinynn completion)\n"
         "_tinynn() {\n"
         "    local word=${COMP_WORDS[COMP_CWORD]} words=\n"
         "    case \"${COMP_WORDS[1]} ${COMP_WORDS[COMP_CWORD - 1]}\" in\n"
         "        *\" ${COMP_WORDS[0]}\") words='" +
         names + "' ;;\n" + cases +
         "    esac\n"
         "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
         "}\n"
         "complete -o bashdefault -o default -F _tinynn tinynn\n";
}

}  // namespace

void add_completion(CommandLine& line) {
  const Command command =
      line.add_command("completion", "Print what bash needs to complete tinynn's options");
  command.footer("\nPut into ~/.bashrc:\n  source <(tinynn completion)");
  command.runs([&line] { std::printf("%s", script(line.commands()).c_str()); });
}

}  // namespace tinynn::cli
