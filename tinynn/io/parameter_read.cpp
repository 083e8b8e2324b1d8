#include <numeric>
#include <span>
#include <sstream>

#include <tinynn/core/error.hpp>
#include <tinynn/io/huffman.hpp>
#include <tinynn/io/parameter_storage.hpp>
#include <tinynn/io/safetensors_header.hpp>

namespace tinynn::io::detail {
namespace {

bool fits(std::span<const int64_t> sizes, const Shape& expected) {
  bool result = static_cast<int64_t>(sizes.size()) == expected.rank();
  for (size_t d = 0; result && d < sizes.size(); ++d) {
    const int64_t most = expected[static_cast<int64_t>(d)];
    result = sizes[d] == most || (sizes[d] > 0 && sizes[d] < most);
  }
  return result;
}

// Reads the tensors of one parameter; what is wrong with one is reported under its name.
class Reader {
 public:
  Reader(const SafetensorsFile& file, const Stored& stored) : file_(file), stored_(stored) {}

  Shape shape(const std::string& name, const Shape& expected) const {
    const auto sizes = elements<int64_t>(tensor(name, Dtype::i64, Shape{expected.rank()}));
    if (!fits(sizes, expected)) {
      std::ostringstream found;
      for (size_t d = 0; d < sizes.size(); ++d) found << (d ? ", " : "") << sizes[d];
      wrong(name, "says (", found.str(), "), the module expects ", expected);
    }
    return Shape(sizes);
  }

  Mask mask(const std::string& name, const Shape& shape) const {
    const auto bytes = elements<uint8_t>(tensor(name, Dtype::u8, Shape{(shape.numel() + 7) / 8}));
    const auto bit = [&](int64_t i) { return (bytes[static_cast<size_t>(i / 8)] >> (i % 8) & 1) != 0; };
    for (int64_t i = shape.numel(); i < static_cast<int64_t>(bytes.size()) * 8; ++i) {
      if (bit(i)) wrong(name, "has a bit set after its last element");
    }
    Mask mask(shape);
    for (int64_t i = 0; i < shape.numel(); ++i) mask.set(i, bit(i));
    return mask;
  }

  // As many live values as another tensor speaks of.
  Tensor values(const std::string& name, int64_t count, const std::string& counted_by) const {
    const StoredTensor& found = *stored_.at(name);
    check(found.shape == Shape{count}, file_.name, ": tensor ", in_quotes(name), " has shape ", found.shape,
          ", expected ", Shape{count}, " for what is alive in ", in_quotes(counted_by));
    return file_.tensor(name);
  }

  std::vector<int64_t> row_counts(const std::string& name, int64_t rows, int64_t columns) const {
    const Dtype dtype = stored_.at(name)->dtype;
    if (dtype != Dtype::u8 && dtype != Dtype::u16 && dtype != Dtype::u32)
      wrong(name, "has type ", dtype_name(dtype), ", expected U8, U16 or U32");
    const StoredTensor& found = tensor(name, dtype, Shape{rows});
    std::vector<int64_t> counts;
    const auto take = [&](const auto& from) { counts.assign(from.begin(), from.end()); };
    dtype == Dtype::u8    ? take(elements<uint8_t>(found))
    : dtype == Dtype::u16 ? take(elements<uint16_t>(found))
                          : take(elements<uint32_t>(found));
    for (size_t row = 0; row < counts.size(); ++row) {
      if (counts[row] > columns)
        wrong(name, "says that ", counts[row], " elements of row ", row, " are alive, which has ", columns);
    }
    return counts;
  }

  Mask mask_from_gaps(const std::string& name, const Shape& shape, int64_t columns,
                      const std::vector<int64_t>& counts) const {
    const StoredTensor& found = *stored_.at(name);
    const auto gaps = elements<uint8_t>(tensor(name, Dtype::u8, Shape{found.shape.numel()}));
    Mask mask(shape, false);
    auto next = gaps.begin();
    for (size_t row = 0; row < counts.size(); ++row) {
      int64_t column = -1;
      for (int64_t k = 0; k < counts[row]; ++k) {
        uint8_t gap = 255;
        for (++column; gap == 255; column += gap) {
          if (next == gaps.end()) wrong(name, "ends in row ", row, ", after ", gaps.size(), " bytes");
          gap = *next++;
        }
        if (column >= columns)
          wrong(name, "leads to column ", column, " of row ", row, ", which has ", columns);
        mask.set(static_cast<int64_t>(row) * columns + column, true);
      }
    }
    if (next != gaps.end()) wrong(name, "goes on for ", gaps.end() - next, " bytes after its last row");
    return mask;
  }

  std::vector<uint8_t> bytes(const std::string& name, int64_t size) const {
    return elements<uint8_t>(tensor(name, Dtype::u8, Shape{size}));
  }

  Tensor codebook(const std::string& name) const {
    const Shape& shape = stored_.at(name)->shape;
    if (shape.rank() != 1 || shape[0] < 1 || shape[0] > 256)
      wrong(name, "has shape ", shape, ", expected 1 to 256 values");
    tensor(name, Dtype::f32, shape);
    return file_.tensor(name);
  }

  int64_t count(const std::string& name, int64_t most) const {
    const int64_t result = elements<int64_t>(tensor(name, Dtype::i64, Shape{1}))[0];
    if (result < 0 || result > most) wrong(name, "says ", result, ", expected 0 to ", most);
    return result;
  }

