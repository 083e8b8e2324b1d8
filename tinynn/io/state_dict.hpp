// Weights as people have them: safetensors files of any tool, and state dicts as torch.save() writes them
// (.pt, .pth: a zip archive with a pickle, of which nothing is executed). What they call things becomes what
// PyTorch's modules, and ours, call them:
//
//   module.fc1.weight        of DataParallel                  fc1.weight
//   _orig_mod.fc1.weight     of torch.compile                 fc1.weight
//   fc1.weight_orig, fc1.weight_mask   of torch.nn.utils.prune   fc1.weight, their product, and its mask
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <tinynn/io/checkpoint.hpp>

namespace tinynn::io {

/// What the file holds, for load(): as one of our own would. A dictionary that has the state dict under
/// "state_dict", "model_state_dict", "model" or "net" serves as well. Throws Error for a file that cannot be
/// read, is damaged, or holds anything but tensors, naming what it asked for. Asks for no more memory than
/// sixteen times the file's size, plus what a pickle takes.
SafetensorsFile read_weights(const std::filesystem::path& path);

/// Loads what the file has for the module, of names and shapes that fit; the rest stays as it is. Returns a
/// line for each tensor that was left out, of the file or of the module. Throws Error as load() does.
std::vector<std::string> load_what_fits(nn::Module& module, const SafetensorsFile& file,
                                        const LoadOptions& options = {});

}  // namespace tinynn::io
