// Writing a file so that its name always holds a whole one: the bytes go to a temporary file in the same
// folder, reach the disk (fsync), and take the final name in one step (rename). A reader meanwhile, and
// after a crash, finds the earlier file or the new one, never half of either. For POSIX
// systems.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace tinynn::io {

/// Writes the pieces one after the other as the whole content of a file. The target of a symbolic link is
/// replaced, the link stays. An earlier file hands its access rights on to the new one. What is no ordinary
/// file (/dev/stdout, a pipe) is written to directly. Throws Error with the system's reason, as in "cannot
/// write out/model.safetensors: No space left on device"; an earlier file is then as it was, and no temporary
/// one is left.
void write_file_atomically(const std::filesystem::path& path,
                           const std::vector<std::span<const std::byte>>& pieces);
/// The same for text, such as JSON.
void write_file_atomically(const std::filesystem::path& path, std::string_view text);
/// Removes what writers of this file that were killed have left behind. Nobody may be writing it.
void remove_leftovers(const std::filesystem::path& path);

}  // namespace tinynn::io
