// How many of MNIST's test images an exported header gets right: accuracy FOLDER, where the two files of the
// test images lie unpacked.
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "digits.hpp"

namespace {

std::vector<std::uint8_t> read(const std::string& path, long header) {
  std::vector<std::uint8_t> bytes;
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr || std::fseek(file, header, SEEK_SET) != 0) return bytes;
  std::uint8_t block[1 << 16];
  while (const std::size_t got = std::fread(block, 1, sizeof block, file))
    bytes.insert(bytes.end(), block, block + got);
  std::fclose(file);
  return bytes;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string folder = count > 1 ? arguments[1] : "datasets/mnist";
  const auto images = read(folder + "/t10k-images-idx3-ubyte", 16),
             labels = read(folder + "/t10k-labels-idx1-ubyte", 8);
  if (labels.empty() || images.size() != labels.size() * 784) {
    std::fprintf(stderr, "no t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte in %s\n", folder.c_str());
    return 1;
  }
  std::size_t right = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    float scores[10];
    digits_predict(&images[784 * i], scores);
    int best = 0;
    for (int digit = 1; digit < 10; ++digit) best = scores[digit] > scores[best] ? digit : best;
    right += best == labels[i] ? 1 : 0;
  }
  std::printf("%zu of %zu right, %zu bytes of constants\n", right, labels.size(), digits_constant_bytes);
}
