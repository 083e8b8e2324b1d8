#include <algorithm>
#include <map>
#include <set>

#include <tinynn/core/error.hpp>
#include <tinynn/data/zip_file.hpp>
#include <tinynn/io/one_line.hpp>
#include <tinynn/io/state_dict.hpp>
#include <tinynn/io/stored_forms.hpp>
#include <tinynn/io/torch_file.hpp>

namespace tinynn::io {
namespace {

using detail::in_quotes;
constexpr std::string_view original = "_orig", mask = "_mask", compiled = "_orig_mod.", parallel = "module.";

std::string without_compiled(const std::string& name) {
  std::string result;
  size_t begin = 0;
  for (size_t at = 0; (at = name.find(compiled, begin)) != std::string::npos; begin = at + compiled.size())
    result.append(name, begin, at - begin);
  return result.append(name, begin);
}

// How many times it begins so.
size_t parallels(const std::string& name) {
  size_t count = 0;
  while (name.compare(count * parallel.size(), parallel.size(), parallel) == 0) ++count;
  return count;
}

void strip_prefixes(SafetensorsFile& file) {
  size_t common = file.tensors.empty() ? 0 : std::string::npos;
  for (StoredTensor& tensor : file.tensors) {
    tensor.name = without_compiled(tensor.name);
    common = std::min(common, parallels(tensor.name));
  }
  std::set<std::string> names;
  for (StoredTensor& tensor : file.tensors) {
    tensor.name.erase(0, common * parallel.size());
    check(names.insert(tensor.name).second, file.name, ": two tensors ", in_quotes(tensor.name),
          ", but for their prefixes");
  }
}

// weight_orig and weight_mask, of one shape, become weight, which is zero where the mask is, and a mask of
// bits.
void join_masks(SafetensorsFile& file) {
  std::set<std::string> joined;
  std::vector<StoredTensor> made;
  for (const StoredTensor& stored : file.tensors) {
    if (!stored.name.ends_with(original)) continue;
    const std::string name = stored.name.substr(0, stored.name.size() - original.size());
    const std::string mask_name = name + std::string(mask);
    if (file.find(mask_name) == nullptr || file.find(name) != nullptr) continue;
    const Tensor value = file.tensor(stored.name), alive = file.tensor(mask_name);
    check(value.shape() == alive.shape(), file.name, ": tensor ", in_quotes(mask_name), " has shape ",
          alive.shape(), ", ", in_quotes(stored.name), " has ", value.shape());
    Parameter parameter(value);
    Mask bits(value.shape());
    for (int64_t i = 0; i < value.numel(); ++i) {
      const float x = alive.data()[i];
      check(x == 0 || x == 1, file.name, ": tensor ", in_quotes(mask_name), " has ", x, " at element ", i,
            ", expected 0 or 1");
      bits.set(i, x != 0);
    }
    parameter.set_mask(bits);
    for (StoredTensor& tensor : detail::store_dense(name, parameter)) made.push_back(std::move(tensor));
    joined.insert({stored.name, mask_name});
  }
  std::erase_if(file.tensors, [&](const StoredTensor& tensor) { return joined.contains(tensor.name); });
  std::ranges::move(made, std::back_inserter(file.tensors));
}

}  // namespace

SafetensorsFile read_weights(const std::filesystem::path& path) {
  SafetensorsFile file = data::is_zip_file(path) ? detail::read_torch_file(path) : read_safetensors(path);
  strip_prefixes(file);
  join_masks(file);
  return file;
}

std::vector<std::string> load_what_fits(nn::Module& module, const SafetensorsFile& file,
                                        const LoadOptions& options) {
  SafetensorsFile chosen = to_file(module);  // what the file lacks stays
  std::vector<std::string> left_out;
  std::set<std::string> taken;
  const auto erase = [&](const std::string& name) {
    std::erase_if(chosen.tensors, [&](const StoredTensor& tensor) { return tensor.name == name; });
  };
  const auto choose = [&](const std::string& name, const Shape& shape) {
    const std::string packed = name + detail::compressed_suffix, bits = name + detail::mask_suffix;
    const StoredTensor *dense = file.find(name), *compressed = file.find(packed);
    if (dense == nullptr && compressed == nullptr) {
      left_out.push_back(in_quotes(name) + " is not in the file");
      return;
    }
    const Shape found = dense != nullptr ? dense->shape : detail::compressed_shape(file, *compressed);
    for (const std::string& part : {name, packed, bits}) {
      if (file.find(part) != nullptr) taken.insert(part);
    }
    if (found != shape) {
      TextStream text;
      text << in_quotes(name) << " has shape " << found << " in the file, " << shape << " here";
      left_out.push_back(text.str());
      return;
    }
    for (const std::string& part : {name, packed, bits}) {
      if (part == packed && dense != nullptr) continue;
      erase(part);
      if (const StoredTensor* tensor = file.find(part)) chosen.tensors.push_back(*tensor);
    }
  };
  for (const auto& [name, parameter] : module.named_parameters()) choose(name, parameter.shape());
  for (const auto& [name, buffer] : module.named_buffers()) choose(name, buffer.shape());
  for (const StoredTensor& tensor : file.tensors) {
    if (!taken.contains(tensor.name) && !tensor.name.ends_with("num_batches_tracked"))
      left_out.push_back(in_quotes(tensor.name) + " of the file is not here");
  }
  chosen.name = file.name;
  load(module, chosen, options);
  return left_out;
}

}  // namespace tinynn::io
