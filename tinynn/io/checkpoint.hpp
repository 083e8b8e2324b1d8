// Checkpoints: a module's parameters, buffers and masks in a safetensors file (safetensors.hpp) under
// PyTorch's names. What has no mask is one F32 tensor, as in a state dict of PyTorch. A parameter with a
// mask, of n elements of which m are alive, has one of two forms, known by its tensors' names. All that
// stands in a file:
//
// clang-format off
//   name                       type and shape     what it holds
//   fc1.weight                 F32, its own       all values, zero where dead
//   fc1.weight_mask            U8 (ceil(n / 8))   element i is alive if bit i % 8 of byte i / 8 is 1, counted from the
//                                                 least significant one; bits after the last element are 0
//   or, compressed:
//   fc1.weight_compressed      U8 (bytes)         two raw deflate streams (RFC 1951), one behind the other
//     first stream, numbers:                      the rank, the sizes, then for each live element the gap: how many
//                                                 dead ones lie between it and the live one before (or the start)
//     second, of 4 m bytes:                       the live values in planes: byte 0 of all, all bytes 1, 2 and 3
//     or of fewer:                                the k <= 256 values that occur, in planes, then for each live
//                                                 element the index of its own: a byte, or 4 bits, the lower ones
//                                                 first, if k <= 16
//   bn1.running_mean           F32, its own       a buffer
//   bn1.num_batches_tracked    I64 ()             PyTorch's; passed over, and not written: nothing here depends on it
//   __metadata__               texts              "format": "pt", which PyTorch's loaders look for; keys of tinynn's
//                                                 own begin with "tinynn."; "tinynn.graph" is the network's graph
//                                                 (graph/stored_graph.hpp)
// clang-format on
//
// A number is bytes of 255 and a smaller one, which are summed: 600 is 255 255 90. A live value that is NaN
// is not compressed: there it is damage. Few values come from deploy::share_weights(); Han et al., "Deep
// compression", ICLR 2016, stores them likewise.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <tinynn/graph/network.hpp>
#include <tinynn/io/safetensors.hpp>
#include <tinynn/nn/module.hpp>

namespace tinynn::io {

/// How parameters with a mask are stored; `smallest` is whichever form takes fewer bytes, entries in the
/// header included, for each parameter by itself. What has a NaN, or 2^29 elements, is dense in every case.
enum class Storage { dense, compressed, smallest };

/// "dense", "compressed" or "smallest".
std::string_view storage_name(Storage storage);

struct SaveOptions {
  Metadata metadata = {};
  Storage storage = Storage::dense;
  /// What to trace the module with: its graph is saved, too, and load_network() needs nothing else. A
  /// graph::Network is always saved with its graph.
  std::optional<graph::Example> graph = {};
};

/// A module's parameters, buffers, masks and metadata as the content of a file. The entry {"format": "pt"},
/// which PyTorch's loaders look for, is added unless `metadata` has a "format". Throws Error if a parameter
/// is reparametrized, for its trained value is not what the module computes with, and what graph::Network
/// throws.
SafetensorsFile to_file(nn::Module& module, const SaveOptions& options = {});
/// Writes that file atomically. Equal modules give equal bytes. Throws Error if it cannot be written.
void save(nn::Module& module, const std::filesystem::path& path, const SaveOptions& options = {});

/// The form in which a file holds a parameter, and how many bytes its tensors take after the header.
struct StoredAs {
  Storage storage = Storage::dense;
  int64_t bytes = 0;
};
/// Looks at the names in the file alone. Throws Error if the file has no such parameter.
StoredAs stored_as(const SafetensorsFile& file, const std::string& parameter);

struct LoadOptions {
  bool allow_nan = false;  // else a file with a value that is NaN is refused
};

/// Reads every parameter, in whichever form it is stored, its mask, and every buffer, and returns the file's
/// metadata. A parameter without mask in the file becomes dense. Throws Error if the file cannot be read or
/// is corrupt, if its tensors are not exactly those of the module, if a shape does not fit, if a value is NaN
/// or a parameter is reparametrized; the module is then as it was. Where the file's shapes are smaller, for
/// channels were deleted, the module adopts them, and moments of optimizers start at zero there; whether they
/// fit each other is known when the module runs.
Metadata load(nn::Module& module, const std::filesystem::path& path, const LoadOptions& options = {});
/// The same from a file that is in memory already (read_metadata() reads the metadata alone).
void load(nn::Module& module, const SafetensorsFile& file, const LoadOptions& options = {});

/// The network in a file that holds its graph, without the code that made it. It is not run: whether shapes
/// fit each other is known when it is. Throws Error as load() does, and if the file has no graph or a damaged
/// one.
graph::Network load_network(const std::filesystem::path& path, const LoadOptions& options = {});
graph::Network load_network(const SafetensorsFile& file, const LoadOptions& options = {});

}  // namespace tinynn::io
