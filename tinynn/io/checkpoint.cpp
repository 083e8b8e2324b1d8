#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include <tinynn/core/error.hpp>
#include <tinynn/io/checkpoint.hpp>
#include <tinynn/io/safetensors_header.hpp>

namespace tinynn::io {
namespace {

using detail::in_quotes;

std::string mask_name(const std::string& parameter) { return parameter + "_mask"; }

Shape packed_shape(const Shape& shape) { return Shape{(shape.numel() + 7) / 8}; }

StoredTensor packed(const std::string& name, const Mask& mask) {
  const Shape shape = packed_shape(mask.shape());
  std::vector<std::byte> bytes(static_cast<size_t>(shape.numel()));
  for (int64_t i = 0; i < mask.shape().numel(); ++i) {
    if (mask[i]) bytes[static_cast<size_t>(i / 8)] |= std::byte{1} << (i % 8);
  }
  return {name, Dtype::u8, shape, std::move(bytes)};
}

void check_shape(const std::string& file, const StoredTensor& stored, const Shape& expected) {
  check(stored.shape == expected, file, ": tensor ", in_quotes(stored.name), " has shape ", stored.shape,
        ", the module expects ", expected);
}

// A tensor may be smaller than the module's, for channels were deleted from what was saved.
void check_fits(const std::string& file, const StoredTensor& stored, const Shape& expected) {
  bool fits = stored.shape.rank() == expected.rank();
  for (int64_t d = 0; fits && d < expected.rank(); ++d) {
    fits = stored.shape[d] == expected[d] || (stored.shape[d] > 0 && stored.shape[d] < expected[d]);
  }
  if (!fits) check_shape(file, stored, expected);
}

Mask unpacked(const std::string& file, const StoredTensor& stored, const Tensor& value) {
  check(stored.dtype == Dtype::u8, file, ": mask ", in_quotes(stored.name), " has type ",
        dtype_name(stored.dtype), ", expected U8");
  check_shape(file, stored, packed_shape(value.shape()));
  detail::check_bytes(stored, file);
  const auto bit = [&](int64_t i) {
    return std::to_integer<int>(stored.bytes[static_cast<size_t>(i / 8)] >> (i % 8)) & 1;
  };
  Mask mask(value.shape());
  for (int64_t i = 0; i < value.numel(); ++i) {
    mask.set(i, bit(i) != 0);
    if (!mask[i] && value.values()[static_cast<size_t>(i)] != 0) {
      fail(file, ": mask ", in_quotes(stored.name), " says that element ", i, " is dead, but its value is ",
           value.values()[static_cast<size_t>(i)]);
    }
  }
  for (int64_t i = value.numel(); i < stored.shape.numel() * 8; ++i) {
    if (bit(i) != 0) fail(file, ": mask ", in_quotes(stored.name), " has a bit set after its last element");
  }
  return mask;
}

std::string listed(const std::vector<std::string>& names) {
  constexpr size_t shown = 5;
  std::string result;
  for (size_t i = 0; i < std::min(names.size(), shown); ++i) result += (i ? ", " : "") + in_quotes(names[i]);
  if (names.size() > shown) result += " and " + std::to_string(names.size() - shown) + " more";
  return result;
}

using Parameters = std::vector<std::pair<std::string, Parameter>>;
using Buffers = std::vector<std::pair<std::string, Tensor>>;
using Stored = std::map<std::string, const StoredTensor*>;

// PyTorch's counter of batches, where it goes with the running mean beside it.
std::string counter_name(const std::string& buffer) {
  constexpr std::string_view mean = "running_mean";
  return buffer.ends_with(mean) ? buffer.substr(0, buffer.size() - mean.size()) + "num_batches_tracked"
                                : buffer;
}

// A mask that has no value is reported as unexpected, too.
void check_names(const std::string& file, const Parameters& parameters, const Buffers& buffers,
                 const Stored& stored) {
  std::set<std::string> known;
  std::vector<std::string> missing, unexpected;
  for (const auto& [name, parameter] : parameters) {
    known.insert({name, mask_name(name)});
    if (!stored.contains(name)) missing.push_back(name);
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

SafetensorsFile to_file(nn::Module& module, const Metadata& metadata) {
  const Parameters parameters = module.named_parameters();
  SafetensorsFile file;
  file.metadata = metadata;
  file.metadata.insert({"format", "pt"});
  for (const auto& [name, parameter] : parameters) {
    parameter.require_hardened("save");
    file.add(name, parameter);
  }
  for (const auto& [name, buffer] : module.named_buffers()) file.add(name, buffer);
  // The masks come last: their odd lengths would leave the values after them unaligned.
  for (const auto& [name, parameter] : parameters) {
    if (parameter.mask().defined()) file.tensors.push_back(packed(mask_name(name), parameter.mask()));
  }
  return file;
}

void save(nn::Module& module, const std::filesystem::path& path, const Metadata& metadata) {
  write_safetensors(to_file(module, metadata), path);
}

void load(nn::Module& module, const SafetensorsFile& file) {
  const Parameters parameters = module.named_parameters();
  Buffers buffers = module.named_buffers();
  Stored stored;
  for (const StoredTensor& tensor : file.tensors) stored[tensor.name] = &tensor;
  check_names(file.name, parameters, buffers, stored);

  // Everything is read and checked before anything is assigned, so that an error changes nothing.
  std::set<std::string> names;
  for (const auto& [name, parameter] : parameters) names.insert(name);
  for (const auto& [name, buffer] : buffers) names.insert(name);
  std::vector<std::pair<Tensor, Mask>> loaded;
  for (const auto& [name, parameter] : parameters) {
    parameter.require_hardened("load");
    check_fits(file.name, *stored[name], parameter.shape());
    const Tensor value = file.tensor(name);
    const std::string masked = mask_name(name);
    const bool has_mask = stored.contains(masked) && !names.contains(masked);
    loaded.emplace_back(value, has_mask ? unpacked(file.name, *stored[masked], value) : Mask());
  }
  std::vector<Tensor> loaded_buffers;
  for (const auto& [name, buffer] : buffers) {
    check_fits(file.name, *stored[name], buffer.shape());
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
  for (size_t i = 0; i < buffers.size(); ++i) {
    // In place, for copies of the module share its buffers.
    buffers[i].second.handle()->shape = loaded_buffers[i].shape();
    buffers[i].second.handle()->buffer = loaded_buffers[i].handle()->buffer;
  }
}

Metadata load(nn::Module& module, const std::filesystem::path& path) {
  const SafetensorsFile file = read_safetensors(path);
  load(module, file);
  return file.metadata;
}

}  // namespace tinynn::io
