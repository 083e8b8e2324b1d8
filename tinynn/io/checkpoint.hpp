// Checkpoints: a module's parameters, buffers and masks in a safetensors file (safetensors.hpp) under
// PyTorch's names. What has no mask is one F32 tensor, as in a state dict of PyTorch. A parameter with a
// mask, of n elements of which m are alive, is stored in one of four forms, known by its tensors' names:
//
//   dense     fc1.weight              F32                 all values, zero where dead
//             fc1.weight_mask         U8 (ceil(n / 8))    a bit for each element, 1 where it is alive
//   bit-mask  fc1.weight_shape        I64 (rank)          the sizes of its dimensions
//             fc1.weight_mask         U8 (ceil(n / 8))    as above
//             fc1.weight_values       F32 (m)             the live values, in order
//   CSR       fc1.weight_shape        I64 (rank)          as above
//             fc1.weight_row_counts   U8|U16|U32 (rows)   how many elements of each row are alive
//             fc1.weight_column_gaps  U8 (m or more)      how many dead ones lie before each of them
//             fc1.weight_values       F32 (m)             as above
//   codebook  fc1.weight_shape        I64 (rank)          as above
//             fc1.weight_codebook     F32 (k)             the values that occur, 256 at most
//             fc1.weight_lengths      U8 (256 + k)        bits of the codes of gaps of 0 to 255, then of
//             values fc1.weight_codes        U8                  the codes of gap and value of each live
//             element fc1.weight_count        I64 (1)             m
//
// Element i of a mask is bit i % 8 of byte i / 8, counted from the least significant one; the bits after the
// last element are 0. Rows of CSR are dimension 0, columns all others (a scalar is one row). A gap counts the
// dead elements since the live one before in the row, or since the row's start; one of 255 and more is
// written as bytes of 255 and a smaller one, which are summed. This is smaller than the numbers of columns
// would be, and has no way to name a column twice or out of order. Codes are canonical Huffman codes
// (huffman.hpp); a codebook's gaps go on over the ends of rows. Han et al., "Deep compression", ICLR 2016;
// deploy::share_weights() makes weights whose values are few.
//
// PyTorch also counts the batches that a BatchNorm has seen, "bn1.num_batches_tracked"; nothing here depends
// on that count, so it is passed over in a file of PyTorch's and not written (strict loading there fills it
// in). Keys of tinynn's own metadata begin with "tinynn.".
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <tinynn/io/safetensors.hpp>
#include <tinynn/nn/module.hpp>

namespace tinynn::io {

/// How parameters with a mask are stored; `smallest` is whichever form takes the fewest bytes, entries in the
/// header included, for each parameter by itself. What has more than 256 values has no codebook and is stored
/// as CSR in its place.
enum class Storage { dense, bitmask, csr, codebook, smallest };

/// "dense", "bit-mask", "CSR", "codebook" or "smallest".
std::string_view storage_name(Storage storage);

/// A module's parameters, buffers, masks and metadata as the content of a file. The entry {"format": "pt"},
/// which PyTorch's loaders look for, is added unless `metadata` has a "format". Throws Error if a parameter
/// is reparametrized, for its trained value is not what the module computes with.
SafetensorsFile to_file(nn::Module& module, const Metadata& metadata = {}, Storage storage = Storage::dense);
/// Writes that file atomically. Equal modules give equal bytes. Throws Error if it cannot be written.
void save(nn::Module& module, const std::filesystem::path& path, const Metadata& metadata = {},
          Storage storage = Storage::dense);

/// The form in which a file holds a parameter, and how many bytes its tensors take after the header.
struct StoredAs {
  Storage storage = Storage::dense;
  int64_t bytes = 0;
};
/// Looks at the names in the file alone. Throws Error if the file has no such parameter.
StoredAs stored_as(const SafetensorsFile& file, const std::string& parameter);

/// Reads every parameter, in whichever form it is stored, its mask, and every buffer, and returns the file's
/// metadata. A parameter without mask in the file becomes dense. Throws Error if the file cannot be read or
/// is corrupt, if its tensors are not exactly those of the module, if a shape does not fit or a parameter is
/// reparametrized; the module is then as it was. Where the file's shapes are smaller, for channels were
/// deleted, the module adopts them, and moments of optimizers start at zero there; whether they fit each
/// other is known when the module runs.
Metadata load(nn::Module& module, const std::filesystem::path& path);
/// The same from a file that is in memory already (read_metadata() reads the metadata alone).
void load(nn::Module& module, const SafetensorsFile& file);

}  // namespace tinynn::io
