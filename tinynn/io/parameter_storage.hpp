// One parameter as tensors of a file and back, in the forms that checkpoint.hpp describes. Not for users of
// tinynn.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <tinynn/autograd/parameter.hpp>
#include <tinynn/io/checkpoint.hpp>

namespace tinynn::io::detail {

/// A file's tensors by their names.
using Stored = std::map<std::string, const StoredTensor*>;

/// The names of the tensors that a parameter of this form consists of; of the dense form, the mask may be
/// missing.
std::vector<std::string> tensor_names(const std::string& parameter, Storage form);
/// The form that the names in a file speak of; dense if none does.
Storage form_of(const std::string& parameter, const Stored& stored);

/// The tensors that store a parameter.
std::vector<StoredTensor> store(const std::string& name, const Parameter& parameter, Storage storage);

/// Throws Error unless a tensor of `shape` may take the place of one of the module's: their shapes are equal,
/// or smaller in some dimensions, for channels were deleted from what was saved.
void check_fits(const std::string& file, const std::string& name, const Shape& shape, const Shape& expected);

/// A parameter's value and mask (undefined if there is none) from a file in which all tensors of its form but
/// the dense form's mask are present. Checks every size and count before it allocates, and allocates no more
/// than `expected`, the shape of the module's own parameter, takes. Throws Error for what does not fit.
std::pair<Tensor, Mask> read_stored(const SafetensorsFile& file, const Stored& stored,
                                    const std::string& name, const Shape& expected);

}  // namespace tinynn::io::detail
