#include <algorithm>
#include <bit>
#include <cmath>

#include <tinynn/core/error.hpp>
#include <tinynn/io/deflate.hpp>
#include <tinynn/io/one_line.hpp>
#include <tinynn/io/stored_forms.hpp>

namespace tinynn::io::detail {
namespace {

using Bytes = std::vector<uint8_t>;
constexpr size_t most_shared = 256;

// How many indices of `kinds` values stand in a byte; in pairs they come nearer to their entropy.
size_t indices_per_byte(size_t kinds) { return kinds <= 16 ? 2 : 1; }
// Bytes of `kinds` values and `count` indices of them; grows with `kinds`.
size_t shared_bytes(size_t kinds, size_t count) {
  return 4 * kinds + (count + indices_per_byte(kinds) - 1) / indices_per_byte(kinds);
}

// A number as bytes of 255 and a smaller one, which are summed.
void append(Bytes& to, int64_t number) {
  for (; number >= 255; number -= 255) to.push_back(255);
  to.push_back(static_cast<uint8_t>(number));
}

// Bytes 0 of all values, then bytes 1, and so on: signs and exponents, of which there are few, stand
// together.
std::vector<Bytes> planes(const std::vector<uint32_t>& values) {
  std::vector<Bytes> result(4);
  for (size_t j = 0; j < 4; ++j) {
    for (const uint32_t value : values) result[j].push_back(static_cast<uint8_t>(value >> 8 * j));
  }
  return result;
}

float from_planes(std::span<const uint8_t> planes, size_t i) {
  uint32_t value = 0;
  for (size_t j = 4; j-- > 0;) value = value << 8 | planes[j * planes.size() / 4 + i];
  return std::bit_cast<float>(value);
}

// The stream of numbers at the start of `from`, which then begins behind it.
class Numbers {
 public:
  Numbers(std::span<const uint8_t>& from, int64_t most, const std::string& context)
      : context_(context), bytes_(inflated(from, most, context + ", gaps")) {}

  bool over() const { return at_ == bytes_.size(); }
  int64_t next() {
    int64_t number = 0;
    for (uint8_t byte = 255; byte == 255; number += byte) {
      if (over()) wrong("ends within a number, after ", at_, " bytes of gaps");
      byte = bytes_[at_++];
    }
    return number;
  }
  template <class... Parts>
  [[noreturn]] void wrong(const Parts&... parts) const {
    fail(context_, ' ', parts...);
  }

