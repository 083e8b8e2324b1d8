// The part of Python's pickle format that a state dict of PyTorch needs: dictionaries, lists, tuples, texts,
// numbers, and tensors. Nothing is executed: a pickle that names a class or function besides those that
// rebuild tensors is refused. Not for users of tinynn.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace tinynn::io::detail {

struct Pickled {
  enum class Kind { nothing, number, text, list, dict, tensor, storage, function };
  using Pointer = std::shared_ptr<const Pickled>;

  Kind kind = Kind::nothing;
  double number = 0;  // truth values are 0 and 1
  int64_t whole = 0;  // the same, if it is whole
  std::string text;   // of a function its module and name, "torch FloatStorage"; of a storage its key
  std::vector<Pointer> items;                        // of lists and tuples
  std::vector<std::pair<Pointer, Pointer>> entries;  // of dictionaries, in their order
  int64_t offset = 0;                                // of a tensor, in elements of its storage
  std::vector<int64_t> sizes, strides;
  Pointer storage;  // of a tensor; its items[0] is the function that names the type
  int64_t depth = 1;
  bool is_held = false;  // in something else: it does not change any more, so that depths stay right

  /// The value of a dictionary under a text, or null.
  Pointer find(const std::string& key) const;
};

/// What `bytes` hold. Asks for no more memory than a few hundred times their number. Throws Error, beginning
/// with `context`, if they end early, hold anything but the above, or are nested more than 100 deep.
Pickled::Pointer unpickled(std::span<const uint8_t> bytes, const std::string& context);

}  // namespace tinynn::io::detail
