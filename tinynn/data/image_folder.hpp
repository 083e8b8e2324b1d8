// ImageFolder: a folder of folders of PNG, JPEG or BMP images, where the name of the inner folder is the
// class: path/cat/1.jpg, path/dog/big/2.jpg (torchvision.datasets.ImageFolder). Classes are numbered by name,
// files come in the order of their paths. All are decoded once, in parallel, and kept as bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tinynn/data/image_dataset.hpp>
#include <tinynn/data/image_file.hpp>

namespace tinynn::data {

struct ImageFolderOptions {
  std::optional<ImageSize> size = {};  // scale every image to this; by default all must be of one size
  int64_t channels = 3;                // 1: grey, 3: colour, whatever the files hold
  std::vector<double> mean = {};       // one for each channel; by default 0
  std::vector<double> std = {};        // by default 1
  Colour background = {};              // behind what is transparent; by default white
  bool skip_corrupt = false;           // leave out files that cannot be decoded, rather than throw
};

/// What is in such a folder, before it is normalised.
struct ImageFolderContents {
  Images images;
  std::vector<std::string> class_names;
  std::vector<std::filesystem::path> files;  // by image
  std::vector<std::filesystem::path> skipped;
};
/// See image_folder().
ImageFolderContents read_image_folder(const std::filesystem::path& path,
                                      const ImageFolderOptions& options = {});

class ImageFolder : public ImageDataset {
 public:
  /// See image_folder().
  ImageFolder(const std::filesystem::path& path, const ImageFolderOptions& options);

  /// Names of the classes, in the order of their numbers.
  const std::vector<std::string>& class_names() const { return class_names_; }
  /// Files that were left out with skip_corrupt.
  const std::vector<std::filesystem::path>& skipped() const { return skipped_; }

 private:
  ImageFolder(ImageFolderContents contents, const ImageFolderOptions& options);

  std::vector<std::string> class_names_;
  std::vector<std::filesystem::path> skipped_;
};

/// The folder of a class may have folders in it, which are searched. Files that do not end in .png, .jpg,
/// .jpeg or .bmp and hidden ones are ignored. Throws Error if the folder is not there or has no folders in
/// it, if one of those has no images, if an image is damaged (naming it), or if two differ in size (naming
/// both).
std::shared_ptr<const ImageFolder> image_folder(const std::filesystem::path& path,
                                                const ImageFolderOptions& options = {});

}  // namespace tinynn::data