 private:
  std::string context_;
  Bytes bytes_;
  size_t at_ = 0;
};

bool is_nan(float x) { return std::isnan(x); }

}  // namespace

std::vector<StoredTensor> store_compressed(const std::string& name, const Parameter& parameter) {
  const Mask& mask = parameter.mask();
  if (!mask.defined() || 4 * parameter.numel() > max_deflated ||
      std::ranges::any_of(parameter.values(), is_nan))
    return store_dense(name, parameter);
  Bytes numbers;
  append(numbers, parameter.rank());
  for (const int64_t size : parameter.shape()) append(numbers, size);
  std::vector<uint32_t> live;
  for (int64_t i = 0, last = -1; i < parameter.numel(); ++i) {
    if (!mask[i]) continue;
    append(numbers, i - last - 1);
    live.push_back(std::bit_cast<uint32_t>(parameter.data()[i]));
    last = i;
  }
  std::vector<uint32_t> shared = live;
  std::ranges::sort(shared);
  shared.erase(std::unique(shared.begin(), shared.end()), shared.end());
  const bool is_shared =
      shared.size() <= most_shared && shared_bytes(shared.size(), live.size()) < 4 * live.size();
  auto values = planes(is_shared ? shared : live);
  if (is_shared) {
    Bytes& indices = values.emplace_back();
    const size_t per_byte = indices_per_byte(shared.size());
    for (size_t k = 0; k < live.size(); ++k) {
      const auto index = std::ranges::lower_bound(shared, live[k]) - shared.begin();
      if (k % per_byte == 0) indices.push_back(0);
      indices.back() |= static_cast<uint8_t>(index << 4 * (k % per_byte));
    }
  }
  Bytes streams = deflated({numbers});
  const Bytes second = deflated(values);
  streams.insert(streams.end(), second.begin(), second.end());
  return {stored_tensor(name + compressed_suffix, Dtype::u8, streams)};
}

int64_t most_elements(int64_t bytes) { return std::min((int64_t{1} << 20) + 4096 * bytes, max_deflated / 4); }

Shape compressed_shape(const SafetensorsFile& file, const StoredTensor& compressed) {
  const Bytes bytes = u8_elements(file, compressed, compressed.shape.numel());
  const int64_t most = most_elements(std::ssize(bytes));
  std::span<const uint8_t> rest(bytes);
  Numbers numbers(rest, 2 * most, file.name + ": tensor " + in_quotes(compressed.name));
  const int64_t rank = numbers.next();
  if (rank > Shape::max_rank) numbers.wrong("has ", rank, " dimensions, expected up to ", Shape::max_rank);
  std::vector<int64_t> sizes;
  for (int64_t numel = 1; std::ssize(sizes) < rank; numel *= std::max<int64_t>(sizes.back(), 1)) {
    sizes.push_back(numbers.next());
    if (sizes.back() > most / numel)
      numbers.wrong("has more than ", most, " elements, in ", bytes.size(), " bytes");
  }
  return Shape(sizes);
}

std::pair<Tensor, Mask> read_compressed(const SafetensorsFile& file, const StoredTensor& compressed,
                                        const Shape& expected) {
  const std::string context = file.name + ": tensor " + in_quotes(compressed.name);
  const auto wrong = [&](const auto&... parts) { fail(context, ' ', parts...); };
  const Bytes bytes = u8_elements(file, compressed, compressed.shape.numel());
  std::span<const uint8_t> rest(bytes);

  int64_t most = 1 + expected.numel();
  for (const int64_t size : expected) most += size / 255 + 1;
  Numbers numbers(rest, most, context);
  const auto next = [&] { return numbers.next(); };
  std::vector<int64_t> sizes(static_cast<size_t>(expected.rank()));
  const int64_t rank = next();
  if (rank != expected.rank()) wrong("has ", rank, " dimensions, the module expects ", expected);
  std::ranges::generate(sizes, next);
  check_fits(file, compressed.name, sizes, expected);
  Tensor value = zeros(Shape(sizes));
  Mask mask(value.shape(), false);
  std::vector<int64_t> live;
  while (!numbers.over()) {
    live.push_back((live.empty() ? 0 : live.back() + 1) + next());
    if (live.back() >= value.numel()) wrong("leads to element ", live.back(), " of ", value.shape());
    mask.set(live.back(), true);
  }

  const size_t count = live.size();
  const Bytes values = inflated(rest, 4 * std::ssize(live), context + ", values");
  if (!rest.empty()) wrong("goes on for ", rest.size(), " bytes after its values");
  const bool is_shared = values.size() < 4 * count;
  size_t kinds = is_shared ? 1 : count;
  while (is_shared && kinds < most_shared && shared_bytes(kinds, count) < values.size()) ++kinds;
  if (is_shared && shared_bytes(kinds, count) != values.size())
    wrong("has ", values.size(), " bytes of values for ", count, " live elements");
  float* to = value.mutable_data();
  const size_t per_byte = indices_per_byte(kinds);
  for (size_t k = 0; k < count; ++k) {
    const size_t index = !is_shared      ? k
                         : per_byte == 1 ? values[4 * kinds + k]
                                         : values[4 * kinds + k / 2] >> 4 * (k % 2) & 15;
    if (index >= kinds) wrong("has value ", index, " of ", kinds, " for element ", live[k]);
    to[live[k]] = from_planes(std::span(values).first(4 * kinds), index);
    if (is_nan(to[live[k]])) wrong("has NaN for element ", live[k]);
  }
  return {value, mask};
}

}  // namespace tinynn::io::detail
