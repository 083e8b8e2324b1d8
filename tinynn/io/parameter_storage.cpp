#include <tinynn/core/error.hpp>
#include <tinynn/io/parameter_storage.hpp>
#include <tinynn/io/safetensors_header.hpp>

namespace tinynn::io {

std::vector<std::string> detail::tensor_names(const std::string& parameter, Storage form) {
  const auto with = [&](const char* suffix) { return parameter + suffix; };
  switch (form) {
    case Storage::bitmask: return {with("_shape"), with("_mask"), with("_values")};
    case Storage::csr: return {with("_shape"), with("_row_counts"), with("_column_gaps"), with("_values")};
    case Storage::codebook:
      return {with("_shape"), with("_codebook"), with("_lengths"), with("_codes"), with("_count")};
    default: return {parameter, with("_mask")};
  }
}

Storage detail::form_of(const std::string& parameter, const Stored& stored) {
  const auto has = [&](const char* suffix) { return stored.contains(parameter + suffix); };
  // A mask alone does not tell: torch.nn.utils.prune has one of this name beside its "fc1.weight_orig".
  if (has("") || (!has("_shape") && !has("_values") && !has("_codebook"))) return Storage::dense;
  if (has("_codebook") || has("_codes")) return Storage::codebook;
  return has("_row_counts") || has("_column_gaps") ? Storage::csr : Storage::bitmask;
}

std::string_view storage_name(Storage storage) {
  switch (storage) {
    case Storage::dense: return "dense";
    case Storage::bitmask: return "bit-mask";
    case Storage::csr: return "CSR";
    case Storage::codebook: return "codebook";
    case Storage::smallest: break;
  }
  return "smallest";
}

StoredAs stored_as(const SafetensorsFile& file, const std::string& parameter) {
  detail::Stored stored;
  for (const StoredTensor& tensor : file.tensors) stored.emplace(tensor.name, &tensor);
  StoredAs result{.storage = detail::form_of(parameter, stored)};
  const auto names = detail::tensor_names(parameter, result.storage);
  check(stored.contains(names[0]), file.name, ": no parameter ", detail::in_quotes(parameter));
  for (const auto& name : names) {
    if (stored.contains(name)) result.bytes += static_cast<int64_t>(stored[name]->bytes.size());
  }
  return result;
}

}  // namespace tinynn::io
