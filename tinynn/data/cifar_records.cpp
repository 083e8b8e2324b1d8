#include <vector>

#include <tinynn/core/error.hpp>
#include <tinynn/data/cifar_records.hpp>
#include <tinynn/data/gz_file.hpp>

namespace tinynn::data {

void detail::append_cifar_file(const std::filesystem::path& path, int label_bytes, Images& images) {
  constexpr int64_t most_records = 60000;  // that CIFAR has
  constexpr size_t pixels = cifar_channels * cifar_side * cifar_side;
  GzFile file(path);
  std::vector<uint8_t> record(static_cast<size_t>(label_bytes) + pixels);
  for (int64_t i = 0;; ++i) {
    const uint64_t found = file.read(record.data(), record.size());
    if (found == 0 && i > 0) return;
    check(i < most_records, file.name(), ": more than ", most_records, " records, as many as CIFAR has");
    check(found == record.size(), file.name(), ": file ends inside record ", i, ": found ", found,
          " bytes of it, expected ", record.size());
    const int64_t label = record[label_bytes - 1];
    check(label < images.classes, file.name(), ": label ", i, " is ", label, ", expected 0 to ",
          images.classes - 1);
    images.labels.push_back(label);
    images.pixels.insert(images.pixels.end(), record.begin() + label_bytes, record.end());
  }
}

}  // namespace tinynn::data
