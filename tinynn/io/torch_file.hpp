// Files of torch.save(). Not for users of tinynn, who call read_weights().
#pragma once

#include <tinynn/io/safetensors.hpp>

namespace tinynn::io::detail {

/// The tensors of a state dict, under the names that they have there. Throws Error as read_weights() does.
SafetensorsFile read_torch_file(const std::filesystem::path& path);

}  // namespace tinynn::io::detail
