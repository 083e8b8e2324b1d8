#include <charconv>
#include <concepts>
#include <filesystem>
#include <limits>
#include <optional>

#include <CLI/CLI.hpp>

#include <tinynn/cli/command.hpp>

namespace tinynn::cli {
namespace {

// "1000" for 1000.
std::string number_text(auto number) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, number).ptr};
}

// A number that is written as numbers are: of its type, decimal, alone, in no locale. None for anything else,
// for "010", which CLI11 takes for 8, and for nan.
template <class T>
std::optional<T> number_of(const std::string& text) {
  T number{};
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  const bool octal = std::integral<T> && text.size() > 1 && text[0] == '0';
  return error == std::errc() && rest == end && !octal && number == number ? std::optional(number)
                                                                           : std::nullopt;
}

template <class T>
std::string is_number(const std::string& text) {
  if (number_of<T>(text)) return "";
  const char* const kind = std::floating_point<T>    ? "a number"
                           : std::signed_integral<T> ? "an integer"
                                                     : "an integer from 0 to 2^64 - 1";
  return '"' + text + "\" is not " + kind;
}

// "0 to 1", "1 or more".
constexpr int64_t most = int64_t{1} << 40;
template <class T>
std::string range_text(T low, T high) {
  return number_text(low) + (high < static_cast<T>(most) ? " to " + number_text(high) : " or more");
}

template <class T>
std::function<std::string(const std::string&)> is_between(T low, T high) {
  return [=](const std::string& text) {
    const auto number = number_of<T>(text);
    if (number && *number >= low && *number <= high) return std::string();
    return '"' + text + "\", expected " + range_text(low, high);
  };
}

// What the texts of a type are checked for.
CLI::Option* checked(CLI::Option* option, auto&) { return option; }
CLI::Option* checked(CLI::Option* option, int64_t&) { return option->check(is_number<int64_t>); }
CLI::Option* checked(CLI::Option* option, uint64_t&) { return option->check(is_number<uint64_t>); }
CLI::Option* checked(CLI::Option* option, double&) { return option->check(is_number<double>); }
template <class T>
CLI::Option* checked(CLI::Option* option, std::optional<T>&) {
  T number{};
  return checked(option, number);
}
CLI::Option* checked(CLI::Option* option, std::vector<int64_t>&) { return option->check(is_number<int64_t>); }

}  // namespace

Option Option::group(const char* heading) const { return Option(option_->group(heading), *all_); }
Option Option::required() const { return Option(option_->required(), *all_); }
Option Option::excludes(Option other) const { return Option(option_->excludes(other.option_), *all_); }
Option Option::shows_default() const { return Option(option_->capture_default_str(), *all_); }
Option Option::delimiter(char between) const { return Option(option_->delimiter(between), *all_); }
Option Option::one_of(const std::vector<std::string>& names) const {
  return Option(option_->check(CLI::IsMember(names)), *all_).suggests(names);
}
Option Option::suggests(const std::vector<std::string>& texts) const {
  (*all_)[option_] = texts;
  return *this;
}
Option Option::in_range(double low, double high) const {
  return check(is_between(low, high), range_text(low, high).c_str());
}
Option Option::in_range(int64_t low, int64_t high) const {
  return check(is_between(low, high), range_text(low, high).c_str());
}
Option Option::at_least(int64_t low) const { return in_range(low, most); }
Option Option::not_negative() const { return in_range(0.0, std::numeric_limits<double>::max()); }
Option Option::check(std::function<std::string(const std::string&)> wrong, const char* pattern) const {
  return Option(option_->check(std::move(wrong), pattern), *all_);
}
bool Option::given() const { return option_->count() > 0; }

template <class T>
Option Command::add(const char* name, T& value, const char* help) const {
  return Option(checked(app_->add_option(name, value, help), value), *all_);
}
template Option Command::add(const char*, std::string&, const char*) const;
template Option Command::add(const char*, std::filesystem::path&, const char*) const;
template Option Command::add(const char*, int64_t&, const char*) const;
template Option Command::add(const char*, uint64_t&, const char*) const;
template Option Command::add(const char*, double&, const char*) const;
template Option Command::add(const char*, std::optional<std::string>&, const char*) const;
template Option Command::add(const char*, std::optional<int64_t>&, const char*) const;
template Option Command::add(const char*, std::optional<double>&, const char*) const;
template Option Command::add(const char*, std::vector<std::string>&, const char*) const;
template Option Command::add(const char*, std::vector<int64_t>&, const char*) const;

Option Command::add_flag(const char* name, bool& value, const char* help) const {
  return Option(app_->add_flag(name, value, help), *all_);
}
void Command::footer(const std::string& text) const { app_->footer(text); }
void Command::runs(std::function<void()> function) const { app_->callback(std::move(function)); }

std::string Command::name() const { return app_->get_name(); }
std::vector<Argument> Command::arguments() const {
  std::vector<Argument> result;
  for (const CLI::Option* option : app_->get_options()) {
    const bool given = option->count() > 0;
    result.push_back({.name = option->get_name(),
                      .value = given ? option->results().back() : option->get_default_str(),
                      .given = given,
                      .is_flag = option->get_items_expected_max() == 0,
                      .suggestions = all_->contains(option) ? all_->at(option) : std::vector<std::string>{}});
  }
  return result;
}

CommandLine::CommandLine(const char* name, const char* help, const std::string& version)
    : app_(std::make_unique<CLI::App>(help, name)) {
  app_->set_version_flag("--version", version);
  app_->get_formatter()->column_width(34);
  app_->require_subcommand(1);
}
CommandLine::~CommandLine() = default;

Command CommandLine::add_command(const char* name, const char* help) {
  return Command(app_->add_subcommand(name, help), suggestions_);
}
std::vector<Command> CommandLine::commands() {
  std::vector<Command> all;
  for (CLI::App* command : app_->get_subcommands({})) all.emplace_back(command, suggestions_);
  return all;
}
void CommandLine::footer(const std::string& text) { app_->footer(text); }

void CommandLine::run(int argc, char** argv) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) throw UsageError(error.what());
    app_->exit(error);  // --help and --version
  }
}

}  // namespace tinynn::cli
