// The digits that labs train on: MNIST where the grader finds it, else Fashion-MNIST, else generated ones
// (4,000 and 1,000 of them). The grader names the folder of the four IDX files in $LAB_DIGITS.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <zlib.h>

struct Digits {
  std::string name;                        ///< "mnist", "fashion-mnist" or "generated"
  std::vector<float> images, test_images;  ///< n x 784, row by row, black = 0, white = 1
  std::vector<int> labels, test_labels;    ///< 0 to 9
};

/// The bytes of an IDX file, with or without .gz, behind its header.
inline std::vector<unsigned char> idx_bytes(const std::filesystem::path& folder, const std::string& name,
                                            int header) {
  for (const std::string& spelling : {name, name + ".gz"}) {
    gzFile file = gzopen((folder / spelling).c_str(), "rb");  // reads plain files, too
    if (file == nullptr) continue;
    std::vector<unsigned char> bytes;
    unsigned char block[1 << 16];
    for (int n; (n = gzread(file, block, sizeof block)) > 0;) bytes.insert(bytes.end(), block, block + n);
    gzclose(file);
    bytes.erase(bytes.begin(), bytes.begin() + std::min<std::ptrdiff_t>(header, std::ssize(bytes)));
    return bytes;
  }
  throw std::runtime_error("there is no " + name + " in " + folder.string());
}

/// Read at the first call.
inline const Digits& digits() {
  static const Digits read = [] {
    const char* set = std::getenv("LAB_DIGITS");
    if (set == nullptr) throw std::runtime_error("LAB_DIGITS does not say where the digits are");
    const std::filesystem::path folder = set;
    Digits d;
    d.name = folder.filename().string();
    for (const bool test : {false, true}) {
      const std::string part = test ? "t10k" : "train";
      std::vector<float>& images = test ? d.test_images : d.images;
      for (const unsigned char pixel : idx_bytes(folder, part + "-images-idx3-ubyte", 16)) {
        images.push_back(pixel / 255.0F);
      }
      const auto labels = idx_bytes(folder, part + "-labels-idx1-ubyte", 8);
      (test ? d.test_labels : d.labels).assign(labels.begin(), labels.end());
      if (images.size() != 784 * labels.size())
        throw std::runtime_error("the digits in " + folder.string() + " are damaged");
    }
    return d;
  }();
  return read;
}
