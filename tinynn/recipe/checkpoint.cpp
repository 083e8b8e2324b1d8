#include <algorithm>
#include <deque>
#include <sstream>

#include <tinynn/core/error.hpp>
#include <tinynn/core/version.hpp>
#include <tinynn/io/one_line.hpp>
#include <tinynn/io/safetensors.hpp>
#include <tinynn/recipe/run.hpp>
#include <tinynn/structured/remove_layers.hpp>

namespace tinynn::recipe {
namespace {

using io::detail::one_line;

constexpr const char *recipe_key = "tinynn.recipe", *version_key = "tinynn.version";

State read_state(const io::SafetensorsFile& file) {
  State state;
  state.texts = file.metadata;
  for (const auto& stored : file.tensors) state.tensors[stored.name] = file.tensor(stored.name);
  return state;
}

// Removes the layers that the state says were, those that are still there; each is back when its entry goes.
void remove_layers(const State& saved, nn::Module& module, std::deque<structured::WithoutLayer>& removed) {
  const std::vector<std::string> now = structured::removed_layers(module);
  std::vector<std::string> names;
  StateReader(saved).all("removed", names);
  for (const auto& name : names) {
    if (std::ranges::find(now, name) == now.end()) removed.emplace_back(module, name);
  }
}

// The caller's part comes first: what it refuses is refused before anything is changed.
void visit_all(StateVisitor& visit, Run& run, const Run::Visits& more) {
  if (more) visit.within("more", [&] { more(visit); });
  run.state(visit);
}

}  // namespace

std::string first_difference(const std::string& options, const std::string& expected) {
  const auto parse = [](const std::string& text) {
    std::vector<std::pair<std::string, std::string>> list;  // by name, "name=value"
    std::istringstream in(text);
    for (std::string option; in >> option;) list.emplace_back(option.substr(0, option.find('=')), option);
    return list;
  };
  const auto found = parse(options), wanted = parse(expected);
  const auto text_in = [](const auto& list, const std::string& name) {
    const auto at = std::ranges::find(list, name, &std::pair<std::string, std::string>::first);
    return at == list.end() ? "the usual " + name : at->second;
  };
  for (const auto& list : {found, wanted}) {
    for (const auto& [name, option] : list) {
      const std::string is = text_in(found, name), should = text_in(wanted, name);
      if (is != should) return one_line(is, 200) + ", expected " + one_line(should, 200);
    }
  }
  return "";
}

void Run::save(const std::filesystem::path& file, const Visits& more) {
  StateWriter writer;
  visit_all(writer, *this, more);
  io::SafetensorsFile content{.metadata = std::move(writer.state.texts), .tensors = {}};
  content.metadata[recipe_key] = to_text(recipe_);
  content.metadata[version_key] = version();
  for (const auto& [name, tensor] : writer.state.tensors) content.add(name, tensor);
  io::write_safetensors(content, file);
}

void Run::resume(const std::filesystem::path& file, const Visits& more) {
  const io::SafetensorsFile content = io::read_safetensors(file);
  const auto found = content.metadata.find(recipe_key);
  check(found != content.metadata.end(), file.string(), " is no checkpoint of a run: it has no ", recipe_key);
  const std::string difference = first_difference(found->second, to_text(recipe_));
  check(difference.empty(), file.string(), ": it is of a run with ", difference);
  StateWriter before;
  visit_all(before, *this, more);
  const State saved = read_state(content);
  StateReader reader(saved);
  std::deque<structured::WithoutLayer> removed;
  try {
    remove_layers(saved, *module_, removed);
    visit_all(reader, *this, more);
    for (auto& layer : removed) layer.let_go();
  } catch (const Error& error) {
    while (!removed.empty()) removed.pop_back();
    StateReader back(before.state);
    visit_all(back, *this, more);
    fail(file.string(), ": ", one_line(error.what(), 300));  // which may quote the file
  }
}

}  // namespace tinynn::recipe
