#include <algorithm>
#include <map>
#include <set>

#include <tinynn/core/error.hpp>
#include <tinynn/data/zip_file.hpp>
#include <tinynn/io/one_line.hpp>
#include <tinynn/io/pickle.hpp>
#include <tinynn/io/torch_file.hpp>

namespace tinynn::io::detail {
namespace {

using Kind = Pickled::Kind;

struct StorageType {
  std::string_view name;
  Dtype dtype;
};
constexpr StorageType storage_types[] = {
    {"torch FloatStorage", Dtype::f32}, {"torch DoubleStorage", Dtype::f64},
    {"torch HalfStorage", Dtype::f16},  {"torch BFloat16Storage", Dtype::bf16},
    {"torch LongStorage", Dtype::i64},  {"torch IntStorage", Dtype::i32},
    {"torch ShortStorage", Dtype::i16}, {"torch CharStorage", Dtype::i8},
    {"torch ByteStorage", Dtype::u8},   {"torch BoolStorage", Dtype::boolean},
};

bool has_tensors(const Pickled& dict) {
  return std::ranges::any_of(dict.entries,
                             [](const auto& entry) { return entry.second->kind == Kind::tensor; });
}

// The dictionary of tensors itself, or the one that a checkpoint has under a usual name.
Pickled::Pointer state_dict_in(const Pickled::Pointer& root, const std::string& file) {
  check(root->kind == Kind::dict, file, ": it holds no dictionary; save model.state_dict(), not the model");
  if (has_tensors(*root)) return root;
  std::string keys;
  for (const auto& [key, value] : root->entries) {
    if (keys.size() < 200) keys += (keys.empty() ? "" : ", ") + in_quotes(key->text);
  }
  for (const char* key : {"state_dict", "model_state_dict", "model", "net"}) {
    const auto inner = root->find(key);
    if (inner && inner->kind == Kind::dict && has_tensors(*inner)) return inner;
  }
  fail(file, ": it holds no tensors, at most under ", keys.empty() ? "nothing" : keys);
}

class TorchFile {
 public:
  explicit TorchFile(const std::filesystem::path& path)
      : zip_(path),
        name_(path.string()),
        left_(16 * static_cast<int64_t>(std::filesystem::file_size(path)) + (1 << 20)) {}

  SafetensorsFile read() {
    const auto& members = zip_.members();
    const auto is_pickle = [](const data::ZipMember& member) { return member.name.ends_with("/data.pkl"); };
    const auto pickle = std::ranges::find_if(members, is_pickle);
    check(pickle != members.end(), name_, ": no data.pkl in the archive, which torch.save() writes");
    check(pickle->size <= 16 * std::filesystem::file_size(zip_.name()), name_, ": data.pkl of ", pickle->size,
          " bytes is more than sixteen times the file");
    root_ = pickle->name.substr(0, pickle->name.size() - std::string_view("data.pkl").size());
    if (const auto* order = zip_.find(root_ + "byteorder")) {
      const auto text = member(*order);
      check(std::string(text.begin(), text.end()) == "little", name_, ": its numbers are not little-endian");
    }
    const auto dict = state_dict_in(unpickled(member(*pickle), name_ + ": data.pkl"), name_);
    SafetensorsFile result;
    result.name = name_;
    std::set<std::string> names;
    for (const auto& [key, value] : dict->entries) {
      if (value->kind != Kind::tensor || key->kind != Kind::text) continue;  // of a module's extra state
      check(names.insert(key->text).second, name_, ": two tensors ", in_quotes(key->text));
      result.tensors.push_back(tensor(key->text, *value));
    }
    return result;
  }

 private:
  const std::vector<uint8_t>& storage(const std::string& key) {
    const auto known = storages_.find(key);
    if (known != storages_.end()) return known->second;
    const auto* member = zip_.find(root_ + "data/" + key);
    check(member != nullptr, name_, ": no storage ", in_quotes(key), " in the archive");
    return storages_[key] = this->member(*member);
  }

  std::vector<uint8_t> member(const data::ZipMember& member) {
    take(static_cast<int64_t>(std::min<uint64_t>(member.size, 1ULL << 62)));
    return zip_.read(member);
  }

  void take(int64_t bytes) {
    left_ -= bytes;
    check(left_ >= 0, name_, ": what it holds would take more than sixteen times its size");
  }

  StoredTensor tensor(const std::string& key, const Pickled& pickled) {
    const auto wrong = [&](const auto&... parts) { fail(name_, ": tensor ", in_quotes(key), ' ', parts...); };
    const std::string& type = pickled.storage->items[0]->text;
    const auto* known = std::ranges::find(storage_types, type, &StorageType::name);
    if (known == std::end(storage_types)) wrong("is of ", in_quotes(type), ", which is not supported");
    if (std::ssize(pickled.sizes) > Shape::max_rank) wrong("has ", pickled.sizes.size(), " dimensions");
    const int64_t width = dtype_bytes(known->dtype);
    const std::vector<uint8_t>& bytes = storage(pickled.storage->text);
    const int64_t elements = std::ssize(bytes) / width;
    // Where the last element stands; steps are checked one by one, so that nothing overflows.
    int64_t last = pickled.offset, count = 1;
    const bool is_empty = std::ranges::find(pickled.sizes, 0) != pickled.sizes.end();
    bool fits = is_empty || (last >= 0 && last <= elements);
    if (is_empty) count = 0;
    for (size_t d = 0; fits && !is_empty && d < pickled.sizes.size(); ++d) {
      const int64_t size = pickled.sizes[d], stride = pickled.strides[d];
      fits = size >= 0 && size <= elements && stride >= 0 && stride <= elements && count <= elements;
      count *= fits ? size : 0;
      last += fits && size > 0 ? (size - 1) * stride : 0;
      fits = fits && last <= elements;
    }
    if (!fits || count > elements || (count > 0 && last >= elements))
      wrong("reaches beyond its storage of ", elements, " elements");
    take(count * width);
    StoredTensor result{.name = key, .dtype = known->dtype, .shape = Shape(pickled.sizes), .bytes = {}};
    result.bytes.resize(static_cast<size_t>(count * width));
    std::vector<int64_t> index(pickled.sizes.size(), 0);
    int64_t from = pickled.offset;
    for (int64_t i = 0; i < count; ++i) {
      std::memcpy(result.bytes.data() + i * width, bytes.data() + from * width, static_cast<size_t>(width));
      for (size_t d = index.size(); d-- > 0;) {
        from += pickled.strides[d];
        if (++index[d] < pickled.sizes[d]) break;
        from -= pickled.sizes[d] * pickled.strides[d];
        index[d] = 0;
      }
    }
    return result;
  }

  data::ZipFile zip_;
  std::string name_, root_;
  int64_t left_;  // bytes that may still be asked for
  std::map<std::string, std::vector<uint8_t>> storages_;
};

}  // namespace

SafetensorsFile read_torch_file(const std::filesystem::path& path) { return TorchFile(path).read(); }

}  // namespace tinynn::io::detail
