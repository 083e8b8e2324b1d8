// NumPy's archives: pictures or numbers and their labels or targets, under the names that are usual.
#include <algorithm>
#include <cmath>
#include <limits>

#include <tinynn/core/error.hpp>
#include <tinynn/data/npy.hpp>
#include <tinynn/data/openers.hpp>
#include <tinynn/data/parts.hpp>
#include <tinynn/data/printable.hpp>
#include <tinynn/data/zip_file.hpp>

namespace tinynn::data {
namespace {

namespace fs = std::filesystem;

struct NpzNames {
  const char *x_train, *y_train, *x_test, *y_test;
};
constexpr NpzNames npz_names[]{
    {"x_train", "y_train", "x_test", "y_test"},
    {"X_train", "y_train", "X_test", "y_test"},
    {"train_images", "train_labels", "test_images", "test_labels"},
    {"x", "y", "", ""},
    {"X", "y", "", ""},
    {"images", "labels", "", ""},
    {"data", "target", "", ""},
};

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text = "(";
  for (size_t i = 0; i < shape.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  return text + (shape.size() == 1 ? ",)" : ")");
}

NpyArray read_array(ZipFile& file, const std::string& name) {
  const ZipMember* member = file.find(name + ".npy");
  check(member != nullptr, file.name(), ": no array \"", name, '"');
  return parse_npy(file.read(*member), file.name() + ", " + name);
}

// Whether a sample of this shape is a picture of bytes, and the shape (c, h, w) and where the channels are.
struct Layout {
  Shape shape;
  bool channels_last = false;
};
Layout picture_layout(const std::vector<int64_t>& sample) {
  const auto is_channels = [](int64_t size) { return size == 1 || size == 3; };
  if (sample.size() == 2) return {{1, sample[0], sample[1]}};
  if (is_channels(sample[2]) && !is_channels(sample[0])) return {{sample[2], sample[0], sample[1]}, true};
  return {{sample[0], sample[1], sample[2]}};
}

float number_in_float(double number, const std::string& name, int64_t i) {
  check(std::abs(number) <= static_cast<double>(std::numeric_limits<float>::max()), name, ": number ", i,
        " is ", number, ", expected a finite one");
  return static_cast<float>(number);
}

// (n, h, w, c) as (n, c, h, w).
template <class T>
std::vector<T> channels_first(const std::vector<T>& from, const Shape& shape) {
  std::vector<T> result(from.size());
  const int64_t area = shape[1] * shape[2];
  for (size_t begin = 0; begin < from.size(); begin += static_cast<size_t>(shape.numel())) {
    for (int64_t k = 0; k < area; ++k)
      for (int64_t c = 0; c < shape[0]; ++c) result[begin + c * area + k] = from[begin + k * shape[0] + c];
  }
  return result;
}

void read_inputs(NpyArray array, const std::string& name, const OpenOptions& options, detail::Part& part,
                 bool& pictures) {
  check(array.shape.size() >= 2 && array.shape.size() <= 4 && array.count() > 0, name, ": an array of shape ",
        shape_text(array.shape),
        ", expected (samples, numbers), (samples, height, width) or such with channels");
  const std::vector<int64_t> sample(array.shape.begin() + 1, array.shape.end());
  Layout layout{Shape(sample)};
  if (sample.size() > 1) layout = picture_layout(sample);
  if (sample.size() == 1 && options.shape) {
    check(options.shape->numel() == sample[0], name, ": ", sample[0], " numbers a sample, expected ",
          options.shape->numel(), " for the shape ", *options.shape);
    layout = {*options.shape};
  }
  part.shape = layout.shape;
  pictures = array.are_bytes() && layout.shape.rank() == 3;
  if (pictures) {
    part.pixels = layout.channels_last ? channels_first(array.bytes, layout.shape) : std::move(array.bytes);
    return;
  }
  part.numbers.resize(static_cast<size_t>(array.count()));
  for (int64_t i = 0; i < array.count(); ++i) part.numbers[i] = number_in_float(array[i], name, i);
  if (layout.channels_last) part.numbers = channels_first(part.numbers, layout.shape);
}

// Labels if they are integers, (n) or (n, 1); else, or if a target is asked for, numbers.
void read_targets(const NpyArray& array, const std::string& name, int64_t samples, const OpenOptions& options,
                  detail::Part& part, int64_t& target_size) {
  const auto& shape = array.shape;
  check(!shape.empty() && shape.size() <= 2 && shape[0] == samples, name, ": an array of shape ",
        shape_text(shape), ", expected (", samples, ",), one for each sample");
  const int64_t each = shape.size() == 2 ? shape[1] : 1;
  check(each >= 1, name, ": an array of shape ", shape_text(shape), ", expected a number for each sample");
  if (array.are_integers() && each == 1 && options.target.empty()) {
    target_size = 0;
    constexpr double most = 65535;
    for (int64_t i = 0; i < array.count(); ++i) {
      check(array[i] >= 0 && array[i] <= most, name, ": label ", i, " is ", array[i], ", expected 0 to ",
            most);
      part.labels.push_back(static_cast<int64_t>(array[i]));
    }
    return;
  }
  check(!array.are_integers() || !options.target.empty(), name, ": an array of shape ", shape_text(shape),
        " of integers, expected one label for each sample");
  target_size = each;
  for (int64_t i = 0; i < array.count(); ++i) part.targets.push_back(number_in_float(array[i], name, i));
}

struct NpzPart {
  detail::Part part;
  bool pictures = false;
  int64_t target_size = 0;
};

NpzPart read_npz_part(ZipFile& file, const char* x, const char* y, const OpenOptions& options) {
  NpzPart result;
  NpyArray inputs = read_array(file, x);
  const int64_t samples = inputs.shape.empty() ? 0 : inputs.shape[0];
  read_inputs(std::move(inputs), file.name() + ", " + x, options, result.part, result.pictures);
  read_targets(read_array(file, y), file.name() + ", " + y, samples, options, result.part,
               result.target_size);
  return result;
}

}  // namespace

bool detail::is_npz(const fs::path& path) {
  return is_file(path) && (path.extension() == ".npz" || is_zip_file(path));
}

Opened detail::open_npz(const Source& source, const OpenOptions& options) {
  ZipFile file(source.path);
  const auto has = [&](const char* name) { return file.find(std::string(name) + ".npy") != nullptr; };
  const auto* names = std::ranges::find_if(npz_names, [&](const auto& row) { return has(row.x_train); });
  if (names == std::end(npz_names)) {
    std::string found;
    for (size_t i = 0; i < std::min<size_t>(10, file.members().size()); ++i)
      found += (i > 0 ? ", " : "") + printable(file.members()[i].name);
    fail(file.name(), ": found ", found.empty() ? "nothing" : found,
         "; expected x_train.npy, y_train.npy, x_test.npy and y_test.npy");
  }
  NpzPart train = read_npz_part(file, names->x_train, names->y_train, options);
  Parts parts{
      .train = std::move(train.part), .are_pictures = train.pictures, .target_size = train.target_size};
  if (*names->x_test != '\0' && has(names->x_test)) {
    NpzPart test = read_npz_part(file, names->x_test, names->y_test, options);
    check(test.pictures == train.pictures && test.target_size == train.target_size &&
              (test.pictures || test.part.shape == parts.train.shape),
          file.name(), ": ", names->x_test, " and ", names->y_test, " are of another type or shape than ",
          names->x_train, " and ", names->y_train);
    parts.test = std::move(test.part);
  }
  if (parts.target_size == 0) parts.classes = number_classes(file.name(), parts);
  return assemble(source.name(), std::move(parts), options, "npz");
}

}  // namespace tinynn::data
