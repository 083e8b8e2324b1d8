#include <algorithm>
#include <functional>
#include <set>
#include <string_view>

#include <tinynn/core/error.hpp>
#include <tinynn/io/checkpoint.hpp>
#include <tinynn/io/parameter_storage.hpp>
#include <tinynn/io/safetensors_header.hpp>

namespace tinynn::io {
namespace {

using detail::in_quotes;
using detail::Stored;

std::string listed(const std::vector<std::string>& names) {
  constexpr size_t shown = 5;
  std::string result;
  for (size_t i = 0; i < std::min(names.size(), shown); ++i) result += (i ? ", " : "") + in_quotes(names[i]);
  if (names.size() > shown) result += " and " + std::to_string(names.size() - shown) + " more";
  return result;
}

using Parameters = std::vector<std::pair<std::string, Parameter>>;
using Buffers = std::vector<std::pair<std::string, Tensor>>;

// PyTorch's counter of batches, where it goes with the running mean beside it.
std::string counter_name(const std::string& buffer) {
  constexpr std::string_view mean = "running_mean";
  return buffer.ends_with(mean) ? buffer.substr(0, buffer.size() - mean.size()) + "num_batches_tracked"
                                : buffer;
}

// The tensors of a parameter: those in the file but for the ones that are members of their own ("gate_mask").
Stored tensors_of(const std::string& name, const Stored& stored, const std::set<std::string>& members) {
  Stored result;
  for (const Storage form : {Storage::dense, Storage::bitmask, Storage::csr, Storage::codebook}) {
    for (const auto& tensor_name : detail::tensor_names(name, form)) {
      const auto found = stored.find(tensor_name);
      if (found != stored.end() && (tensor_name == name || !members.contains(tensor_name)))
        result.insert(*found);
    }
  }
  return result;
}

// What belongs to no parameter in the form in which that is stored is reported as unexpected.
void check_names(const std::string& file, const Parameters& parameters, const Buffers& buffers,
                 const Stored& stored, const std::set<std::string>& members) {
  std::set<std::string> known;
  std::vector<std::string> missing, unexpected;
  for (const auto& [name, parameter] : parameters) {
    const Stored own = tensors_of(name, stored, members);
    const Storage form = detail::form_of(name, own);
    for (const auto& tensor_name : detail::tensor_names(name, form)) {
      known.insert(tensor_name);
      const bool needed = form != Storage::dense || tensor_name == name;
      if (needed && !own.contains(tensor_name)) missing.push_back(tensor_name);
    }
  }
  for (const auto& [name, buffer] : buffers) {
    known.insert({name, counter_name(name)});
    if (!stored.contains(name)) missing.push_back(name);
  }
  for (const auto& [name, tensor] : stored) {
    if (!known.contains(name)) unexpected.push_back(name);
  }
  if (missing.empty() && unexpected.empty()) return;
  fail(file, " does not fit the module:", missing.empty() ? "" : " it lacks " + listed(missing),
       missing.empty() || unexpected.empty() ? "" : ";",
       unexpected.empty() ? "" : " the module has no " + listed(unexpected));
}

}  // namespace

SafetensorsFile to_file(nn::Module& module, const Metadata& metadata, Storage storage) {
  SafetensorsFile file;
  file.metadata = metadata;
  file.metadata.insert({"format", "pt"});
  for (const auto& [name, parameter] : module.named_parameters()) {
    parameter.require_hardened("save");
    for (auto& tensor : detail::store(name, parameter, storage)) file.tensors.push_back(std::move(tensor));
  }
  for (const auto& [name, buffer] : module.named_buffers()) file.add(name, buffer);
  // Small elements come last: their odd numbers would leave what is after them unaligned.
  std::ranges::stable_sort(file.tensors, std::greater(), [](const auto& t) { return dtype_bytes(t.dtype); });
  return file;
}

void save(nn::Module& module, const std::filesystem::path& path, const Metadata& metadata, Storage storage) {
  write_safetensors(to_file(module, metadata, storage), path);
}

void load(nn::Module& module, const SafetensorsFile& file) {
  const Parameters parameters = module.named_parameters();
  Buffers buffers = module.named_buffers();
  Stored stored;
  for (const StoredTensor& tensor : file.tensors) stored.emplace(tensor.name, &tensor);
  std::set<std::string> members;
  for (const auto& [name, parameter] : parameters) members.insert(name);
  for (const auto& [name, buffer] : buffers) members.insert(name);
  check_names(file.name, parameters, buffers, stored, members);

  // Everything is read and checked before anything is assigned, so that an error changes nothing.
  std::vector<std::pair<Tensor, Mask>> loaded;
  for (const auto& [name, parameter] : parameters) {
    parameter.require_hardened("load");
    loaded.push_back(detail::read_stored(file, tensors_of(name, stored, members), name, parameter.shape()));
  }
  std::vector<Tensor> loaded_buffers;
  for (const auto& [name, buffer] : buffers) {
    detail::check_fits(file.name, name, stored[name]->shape, buffer.shape());
    loaded_buffers.push_back(file.tensor(name));
  }
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
  for (size_t i = 0; i < buffers.size(); ++i) buffers[i].second.set_data(loaded_buffers[i]);
}

Metadata load(nn::Module& module, const std::filesystem::path& path) {
  const SafetensorsFile file = read_safetensors(path);
  load(module, file);
  return file.metadata;
}

}  // namespace tinynn::io
