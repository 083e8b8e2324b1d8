// Folders of pictures, a folder for each class.
#include <algorithm>
#include <numeric>

#include <tinynn/core/error.hpp>
#include <tinynn/data/image_folder.hpp>
#include <tinynn/data/openers.hpp>
#include <tinynn/data/parts.hpp>
#include <tinynn/data/printable.hpp>

namespace tinynn::data {
namespace {

namespace fs = std::filesystem;

bool has_folders(const fs::path& path) {
  std::error_code error;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    if (!entry->path().filename().string().starts_with('.') && detail::is_folder(entry->path())) return true;
  }
  return false;
}

// The folders of both parts; of the second, empty if it is to be set aside from the first.
std::pair<fs::path, fs::path> picture_parts(const fs::path& path) {
  for (const char* train : {"train", "training"}) {
    if (!has_folders(path / train)) continue;  // or it is a class of this name
    for (const char* test : {"test", "testing", "val", "valid", "validation"})
      if (has_folders(path / test)) return {path / train, path / test};
    return {path / train, {}};
  }
  return {path, {}};
}

// Whether all planes of all pictures are equal: grey, stored as colour or decoded so.
bool are_grey(const Images& images) {
  const int64_t area = images.height * images.width;
  for (auto plane = images.pixels.begin(); plane != images.pixels.end(); plane += 3 * area) {
    if (!std::equal(plane, plane + 2 * area, plane + area)) return false;
  }
  return true;
}

void keep_first_planes(Images& images) {
  const int64_t area = images.height * images.width;
  for (int64_t i = 1; i < std::ssize(images.labels); ++i)
    std::copy_n(images.pixels.begin() + 3 * i * area, area, images.pixels.begin() + i * area);
  images.pixels.resize(images.labels.size() * static_cast<size_t>(area));
  images.channels = 1;
}

// In the order of the files' own names, whatever folders they are in: pictures that somebody took out of
// another format and numbered are in the order that they had there.
detail::Part part_of(const ImageFolderContents& contents) {
  const Images& images = contents.images;
  std::vector<std::string> names;
  for (const fs::path& file : contents.files) names.push_back(file.filename().string());
  std::vector<int64_t> order(names.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](int64_t i) -> const std::string& { return names[i]; });
  detail::Part part{.shape = {images.channels, images.height, images.width}};
  part.pixels.reserve(images.pixels.size());
  for (const int64_t i : order) {
    const auto from = images.pixels.begin() + i * part.shape.numel();
    part.pixels.insert(part.pixels.end(), from, from + part.shape.numel());
    part.labels.push_back(images.labels[i]);
  }
  return part;
}

}  // namespace

bool detail::is_picture_folder(const fs::path& path) { return has_folders(path); }

Opened detail::open_pictures(const Source& source, const OpenOptions& options) {
  const auto [train_folder, test_folder] = picture_parts(source.path);
  ImageFolderOptions reading{
      .size = options.size, .channels = options.channels.value_or(3), .background = options.background};
  ImageFolderContents train = read_image_folder(train_folder, reading);
  check(train.class_names.size() > 1 || !options.classes.empty(), train_folder.string(),
        ": one folder of pictures, \"", printable(train.class_names[0]), "\", expected one for each class");
  if (!options.channels && are_grey(train.images)) {
    keep_first_planes(train.images);
    reading.channels = 1;
  }
  Parts parts{.train = part_of(train), .classes = train.class_names};
  if (!test_folder.empty()) {
    ImageFolderContents test = read_image_folder(test_folder, reading);
    for (int64_t& label : test.images.labels) {
      const std::string& name = test.class_names[label];
      const auto found = std::ranges::find(parts.classes, name);
      check(found != parts.classes.end(), (test_folder / name).string(),
            ": there is no folder of this name in ", train_folder.string());
      label = found - parts.classes.begin();
    }
    const Images& images = test.images;
    check(images.height == parts.train.shape[1] && images.width == parts.train.shape[2],
          "pictures: ", test.files[0].string(), " is ", images.height, " x ", images.width, ", but ",
          train.files[0].string(), " is ", parts.train.shape[1], " x ", parts.train.shape[2],
          "; expected one size, or the option size (--resize)");
    parts.test = part_of(test);
  }
  return assemble(source.name(), std::move(parts), options, "pictures");
}

}  // namespace tinynn::data