  template <class... Parts>
  [[noreturn]] void wrong(const std::string& name, const Parts&... parts) const {
    fail(file_.name, ": tensor ", in_quotes(name), ' ', parts...);
  }

 private:
  const StoredTensor& tensor(const std::string& name, Dtype dtype, const Shape& shape) const {
    const StoredTensor& found = *stored_.at(name);
    if (found.dtype != dtype)
      wrong(name, "has type ", dtype_name(found.dtype), ", expected ", dtype_name(dtype));
    if (found.shape != shape) wrong(name, "has shape ", found.shape, ", expected ", shape);
    check_bytes(found, file_.name);
    return found;
  }

  const SafetensorsFile& file_;
  const Stored& stored_;
};

std::pair<Tensor, Mask> read_dense(const SafetensorsFile& file, const Stored& stored, const std::string& name,
                                   const Shape& expected) {
  check_fits(file.name, name, stored.at(name)->shape, expected);
  const Tensor value = file.tensor(name);
  const std::string mask_name = tensor_names(name, Storage::dense)[1];
  if (!stored.contains(mask_name)) return {value, Mask()};
  const Reader reader(file, stored);
  const Mask mask = reader.mask(mask_name, value.shape());
  for (int64_t i = 0; i < value.numel(); ++i) {
    const float x = value.values()[static_cast<size_t>(i)];
    if (!mask[i] && x != 0)
      reader.wrong(mask_name, "says that element ", i, " is dead, but its value is ", x);
  }
  return {value, mask};
}

Tensor spread(const Tensor& live, const Mask& mask) {
  Tensor result = zeros(mask.shape());
  int64_t next = 0;
  for (int64_t i = 0; i < result.numel(); ++i) {
    if (mask[i]) result.mutable_data()[i] = live.values()[static_cast<size_t>(next++)];
  }
  return result;
}

std::pair<Tensor, Mask> read_codebook(const SafetensorsFile& file, const Stored& stored,
                                      const std::string& name, const Shape& expected) {
  const Reader reader(file, stored);
  const auto names = tensor_names(name, Storage::codebook);
  const Shape shape = reader.shape(names[0], expected);
  const Tensor values = reader.codebook(names[1]);
  const auto lengths = reader.bytes(names[2], 256 + values.numel());
  const int64_t count = reader.count(names[4], shape.numel());
  const auto codes = reader.bytes(names[3], stored.at(names[3])->shape.numel());
  const auto decoder = [&](std::span<const uint8_t> of) {
    try {
      return HuffmanDecoder(of);
    } catch (const Error& error) {
      reader.wrong(names[2], "are no code: ", error.what());
    }
  };
  const HuffmanDecoder gaps = decoder(std::span(lengths).first(256)),
                       entries = decoder(std::span(lengths).subspan(256));
  BitReader bits(std::as_bytes(std::span(codes)));
  Tensor value = zeros(shape);
  Mask mask(shape, false);
  for (int64_t k = 0, at = 0; k < count; ++k, ++at) {
    int gap = 255;
    for (; gap == 255; at += gap) {
      gap = gaps.read(bits);
      if (gap < 0 || at + gap > shape.numel())
        reader.wrong(names[3], "end or lead astray at live element ", k);
    }
    const int entry = entries.read(bits);
    if (entry < 0 || at >= shape.numel()) reader.wrong(names[3], "end or lead astray at live element ", k);
    mask.set(at, true);
    value.mutable_data()[at] = values.data()[entry];
  }
  if (!bits.is_at_end()) reader.wrong(names[3], "go on after live element ", count);
  return {value, mask};
}

std::pair<Tensor, Mask> read_bitmask(const SafetensorsFile& file, const Stored& stored,
                                     const std::string& name, const Shape& expected) {
  const Reader reader(file, stored);
  const auto names = tensor_names(name, Storage::bitmask);
  const Mask mask = reader.mask(names[1], reader.shape(names[0], expected));
  return {spread(reader.values(names[2], mask.count_alive(), names[1]), mask), mask};
}

std::pair<Tensor, Mask> read_csr(const SafetensorsFile& file, const Stored& stored, const std::string& name,
                                 const Shape& expected) {
  const Reader reader(file, stored);
  const auto names = tensor_names(name, Storage::csr);
  const Shape shape = reader.shape(names[0], expected);
  const int64_t rows = shape.rank() == 0 ? 1 : shape[0], columns = rows == 0 ? 0 : shape.numel() / rows;
  const auto counts = reader.row_counts(names[1], rows, columns);
  const Tensor live =
      reader.values(names[3], std::accumulate(counts.begin(), counts.end(), int64_t{0}), names[1]);
  const Mask mask = reader.mask_from_gaps(names[2], shape, columns, counts);
  return {spread(live, mask), mask};
}

}  // namespace

void check_fits(const std::string& file, const std::string& name, const Shape& shape, const Shape& expected) {
  check(fits({shape.begin(), shape.end()}, expected), file, ": tensor ", in_quotes(name), " has shape ",
        shape, ", the module expects ", expected);
}

std::pair<Tensor, Mask> read_stored(const SafetensorsFile& file, const Stored& stored,
                                    const std::string& name, const Shape& expected) {
  switch (form_of(name, stored)) {
    case Storage::bitmask: return read_bitmask(file, stored, name, expected);
    case Storage::csr: return read_csr(file, stored, name, expected);
    case Storage::codebook: return read_codebook(file, stored, name, expected);
    default: return read_dense(file, stored, name, expected);
  }
}

}  // namespace tinynn::io::detail
