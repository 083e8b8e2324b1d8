// IDX files under their well-known names: those of MNIST, in any of the folders that they come in, and
// EMNIST's.
#include <algorithm>
#include <utility>

#include <tinynn/core/error.hpp>
#include <tinynn/data/idx.hpp>
#include <tinynn/data/openers.hpp>
#include <tinynn/data/parts.hpp>

namespace tinynn::data {
namespace {

namespace fs = std::filesystem;

// Cohen et al. 2017: the names of the classes, a character each, from the first label on.
struct EmnistSet {
  const char* name;
  const char* characters;
};
constexpr EmnistSet emnist_sets[]{
    {"balanced", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"},
    {"byclass", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"},
    {"bymerge", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"},
    {"digits", "0123456789"},
    {"letters", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
    {"mnist", "0123456789"},
};

// The first of the spellings of, say, "train-images" that is there, or empty; those that were tried.
fs::path idx_file(const fs::path& folder, const std::string& stem, std::string* tried = nullptr) {
  const bool images = stem.ends_with("images");
  for (const char* joint : {"-", "."}) {
    for (const char* kind : {"idx3", "idx4", "idx1"}) {
      if (images == (std::string_view(kind) == "idx1")) continue;
      for (const char* compression : {"", ".gz"}) {
        const fs::path path = folder / (stem + joint + kind + "-ubyte" + compression);
        if (detail::is_file(path)) return path;
        if (tried != nullptr) *tried += (tried->empty() ? "" : ", ") + path.string();
      }
    }
  }
  return {};
}

struct IdxSet {
  fs::path folder;
  const EmnistSet* emnist = nullptr;

  std::string prefix() const { return emnist == nullptr ? "" : std::string("emnist-") + emnist->name + "-"; }
  fs::path find(const char* part, const char* what, std::string* tried = nullptr) const {
    return idx_file(folder, prefix() + part + "-" + what, tried);
  }
  bool has(const char* part) const { return !find(part, "images").empty() || !find(part, "labels").empty(); }
  bool is_there() const { return has("train") || has("t10k") || has("test"); }
};

// All that are in the folder, or in those that torchvision and the archives make.
std::vector<IdxSet> idx_sets(const fs::path& folder) {
  std::vector<IdxSet> sets;
  for (const char* inner : {"", "raw", "gzip", "MNIST/raw", "FashionMNIST/raw", "KMNIST/raw", "EMNIST/raw"}) {
    const fs::path place = *inner == '\0' ? folder : folder / inner;
    if (!detail::is_folder(place)) continue;
    if (const IdxSet set{place}; set.is_there()) sets.push_back(set);
    for (const EmnistSet& emnist : emnist_sets)
      if (const IdxSet set{place, &emnist}; set.is_there()) sets.push_back(set);
  }
  return sets;
}

// The one that is meant.
IdxSet idx_set(const detail::Source& source) {
  std::string names;
  std::vector<IdxSet> fitting;
  for (const IdxSet& set : idx_sets(source.path)) {
    const std::string name = set.emnist != nullptr ? set.emnist->name : "";
    names += (names.empty() ? "" : ", ") +
             (name.empty() ? set.folder.string() : source.path.string() + ":" + name);
    if (source.set.empty() || source.set == name) fitting.push_back(set);
  }
  check(!fitting.empty(), source.name(), ": no such set, expected ", names);
  check(fitting.size() == 1, source.name(), ": there are several sets, expected one of ", names);
  return fitting[0];
}

// Rows become columns.
void transpose(IdxImages& images) {
  const int64_t area = images.rows * images.cols;
  std::vector<uint8_t> turned(static_cast<size_t>(area));
  for (auto picture = images.pixels.begin(); picture != images.pixels.end(); picture += area) {
    for (int64_t y = 0; y < images.rows; ++y)
      for (int64_t x = 0; x < images.cols; ++x) turned[x * images.rows + y] = picture[y * images.cols + x];
    std::ranges::copy(turned, picture);
  }
  std::swap(images.rows, images.cols);
}

detail::Part read_idx_part(const IdxSet& set, const char* part) {
  const auto file = [&](const char* what) {
    std::string tried;
    fs::path path = set.find(part, what, &tried);
    check(!path.empty(), "no file with the ", part, "-", what, "; tried ", tried);
    return path;
  };
  const fs::path images_path = file("images"), labels_path = file("labels");
  IdxImages images = read_idx_images(images_path);
  const auto labels = read_idx_labels(labels_path);
  check(std::cmp_equal(labels.size(), images.count), labels_path.string(), ": number of labels is ",
        labels.size(), ", expected ", images.count, ", the number of images in ", images_path.string());
  if (set.emnist != nullptr) transpose(images);
  return {.shape = {images.channels, images.rows, images.cols},
          .pixels = std::move(images.pixels),
          .labels = {labels.begin(), labels.end()}};
}

}  // namespace

bool detail::is_idx(const fs::path& path) { return is_folder(path) && !idx_sets(path).empty(); }

Opened detail::open_idx(const Source& source, const OpenOptions& options) {
  const IdxSet set = idx_set(source);
  Parts parts{.train = read_idx_part(set, "train")};
  for (const char* part : {"t10k", "test"}) {
    if (!parts.test && set.has(part)) parts.test = read_idx_part(set, part);
  }
  parts.classes = number_classes(source.name(), parts);
  if (set.emnist != nullptr) {
    const std::string_view characters = set.emnist->characters;
    for (size_t i = 0; i < std::min(parts.classes.size(), characters.size()); ++i)
      parts.classes[i] = characters[i];
  }
  return assemble(source.name(), std::move(parts), options, "idx");
}

}  // namespace tinynn::data
