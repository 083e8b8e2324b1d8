#include <algorithm>

#include <tinynn/core/error.hpp>
#include <tinynn/io/one_line.hpp>
#include <tinynn/program/live_tensor.hpp>

namespace tinynn::deploy {
namespace {

constexpr uint8_t longest = 15;  // gap

}  // namespace

void add_live(io::SafetensorsFile& file, io::StoredTensor tensor) {
  const int64_t each = io::dtype_bytes(tensor.dtype);
  std::vector<std::byte> live;
  std::vector<uint8_t> gaps;
  bool is_half = false;  // of the last byte, one gap is free
  const auto add_gap = [&](uint8_t gap) {
    is_half ? gaps.back() |= static_cast<uint8_t>(gap << 4) : gaps.emplace_back(gap);
    is_half = !is_half;
  };
  uint8_t dead = 0;
  for (auto at = tensor.bytes.begin(); at != tensor.bytes.end(); at += each) {
    const bool is_dead = std::all_of(at, at + each, [](std::byte b) { return b == std::byte{0}; });
    if (is_dead && ++dead < longest) continue;
    add_gap(dead);
    dead = 0;
    if (!is_dead) live.insert(live.end(), at, at + each);
  }
  constexpr size_t of_header = 256;  // bytes that two more tensors take there
  if (live.size() + gaps.size() + of_header < tensor.bytes.size()) {
    const std::vector<int64_t> sizes(tensor.shape.begin(), tensor.shape.end());
    file.tensors.push_back(io::stored_tensor(tensor.name + ".gaps", io::Dtype::u8, gaps));
    file.tensors.push_back(io::stored_tensor(tensor.name + ".shape", io::Dtype::i64, sizes));
    tensor.shape = Shape{std::ssize(live) / each};
    tensor.bytes = std::move(live);
  }
  file.tensors.push_back(std::move(tensor));
}

std::optional<io::StoredTensor> find_whole(const io::SafetensorsFile& file, const std::string& name) {
  const auto *const live = file.find(name), *const gaps = file.find(name + ".gaps"),
                    *const sizes = file.find(name + ".shape");
  if (live == nullptr) return {};
  io::detail::check_bytes(*live, file.name);
  if (gaps == nullptr && sizes == nullptr) return *live;
  const auto expect = [&](bool holds, const auto&... parts) {
    check(holds, "tensor ", io::detail::in_quotes(name), ": ", parts...);
  };
  expect(
      gaps != nullptr && gaps->dtype == io::Dtype::u8 && sizes != nullptr && sizes->dtype == io::Dtype::i64,
      "expected gaps in U8 and a shape in I64");
  io::detail::check_bytes(*gaps, file.name);
  io::detail::check_bytes(*sizes, file.name);
  io::StoredTensor whole{name, live->dtype, Shape(io::elements<int64_t>(*sizes)), {}};
  const int64_t count = live->shape.numel(), numel = whole.shape.numel(), each = io::dtype_bytes(live->dtype);
  expect(numel <= count + longest * (2 * std::ssize(gaps->bytes) + 1), gaps->bytes.size(),
         " bytes of gaps are too few for ", whole.shape);
  whole.bytes.resize(static_cast<size_t>(numel * each));
  int64_t place = 0, taken = 0;
  for (const std::byte both : gaps->bytes) {
    for (const int shift : {0, 4}) {
      const auto gap = static_cast<int64_t>(both >> shift & std::byte{longest});
      place += gap;
      if (gap == longest || taken == count) continue;
      expect(place < numel, "gaps lead to element ", place, " of ", whole.shape);
      std::copy_n(live->bytes.begin() + taken++ * each, each, whole.bytes.begin() + place++ * each);
    }
  }
  expect(taken == count, "gaps lead to ", taken, " of ", count, " live elements");
  return whole;
}

}  // namespace tinynn::deploy
