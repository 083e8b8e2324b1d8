#include <tinynn/core/error.hpp>
#include <tinynn/core/version.hpp>
#include <tinynn/io/safetensors.hpp>
#include <tinynn/recipe/run.hpp>

namespace tinynn::recipe {
namespace {

constexpr const char *recipe_key = "tinynn.recipe", *version_key = "tinynn.version";

State read_state(const io::SafetensorsFile& file) {
  State state;
  state.texts = file.metadata;
  for (const auto& stored : file.tensors) state.tensors[stored.name] = file.tensor(stored.name);
  return state;
}

}  // namespace

void Run::save(const std::filesystem::path& file) {
  StateWriter writer;
  state(writer);
  io::SafetensorsFile content{.metadata = std::move(writer.state.texts), .tensors = {}};
  content.metadata[recipe_key] = to_text(recipe_);
  content.metadata[version_key] = version();
  for (const auto& [name, tensor] : writer.state.tensors) content.add(name, tensor);
  io::write_safetensors(content, file);
}

void Run::resume(const std::filesystem::path& file) {
  const io::SafetensorsFile content = io::read_safetensors(file);
  const auto found = content.metadata.find(recipe_key);
  check(found != content.metadata.end(), file.string(), " is no checkpoint of a run: it has no ", recipe_key);
  check(found->second == to_text(recipe_), file.string(), " is of the recipe \"", found->second,
        "\", expected \"", to_text(recipe_), '"');
  StateWriter before;
  state(before);
  const State saved = read_state(content);
  StateReader reader(saved);
  try {
    state(reader);
  } catch (const Error& error) {
    StateReader back(before.state);
    state(back);
    fail(file.string(), ": ", error.what());
  }
}

}  // namespace tinynn::recipe
