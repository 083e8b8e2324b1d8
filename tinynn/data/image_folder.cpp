#include <algorithm>
#include <utility>

#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/data/image_folder.hpp>

namespace tinynn::data {
namespace {

namespace fs = std::filesystem;

constexpr int64_t files_per_chunk = 64;
constexpr int deepest = 16;                // folders below that of a class
constexpr int64_t longest_side = 1 << 15;  // in pixels, as in image_file.cpp

std::vector<fs::path> sorted_entries(const fs::path& folder, bool (*wanted)(const fs::directory_entry&)) {
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  check(!error, "image_folder: cannot read the folder ", folder.string(), ": ", error.message());
  std::vector<fs::path> paths;
  for (const auto& entry : entries) {
    const bool hidden = entry.path().filename().string().starts_with('.');
    if (!hidden && wanted(entry)) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

struct Files {
  std::vector<fs::path> paths;
  std::vector<int64_t> labels;
  std::vector<std::string> class_names;
};

// What cannot be looked at, such as a link to itself, is neither a folder nor a file.
bool is_folder_entry(const fs::directory_entry& entry) {
  std::error_code ignored;
  return entry.is_directory(ignored);
}
bool is_image_entry(const fs::directory_entry& entry) {
  std::error_code ignored;
  return entry.is_regular_file(ignored) && is_image_file(entry.path());
}

// Below the folder of a class links are not followed: they may lead round in circles.
bool is_own_folder_entry(const fs::directory_entry& entry) {
  std::error_code ignored;
  return is_folder_entry(entry) && !entry.is_symlink(ignored);
}

// Those in the folder itself, then those in each of its folders.
void append_images(const fs::path& folder, int depth, std::vector<fs::path>& images) {
  check(depth > 0, "image_folder: ", folder.string(), " is ", deepest, " folders deep, expected fewer");
  const auto here = sorted_entries(folder, is_image_entry);
  images.insert(images.end(), here.begin(), here.end());
  for (const auto& inner : sorted_entries(folder, is_own_folder_entry))
    append_images(inner, depth - 1, images);
}

Files list_files(const fs::path& folder) {
  std::error_code unknown;
  check(fs::is_directory(folder, unknown), "image_folder: no folder ", folder.string());
  Files files;
  for (const auto& inner : sorted_entries(folder, is_folder_entry)) {
    std::vector<fs::path> images;
    append_images(inner, deepest, images);
    check(!images.empty(), "image_folder: no .png, .jpg, .jpeg or .bmp files in ", inner.string());
    files.labels.insert(files.labels.end(), images.size(), std::ssize(files.class_names));
    files.paths.insert(files.paths.end(), images.begin(), images.end());
    files.class_names.push_back(inner.filename().string());
  }
  check(!files.paths.empty(), "image_folder: no folders in ", folder.string(),
        ", expected one for each class");
  return files;
}

// The decoded image, or none for a damaged file that is to be skipped.
std::optional<DecodedImage> decode(const fs::path& path, const ImageFolderOptions& options) {
  try {
    auto image = read_image(path, options.channels, options.background);
    if (options.size && image.size != *options.size) return resize(image, options.channels, *options.size);
    return image;
  } catch (const Error&) {
    if (!options.skip_corrupt) throw;
    return std::nullopt;
  }
}

Normalization normalization_of(const ImageFolderOptions& options) {
  const auto channels = static_cast<size_t>(options.channels);
  return {options.mean.empty() ? std::vector<double>(channels, 0) : options.mean,
          options.std.empty() ? std::vector<double>(channels, 1) : options.std};
}

void check_options(const ImageFolderOptions& options) {
  check(options.channels == 1 || options.channels == 3, "image_folder: channels is ", options.channels,
        ", expected 1 or 3");
  const ImageSize size = options.size.value_or(ImageSize{1, 1});
  const auto fits = [](int64_t length) { return length >= 1 && length <= longest_side; };
  check(fits(size.height) && fits(size.width), "image_folder: size is ", size.height, " x ", size.width,
        ", expected sides of 1 to ", longest_side);
}

// The first file that can be read, and its size: the size of all.
std::pair<fs::path, ImageSize> first_readable(const Files& files, const ImageFolderOptions& options) {
  for (const auto& path : files.paths) {
    if (const auto image = decode(path, options)) return {path, image->size};
  }
  fail("image_folder: not one of the ", files.paths.size(), " images can be read, the first is ",
       files.paths.front().string());
}

// Decodes file i to its place in the pixels; readable[i] tells whether that was possible.
std::vector<uint8_t> decode_all(const Files& files, const ImageFolderOptions& options, const fs::path& first,
                                ImageSize size, std::vector<uint8_t>& pixels) {
  const int64_t bytes = std::ssize(pixels) / std::ssize(files.paths);
  std::vector<uint8_t> readable(files.paths.size());
  parallel_for(std::ssize(files.paths), files_per_chunk, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto& path = files.paths[i];
      const auto image = decode(path, options);
      if (!image) continue;
      check(image->size == size, "image_folder: ", path.string(), " is ", image->size.height, " x ",
            image->size.width, ", but ", first.string(), " is ", size.height, " x ", size.width,
            "; expected one size, or the option size (--resize)");
      std::copy(image->pixels.begin(), image->pixels.end(), pixels.begin() + i * bytes);
      readable[i] = 1;
    }
  });
  return readable;
}

}  // namespace

ImageFolderContents read_image_folder(const fs::path& folder, const ImageFolderOptions& options) {
  check_options(options);
  Files files = list_files(folder);
  const auto [first, size] = first_readable(files, options);
  const int64_t bytes = options.channels * size.height * size.width;
  std::vector<uint8_t> pixels(files.paths.size() * static_cast<size_t>(bytes));
  const auto readable = decode_all(files, options, first, size, pixels);

  // Closes the gaps that skipped files left.
  std::vector<fs::path> skipped, kept;
  std::vector<int64_t> labels;
  for (size_t i = 0; i < files.paths.size(); ++i) {
    if (!readable[i]) {
      skipped.push_back(files.paths[i]);
      continue;
    }
    const auto from = pixels.begin() + static_cast<int64_t>(i) * bytes;
    const auto to = pixels.begin() + std::ssize(labels) * bytes;
    if (from != to) std::copy(from, from + bytes, to);
    labels.push_back(files.labels[i]);
    kept.push_back(std::move(files.paths[i]));
  }
  pixels.resize(labels.size() * static_cast<size_t>(bytes));
  const int64_t classes = std::ssize(files.class_names);
  return {Images{options.channels, size.height, size.width, std::move(pixels), std::move(labels), classes},
          std::move(files.class_names), std::move(kept), std::move(skipped)};
}

ImageFolder::ImageFolder(const fs::path& path, const ImageFolderOptions& options)
    : ImageFolder(read_image_folder(path, options), options) {}

ImageFolder::ImageFolder(ImageFolderContents contents, const ImageFolderOptions& options)
    : ImageDataset(std::move(contents.images), normalization_of(options)),
      class_names_(std::move(contents.class_names)),
      skipped_(std::move(contents.skipped)) {}

std::shared_ptr<const ImageFolder> image_folder(const fs::path& path, const ImageFolderOptions& options) {
  return std::make_shared<ImageFolder>(path, options);
}

}  // namespace tinynn::data
