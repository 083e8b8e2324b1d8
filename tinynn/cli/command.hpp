// The command line as its subcommands declare it: CommandLine has Commands, a Command has Options, each a
// light handle. CLI11, which does the work, is included in command.cpp alone, for it takes ten seconds to
// compile wherever it is.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace tinynn::cli {

/// What was typed is no use of the command.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What may stand behind an option, for the shell to complete.
using Suggestions = std::map<const CLI::Option*, std::vector<std::string>>;

class Option {
 public:
  Option(CLI::Option* option, Suggestions& all) : option_(option), all_(&all) {}
  /// The heading in the help under which it stands.
  Option group(const char* heading) const;
  Option required() const;
  Option excludes(Option other) const;
  /// The help shows the value that the variable has now.
  Option shows_default() const;
  /// Of a list: one argument holds several elements.
  Option delimiter(char between) const;
  Option one_of(const std::vector<std::string>& names) const;
  /// Texts, or how they begin, that it may be, among others.
  Option suggests(const std::vector<std::string>& texts) const;
  Option in_range(double low, double high) const;
  Option in_range(int64_t low, int64_t high) const;
  Option at_least(int64_t low) const;
  Option not_negative() const;
  /// `wrong` says what is wrong with a text, or nothing; the help shows `pattern`.
  Option check(std::function<std::string(const std::string& text)> wrong, const char* pattern = "") const;

  bool given() const;

 private:
  CLI::Option* option_;
  Suggestions* all_;
};

/// An option after parsing.
struct Argument {
  std::string name, value;  // the default value if it was not given
  bool given, is_flag;
  std::vector<std::string> suggestions;
};

class Command {
 public:
  Command(CLI::App* app, Suggestions& all) : app_(app), all_(&all) {}
  /// An option, or without leading dashes an argument, that goes to `value`: a string, path, number, optional
  /// or vector of these. The types that command.cpp lists.
  template <class T>
  Option add(const char* name, T& value, const char* help) const;
  Option add_flag(const char* name, bool& value, const char* help) const;
  /// The end of the help.
  void footer(const std::string& text) const;
  /// What it does, once its options are read. May throw UsageError.
  void runs(std::function<void()> function) const;

  std::string name() const;
  std::vector<Argument> arguments() const;

 private:
  CLI::App* app_;
  Suggestions* all_;
};

class CommandLine {
 public:
  CommandLine(const char* name, const char* help, const std::string& version);
  ~CommandLine();
  Command add_command(const char* name, const char* help);
  std::vector<Command> commands();
  void footer(const std::string& text);
  /// Runs the command that was typed, or prints help or version. Throws UsageError for what is not
  /// understood.
  void run(int argc, char** argv);

 private:
  std::unique_ptr<CLI::App> app_;
  Suggestions suggestions_;
};

}  // namespace tinynn::cli
