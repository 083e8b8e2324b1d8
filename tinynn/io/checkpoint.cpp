#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include <tinynn/core/error.hpp>
#include <tinynn/graph/stored_graph.hpp>
#include <tinynn/io/checkpoint.hpp>
#include <tinynn/io/one_line.hpp>
#include <tinynn/io/stored_forms.hpp>
#include <tinynn/nn/snapshot.hpp>

namespace tinynn::io {
namespace {

constexpr const char* graph_key = "tinynn.graph";

using Parameters = std::vector<std::pair<std::string, Parameter>>;
using Buffers = std::vector<std::pair<std::string, Tensor>>;

std::string listed(const char* what, const std::vector<std::string>& names) {
  constexpr size_t shown = 5;
  std::string result = names.empty() ? "" : what;
  for (size_t i = 0; i < std::min(names.size(), shown); ++i)
    result += (i ? ", " : " ") + detail::in_quotes(names[i]);
  if (names.size() > shown) result += " and " + std::to_string(names.size() - shown) + " more";
  return result;
}

// PyTorch's counter of batches, where it goes with the running mean beside it.
std::string counter_name(const std::string& buffer) {
  constexpr std::string_view mean = "running_mean";
  return buffer.ends_with(mean) ? buffer.substr(0, buffer.size() - mean.size()) + "num_batches_tracked"
                                : buffer;
}

// Where a file holds a parameter or a buffer: its tensor, dense under its own name or compressed, and its
// mask.
struct Held {
  std::string name;
  const StoredTensor *tensor = nullptr, *mask = nullptr;
};

// Finds parameters, then buffers. Throws Error if one is missing or if a tensor is left over, such as those
// of a form that is not known.
std::vector<Held> find_all(const Parameters& parameters, const Buffers& buffers,
                           const SafetensorsFile& file) {
  std::map<std::string, const StoredTensor*> rest;
  for (const StoredTensor& tensor : file.tensors) rest.emplace(tensor.name, &tensor);
  const auto take = [&](const std::string& name) {
    const auto node = rest.extract(name);
    return node.empty() ? nullptr : node.mapped();
  };
  std::vector<Held> result;  // first under their own names, for a member may itself be called "gate_mask"
  for (const auto& [name, parameter] : parameters) result.push_back({name, take(name)});
  for (const auto& [name, buffer] : buffers) result.push_back({name, take(name)});
  std::vector<std::string> missing, unexpected;
  for (size_t i = 0; i < result.size(); ++i) {
    auto& [name, tensor, mask] = result[i];
    const bool is_parameter = i < parameters.size();
    if (!is_parameter) take(counter_name(name));
    const bool is_compressed =
        is_parameter && tensor == nullptr && (tensor = take(name + detail::compressed_suffix)) != nullptr;
    if (is_parameter && !is_compressed) mask = take(name + detail::mask_suffix);
    if (tensor == nullptr) missing.push_back(name);
  }
  for (const auto& [name, tensor] : rest) unexpected.push_back(name);
  if (missing.empty() && unexpected.empty()) return result;
  fail(file.name, " does not fit the module:", listed(" it lacks", missing),
       missing.empty() || unexpected.empty() ? "" : ";", listed(" the module has no", unexpected));
}

void check_numbers(const SafetensorsFile& file, const std::string& name, const Tensor& value) {
  const auto values = value.values();
  const auto isnan = [](float x) { return std::isnan(x); };
  const auto first = std::ranges::find_if(values, isnan);
  check(first == values.end(), file.name, ": tensor ", detail::in_quotes(name), " has ",
        std::ranges::count_if(values, isnan), " values that are NaN, the first at element ",
        first - values.begin());
}

}  // namespace

std::string_view storage_name(Storage storage) {
  constexpr std::string_view names[] = {"dense", "compressed", "smallest"};
  return names[static_cast<size_t>(storage)];
}

SafetensorsFile to_file(nn::Module& module, const SaveOptions& options) {
  const Storage storage = options.storage;
  SafetensorsFile file;
  file.metadata = options.metadata;
  file.metadata.insert({"format", "pt"});
  if (const auto* network = dynamic_cast<const graph::Network*>(&module)) {
    file.metadata[graph_key] = graph::to_line(network->graph());
  } else if (options.graph) {
    file.metadata[graph_key] = graph::to_line(graph::Network(module, *options.graph).graph());
  }
  for (const auto& [name, parameter] : module.named_parameters()) {
    parameter.require_hardened("save");
    SafetensorsFile dense, compressed;
    dense.tensors = detail::store_dense(name, parameter);
    if (storage != Storage::dense) compressed.tensors = detail::store_compressed(name, parameter);
    const bool is_smaller = safetensors_bytes(compressed) < safetensors_bytes(dense);
    const bool take_it = storage == Storage::compressed || (storage == Storage::smallest && is_smaller);
    std::ranges::move(take_it ? compressed.tensors : dense.tensors, std::back_inserter(file.tensors));
  }
  for (const auto& [name, buffer] : module.named_buffers()) file.add(name, buffer);
  // Small elements come last: their odd numbers would leave what is after them unaligned.
  std::ranges::stable_sort(file.tensors, std::greater(), [](const auto& t) { return dtype_bytes(t.dtype); });
  return file;
}

void save(nn::Module& module, const std::filesystem::path& path, const SaveOptions& options) {
  write_safetensors(to_file(module, options), path);
}

StoredAs stored_as(const SafetensorsFile& file, const std::string& parameter) {
  const StoredTensor* tensor = file.find(parameter);
  const auto storage = tensor != nullptr ? Storage::dense : Storage::compressed;
  if (tensor == nullptr) tensor = file.find(parameter + detail::compressed_suffix);
  check(tensor != nullptr, file.name, ": no parameter ", detail::in_quotes(parameter));
  const StoredTensor* mask = file.find(parameter + detail::mask_suffix);
  return {storage, std::ssize(tensor->bytes) + (mask != nullptr ? std::ssize(mask->bytes) : 0)};
}

void load(nn::Module& module, const SafetensorsFile& file, const LoadOptions& options) {
  const Parameters parameters = module.named_parameters();
  Buffers buffers = module.named_buffers();
  const auto held = find_all(parameters, buffers, file);

  // Everything is read and checked before anything is assigned, so that an error changes nothing.
  std::vector<std::pair<Tensor, Mask>> loaded;
  for (size_t i = 0; i < held.size(); ++i) {
    const auto& [name, tensor, mask] = held[i];
    const bool is_parameter = i < parameters.size();
    if (is_parameter) parameters[i].second.require_hardened("load");
    const Shape& shape =
        is_parameter ? parameters[i].second.shape() : buffers[i - parameters.size()].second.shape();
    loaded.push_back(tensor->name == name ? detail::read_dense(file, *tensor, mask, shape)
                                          : detail::read_compressed(file, *tensor, shape));
    if (!options.allow_nan) check_numbers(file, name, loaded.back().first);
  }
  nn::Undo undo(module);
  for (size_t i = 0; i < parameters.size(); ++i) {
    Parameter parameter = parameters[i].second;
    const auto& [value, mask] = loaded[i];
    if (parameter.shape() == value.shape()) {
      parameter.set_mask(Mask());  // the old mask must not cut the new values
      parameter.assign(value);
      if (mask.defined()) parameter.set_mask(mask);
    } else {
      parameter.adopt(value, mask);
    }
  }
  for (size_t i = 0; i < buffers.size(); ++i) buffers[i].second.set_data(loaded[parameters.size() + i].first);
  undo.keep();
}

Metadata load(nn::Module& module, const std::filesystem::path& path, const LoadOptions& options) {
  const SafetensorsFile file = read_safetensors(path);
  load(module, file, options);
  return file.metadata;
}

graph::Network load_network(const SafetensorsFile& file, const LoadOptions& options) {
  const auto line = file.metadata.find(graph_key);
  check(line != file.metadata.end(), file.name,
        " holds no graph of its network: it was saved without, as PyTorch does");
  graph::Graph graph;
  try {
    graph = graph::from_line(line->second);
  } catch (const Error& error) {
    fail(file.name, ": ", error.what());
  }
  std::vector<std::string> missing;
  int64_t elements = 0, bytes = 0;  // of what is compressed
  for (graph::Value& value : graph.values) {
    const bool is_parameter = value.kind == graph::Value::Kind::parameter;
    if (!is_parameter && value.kind != graph::Value::Kind::buffer) continue;
    const StoredTensor* dense = file.find(value.name);
    const StoredTensor* compressed =
        is_parameter ? file.find(value.name + detail::compressed_suffix) : nullptr;
    if (dense == nullptr && compressed == nullptr) {
      missing.push_back(value.name);
      continue;
    }
    value.shape = dense != nullptr ? dense->shape : detail::compressed_shape(file, *compressed);
    if (dense == nullptr) {
      elements += value.shape.numel(), bytes += std::ssize(compressed->bytes);
      check(elements <= detail::most_elements(bytes), file.name, ": its compressed tensors have more than ",
            detail::most_elements(bytes), " elements, in ", bytes, " bytes");
    }
    value.varies.assign(static_cast<size_t>(value.shape.rank()), false);
    value.tensor = is_parameter ? Parameter(zeros(value.shape)) : zeros(value.shape);
  }
  check(missing.empty(), file.name, " does not fit its own graph:", listed(" it lacks", missing));
  graph::Network network(std::move(graph));
  load(network, file, options);
  return network;
}

graph::Network load_network(const std::filesystem::path& path, const LoadOptions& options) {
  return load_network(read_safetensors(path), options);
}

}  // namespace tinynn::io
