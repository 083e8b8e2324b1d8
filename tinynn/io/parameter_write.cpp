#include <algorithm>
#include <cmath>
#include <set>
#include <span>

#include <tinynn/io/huffman.hpp>
#include <tinynn/io/parameter_storage.hpp>

namespace tinynn::io {
namespace {

using detail::tensor_names;

StoredTensor shape_tensor(const std::string& name, const Shape& shape) {
  return stored_tensor(name, Dtype::i64, std::vector<int64_t>(shape.begin(), shape.end()));
}

StoredTensor values_tensor(const std::string& name, const Parameter& parameter) {
  std::vector<float> values;
  for (int64_t i = 0; i < parameter.numel(); ++i) {
    if (parameter.mask()[i]) values.push_back(parameter.values()[static_cast<size_t>(i)]);
  }
  return stored_tensor(name, Dtype::f32, values);
}

StoredTensor packed(const std::string& name, const Mask& mask) {
  std::vector<uint8_t> bytes(static_cast<size_t>((mask.shape().numel() + 7) / 8));
  for (int64_t i = 0; i < mask.shape().numel(); ++i) {
    if (mask[i]) bytes[static_cast<size_t>(i / 8)] |= static_cast<uint8_t>(1 << (i % 8));
  }
  return stored_tensor(name, Dtype::u8, bytes);
}

// In the smallest type that holds them all.
StoredTensor counts_tensor(const std::string& name, const std::vector<uint32_t>& counts) {
  const uint32_t largest = std::ranges::max(counts);
  if (largest <= 0xFF)
    return stored_tensor(name, Dtype::u8, std::vector<uint8_t>(counts.begin(), counts.end()));
  if (largest <= 0xFFFF)
    return stored_tensor(name, Dtype::u16, std::vector<uint16_t>(counts.begin(), counts.end()));
  return stored_tensor(name, Dtype::u32, counts);
}

std::vector<StoredTensor> store_dense(const std::string& name, const Parameter& parameter) {
  const auto names = tensor_names(name, Storage::dense);
  const auto bytes = std::as_bytes(parameter.values());
  std::vector<StoredTensor> result{{names[0], Dtype::f32, parameter.shape(), {bytes.begin(), bytes.end()}}};
  if (parameter.mask().defined()) result.push_back(packed(names[1], parameter.mask()));
  return result;
}

std::vector<StoredTensor> store_bitmask(const std::string& name, const Parameter& parameter) {
  const auto names = tensor_names(name, Storage::bitmask);
  return {shape_tensor(names[0], parameter.shape()), packed(names[1], parameter.mask()),
          values_tensor(names[2], parameter)};
}

std::vector<StoredTensor> store_csr(const std::string& name, const Parameter& parameter) {
  const auto names = tensor_names(name, Storage::csr);
  const int64_t rows = parameter.rank() == 0 ? 1 : parameter.size(0), columns = parameter.numel() / rows;
  std::vector<uint32_t> counts;
  std::vector<uint8_t> gaps;
  for (int64_t row = 0; row < rows; ++row) {
    counts.push_back(0);
    int64_t gap = 0;
    for (int64_t column = 0; column < columns; ++column, ++gap) {
      if (!parameter.mask()[row * columns + column]) continue;
      for (; gap >= 255; gap -= 255) gaps.push_back(255);
      gaps.push_back(static_cast<uint8_t>(gap));
      gap = -1;  // this element is no part of the next gap
      ++counts.back();
    }
  }
  return {shape_tensor(names[0], parameter.shape()), counts_tensor(names[1], counts),
          stored_tensor(names[2], Dtype::u8, gaps), values_tensor(names[3], parameter)};
}

// The values that live elements have, or nothing if they have more than a codebook holds.
std::vector<float> few_values(const Parameter& parameter) {
  constexpr size_t most = 256;
  std::set<float> values;
  for (int64_t i = 0; i < parameter.numel() && values.size() <= most; ++i) {
    const float value = parameter.values()[static_cast<size_t>(i)];
    if (std::isnan(value) || (value == 0 && std::signbit(value)))
      return {};  // would not come back bit by bit
    if (parameter.mask()[i]) values.insert(value);
  }
  return values.size() > most ? std::vector<float>() : std::vector<float>(values.begin(), values.end());
}

std::vector<StoredTensor> store_codebook(const std::string& name, const Parameter& parameter) {
  const auto values = few_values(parameter);
  if (values.empty()) return store_csr(name, parameter);
  const auto names = tensor_names(name, Storage::codebook);
  // Symbols of gaps, and for each live element one of a value, which 256 is added to.
  constexpr int64_t first_value = 256;
  std::vector<int64_t> symbols, frequencies(first_value + values.size());
  int64_t gap = 0, count = 0;
  for (int64_t i = 0; i < parameter.numel(); ++i, ++gap) {
    if (!parameter.mask()[i]) continue;
    for (; gap >= 255; gap -= 255) symbols.push_back(255);
    symbols.push_back(gap);
    const auto value = std::ranges::lower_bound(values, parameter.values()[static_cast<size_t>(i)]);
    symbols.push_back(first_value + (value - values.begin()));
    gap = -1;  // this element is no part of the next gap
    ++count;
  }
  for (const int64_t symbol : symbols) ++frequencies[static_cast<size_t>(symbol)];
  auto lengths = huffman_lengths(std::span(frequencies).first(first_value));
  const auto of_values = huffman_lengths(std::span(frequencies).subspan(first_value));
  const HuffmanEncoder gaps(lengths), entries(of_values);
  BitWriter bits;
  for (const int64_t symbol : symbols) {
    const bool is_gap = symbol < first_value;
    (is_gap ? gaps : entries).write(static_cast<size_t>(is_gap ? symbol : symbol - first_value), bits);
  }
  lengths.insert(lengths.end(), of_values.begin(), of_values.end());
  return {shape_tensor(names[0], parameter.shape()),
          stored_tensor(names[1], Dtype::f32, values),
          stored_tensor(names[2], Dtype::u8, lengths),
          {names[3], Dtype::u8, Shape{static_cast<int64_t>(bits.bytes().size())}, bits.bytes()},
          stored_tensor(names[4], Dtype::i64, std::vector<int64_t>{count})};
}

}  // namespace

std::vector<StoredTensor> detail::store(const std::string& name, const Parameter& parameter,
                                        Storage storage) {
  if (!parameter.mask().defined()) return store_dense(name, parameter);  // all is alive: nothing to leave out
  switch (storage) {
    case Storage::dense: return store_dense(name, parameter);
    case Storage::bitmask: return store_bitmask(name, parameter);
    case Storage::csr: return store_csr(name, parameter);
    case Storage::codebook: return store_codebook(name, parameter);
    case Storage::smallest: break;
  }
  std::vector<SafetensorsFile> forms(4);
  forms[0].tensors = store_dense(name, parameter);
  forms[1].tensors = store_bitmask(name, parameter);
  forms[2].tensors = store_csr(name, parameter);
  forms[3].tensors = store_codebook(name, parameter);
  return std::ranges::min_element(forms, {}, safetensors_bytes)->tensors;
}

}  // namespace tinynn::io
