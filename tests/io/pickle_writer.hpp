// Writes pickles by hand, instruction by instruction, as torch.save() and hostile writers would.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/data/zip_writer.hpp"

namespace pickles {

using std::string;

inline string little(uint64_t number, int bytes) {
  string result;
  fixtures::append_little_endian(result, number, bytes);
  return result;
}
inline string text(const string& value) { return 'X' + little(value.size(), 4) + value; }
/// As LONG1 of eight bytes, which takes any.
inline string whole(int64_t value) { return "\x8a\x08" + little(static_cast<uint64_t>(value), 8); }
inline string global(const string& module, const string& name) { return 'c' + module + '\n' + name + '\n'; }
inline string tuple(const string& items) { return '(' + items + 't'; }
inline string numbers(const std::vector<int64_t>& list) {
  string items;
  for (const int64_t number : list) items += whole(number);
  return tuple(items);
}
inline string call(const string& function, const string& arguments) {
  return function + tuple(arguments) + 'R';
}

inline string storage(const string& type, const string& key, int64_t elements = 0) {
  return tuple(text("storage") + global("torch", type) + text(key) + text("cpu") + whole(elements)) + 'Q';
}
inline string tensor(const string& storage, int64_t offset, const std::vector<int64_t>& sizes,
                     const std::vector<int64_t>& strides) {
  return call(global("torch._utils", "_rebuild_tensor_v2"),
              storage + whole(offset) + numbers(sizes) + numbers(strides) + '\x89' +
                  call(global("collections", "OrderedDict"), ""));
}
inline string parameter(const string& of) {
  return call(global("torch._utils", "_rebuild_parameter"),
              of + '\x88' + call(global("collections", "OrderedDict"), ""));
}
inline string dict(const std::vector<std::pair<string, string>>& entries) {
  string items;
  for (const auto& [key, value] : entries) items += text(key) + value;
  return "}(" + items + 'u';
}
inline string whole_file(const string& value) { return "\x80\x02" + value + '.'; }

/// A .pt file: the pickle of this value, and storages "0", "1", ...
inline string torch_file(const string& value, const std::vector<string>& storages,
                         const fixtures::ZipWriting& how = {}) {
  std::vector<std::pair<string, string>> members{{"a/data.pkl", whole_file(value)},
                                                 {"a/byteorder", "little"}};
  for (size_t i = 0; i < storages.size(); ++i)
    members.emplace_back("a/data/" + std::to_string(i), storages[i]);
  return fixtures::zip(members, how);
}

/// The bytes of these numbers, of type F32, I64 ...
template <class T>
string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

}  // namespace pickles
