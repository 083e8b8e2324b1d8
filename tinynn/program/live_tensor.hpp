// Tensors of plan files as their live elements alone, so that zeros make a file small: "NAME" (live
// elements), U8 "NAME.gaps" and I64 "NAME.shape". Gaps are numbers of four bits, the low half of a byte
// first: so many dead elements stand before the next live one; 15 is as many dead ones and no live one. Han
// et al., "Deep Compression", ICLR 2016, has the like.
#pragma once

#include <optional>
#include <string>

#include <tinynn/io/safetensors.hpp>

namespace tinynn::deploy {

/// Appends a tensor, as its live elements if that makes the file smaller. Dead is what has no bit set.
void add_live(io::SafetensorsFile& file, io::StoredTensor tensor);

/// The tensor of that name with its dead elements; none if the file has none. Throws Error, naming the
/// tensor, if live elements, gaps and shape do not fit: what it takes is at most 30 elements a byte of gaps.
std::optional<io::StoredTensor> find_whole(const io::SafetensorsFile& file, const std::string& name);

}  // namespace tinynn::deploy
