// Checkpoints: a module's parameters, buffers and masks in a safetensors file (safetensors.hpp). Values are
// F32 under PyTorch's names ("fc1.weight"), so that PyTorch loads them. The mask of a pruned parameter is the
// U8 tensor "fc1.weight_mask" of ceil(n / 8) bytes: bit i % 8 of byte i / 8, counted from the least
// significant one, is 1 where element i is alive; the bits after the last element are 0. A parameter without
// mask has none there. PyTorch also counts the batches that a BatchNorm has seen, "bn1.num_batches_tracked";
// nothing here depends on that count, so it is passed over in a file of PyTorch's and not written (strict
// loading there fills it in). Keys of tinynn's own metadata begin with "tinynn.".
#pragma once

#include <filesystem>

#include <tinynn/io/safetensors.hpp>
#include <tinynn/nn/module.hpp>

namespace tinynn::io {

/// A module's parameters, buffers, masks and metadata as the content of a file. The entry {"format": "pt"},
/// which PyTorch's loaders look for, is added unless `metadata` has a "format". Throws Error if a parameter
/// is reparametrized, for its trained value is not what the module computes with.
SafetensorsFile to_file(nn::Module& module, const Metadata& metadata = {});
/// Writes that file atomically. Equal modules give equal bytes. Throws Error if it cannot be written.
void save(nn::Module& module, const std::filesystem::path& path, const Metadata& metadata = {});

/// Reads every parameter, its mask, and every buffer, and returns the file's metadata. A parameter without
/// mask in the file becomes dense. Throws Error if the file cannot be read or is corrupt, if its tensors are
/// not exactly those of the module, if a shape does not fit or a parameter is reparametrized; the module is
/// then as it was. Where the file's shapes are smaller, for channels were deleted, the module adopts them,
/// and moments of optimizers start at zero there; whether they fit each other is known when the module runs.
Metadata load(nn::Module& module, const std::filesystem::path& path);
/// The same from a file that is in memory already (read_metadata() reads the metadata alone).
void load(nn::Module& module, const SafetensorsFile& file);

}  // namespace tinynn::io
