// One parameter as tensors of a file and back, in the two forms of the table in checkpoint.hpp. Not for users
// of tinynn.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tinynn/autograd/parameter.hpp>
#include <tinynn/io/safetensors.hpp>

namespace tinynn::io::detail {

/// What follows a parameter's name in the names of its mask, and of the tensor that is all of it, compressed.
constexpr const char *mask_suffix = "_mask", *compressed_suffix = "_compressed";

/// The values, and the mask if there is one.
std::vector<StoredTensor> store_dense(const std::string& name, const Parameter& parameter);
/// The same in one tensor; in the dense form if there is no mask, if a value is NaN, which no reader accepts
/// in the other form, or if there are more than 2^29
/// elements.
std::vector<StoredTensor> store_compressed(const std::string& name, const Parameter& parameter);

/// A parameter's value and mask, undefined if `mask` is nullptr. Both check every size before they allocate,
/// and allocate no more than a few times what `expected`, the shape of the module's own parameter, takes.
/// Throw Error for what does not fit.
std::pair<Tensor, Mask> read_dense(const SafetensorsFile& file, const StoredTensor& value,
                                   const StoredTensor* mask, const Shape& expected);
std::pair<Tensor, Mask> read_compressed(const SafetensorsFile& file, const StoredTensor& compressed,
                                        const Shape& expected);

/// How many elements so many compressed bytes may have where nothing says how many are expected: 2^20, and
/// 4,096 for each byte.
int64_t most_elements(int64_t bytes);
/// The shape of a compressed parameter that nothing is expected of. Throws Error if it has more elements than
/// that.
Shape compressed_shape(const SafetensorsFile& file, const StoredTensor& compressed);

/// Throws Error unless a tensor of these sizes may take the place of one of the module's: their shapes are
/// equal, or smaller in some dimensions, for channels were deleted from what was saved.
void check_fits(const SafetensorsFile& file, const std::string& name, std::span<const int64_t> sizes,
                const Shape& expected);
/// The bytes of a tensor of type U8 with one dimension of that size; throws Error if it is none.
std::vector<uint8_t> u8_elements(const SafetensorsFile& file, const StoredTensor& tensor, int64_t count);

}  // namespace tinynn::io::detail
