#include <algorithm>
#include <cmath>

#include <zlib.h>

#include <tinynn/data/cifar10.hpp>
#include <tinynn/data/csv.hpp>
#include <tinynn/data/gz_file.hpp>
#include <tinynn/data/idx.hpp>
#include <tinynn/data/npy.hpp>
#include <tinynn/data/open.hpp>
#include <tinynn/data/zip_file.hpp>

#include "tests/data/fixtures.hpp"
#include "tests/data/zip_writer.hpp"
#include "tests/fuzz/formats.hpp"

namespace fuzz {
namespace {

using namespace tinynn;
namespace fs = std::filesystem;

Bytes text_of(const fixtures::Bytes& bytes) { return {bytes.begin(), bytes.end()}; }
Bytes gzipped(const fs::path& path, const Bytes& bytes) {
  fixtures::write_gz(path, {bytes.begin(), bytes.end()});
  return content(path);
}

Format idx_images(const fs::path& path) {
  const Bytes plain = text_of(fixtures::idx_images(3, 5, 4));
  return {"idx_images",
          {plain, gzipped(path, plain)},
          damaged,
          [path](const Bytes& bytes) {
            put(path, bytes);
            const auto images = data::read_idx_images(path);
            require(images.count * images.rows * images.cols == std::ssize(images.pixels),
                    "pixels fill the images");
          },
          3000,
          "data/idx.cpp data/gz_file.cpp"};
}

Format idx_labels(const fs::path& path) {
  const Bytes plain = text_of(fixtures::idx_labels(fixtures::Bytes(40, 7)));
  return {"idx_labels",
          {plain, gzipped(path, plain)},
          damaged,
          [path](const Bytes& bytes) {
            put(path, bytes);
            (void)data::read_idx_labels(path);
          },
          3000,
          "data/idx.cpp data/gz_file.cpp"};
}

// The first bytes of what is in a file, read in pieces of this size, and the message of an error.
std::pair<Bytes, std::string> unpacked(const fs::path& path, uint64_t piece) {
  constexpr size_t most = 1 << 16;
  Bytes bytes;
  const std::string message = error_of([&] {
    data::GzFile file(path);
    std::vector<uint8_t> read(piece);
    for (uint64_t found = piece; found == piece && bytes.size() < most;) {
      found = file.read(read.data(), piece);
      bytes.append(reinterpret_cast<const char*>(read.data()), found);
    }
  });
  return {bytes, message};
}

// Whatever the pieces are, the bytes are the same; what cannot be unpacked to its end may end earlier in
// larger pieces, none of which is given in part.
Format gzip(const fs::path& path) {
  const Bytes text = "Whatever is packed here is packed here twice, twice.", plain = "no gzip";
  const Bytes one = gzipped(path, text), bytes = gzipped(path, text_of(fixtures::counting(1000)));
  return {"gzip",
          {one, one + bytes, one + bytes + Bytes(600, '\0'), plain},
          damaged,
          [path](const Bytes& file) {
            put(path, file);
            const auto [whole, message] = unpacked(path, 1 << 16);
            const auto [parts, parts_message] = unpacked(path, 256);
            require(message.empty() ? whole == parts && parts_message.empty() : parts.starts_with(whole),
                    "unpacked in pieces it is the same");
            if (!message.empty()) throw Error(message);
          },
          3000,
          "data/gz_file.cpp"};
}

Format cifar10(const fs::path& folder) {
  fs::create_directories(folder);
  Bytes plain;
  for (const char label : {'\3', '\7'}) plain += label + text_of(fixtures::counting(3072));
  const fs::path file = folder / "test_batch.bin";
  return {"cifar10",
          {plain, gzipped(file, plain)},
          damaged,
          [=](const Bytes& bytes) {
            put(file, bytes);
            const auto images = data::cifar10(folder, data::Split::test);
            require(images->size() > 0 && fixtures::sample(*images, 0).second < 10, "labels are below 10");
          },
          20000,
          "data/cifar10.cpp data/cifar_records.cpp data/gz_file.cpp"};
}

// Whatever was opened has samples of one shape, finite, with labels of its classes.
void require_samples(const data::Opened& opened) {
  for (const auto& part : {opened.train, opened.test}) {
    require(part->size() > 0 && part->sample_shape() == opened.train->sample_shape(), "samples of one shape");
    for (const int64_t i : {int64_t{0}, part->size() - 1}) {
      const auto [numbers, label] = fixtures::sample(*part, i);
      require(std::ranges::all_of(numbers, [](float x) { return std::isfinite(x); }), "finite samples");
      require(part->target_shape() || (label >= 0 && label < std::ssize(opened.classes)),
              "labels of classes");
    }
  }
}

Format cifar100(const fs::path& folder) {
  const fs::path file = folder / "test.bin";
  const auto record = [](char coarse, char fine) {
    return Bytes{coarse, fine} + text_of(fixtures::counting(3072));
  };
  const Bytes plain = record('\3', '\x50') + record('\x13', '\1');
  fixtures::write_file(folder / "train.bin", {plain.begin(), plain.end()});
  return {"cifar100",
          {plain, gzipped(file, plain)},
          damaged,
          [=](const Bytes& bytes) {
            put(file, bytes);
            require_samples(data::open(folder));
          },
          30000,
          "data/cifar_records.cpp data/open_cifar.cpp data/gz_file.cpp"};
}

// EMNIST's pictures, which are turned, and IDX of four dimensions: the first byte of the file says which.
Format idx_set(const fs::path& folder) {
  fs::create_directories(folder / "letters");
  fs::create_directories(folder / "channels");
  const Bytes letters = text_of(fixtures::idx_images(6, 5, 4)),
              channels = text_of(fixtures::idx(0x0804, {6, 3, 2, 2}, fixtures::counting(72)));
  const auto labels = fixtures::idx_labels({1, 2, 3, 1, 2, 3});
  fixtures::write_file(folder / "letters/emnist-letters-train-labels-idx1-ubyte", labels);
  fixtures::write_file(folder / "channels/train-labels-idx1-ubyte", labels);
  return {
      "idx_set",
      {"l" + letters, "c" + channels, "l" + gzipped(folder / "packed", letters)},
      damaged,
      [=](const Bytes& bytes) {
        const bool is_emnist = !bytes.starts_with('c');
        put(folder / (is_emnist ? "letters/emnist-letters-train-images-idx3-ubyte"
                                : "channels/train-images-idx4-ubyte"),
            bytes.empty() ? bytes : bytes.substr(1));
        require_samples(data::open(folder / (is_emnist ? "letters" : "channels"), {.test_fraction = 0.5}));
      },
      10000,
      "data/open_idx.cpp data/idx.cpp data/parts.cpp"};
}

// Tables, of which the whole is compared with its parts. The first byte says how they are opened.
Format csv(const fs::path& folder) {
  fs::create_directories(folder);
  const fs::path file = folder / "a.csv";
  const Bytes flowers =
                  "width,height,kind\n5.1,3.5,rose\n4.9,3.0,rose\n7.0,3.2,\"tulip, "
                  "\"\"red\"\"\"\n\n6.4,3.2,tulip\n5,3,rose\n",
              digits = "1;0;255;17;1\r\n0;7;8;9;0\r\n1;3;3;3;1\r\n0;1;2;3;0\r\n",
              tabs = "price\tsize\n1e3\t+20\n2000\t 30.5 \n3000\t-4\n";
  return {"csv",
          {"0" + flowers, "1" + digits, "3" + digits, "2" + tabs, "0" + gzipped(file, flowers)},
          damaged,
          [=](const Bytes& bytes) {
            const char how = bytes.empty() ? '0' : bytes[0];
            put(file, bytes.empty() ? bytes : bytes.substr(1));
            const data::CsvTable table(file);
            require(std::ssize(table.numbers()) == table.rows() * table.columns(), "a number for each cell");
            for (const int64_t column : {int64_t{0}, table.columns() - 1}) {
              const auto texts = table.texts(column);
              require(std::ssize(texts) == table.rows(), "a text for each cell");
              for (int64_t row = 0; row < table.rows(); ++row) {
                const bool is_number = !std::isnan(table.numbers()[row * table.columns() + column]);
                require(is_number || !table.is_numeric(column), "a column with a word is not numeric");
              }
            }
            data::OpenOptions options{.test_fraction = 0.5};
            if (how == '1' || how == '3') options.label = "last";
            if (how == '2') options.target = "first";
            if (how == '3') options.shape = Shape{1, 2, 2};
            require_samples(data::open(file, options));
          },
          60000,
          "data/csv.cpp data/open_csv.cpp data/parts.cpp"};
}

// The list of members of the archive, and what is in each.
Format zip(const fs::path& path) {
  const std::vector<std::pair<std::string, std::string>> members{
      {"a", "what is in a, and once more what is in a"}, {"folder/b", ""}, {"c", std::string(3000, 'c')}};
  return {"zip",
          {fixtures::zip(members), fixtures::zip(members, {.deflated = true}),
           fixtures::zip(members, {.wide = true}), fixtures::zip(members, {.deflated = true, .wide = true})},
          damaged,
          [path](const Bytes& bytes) {
            put(path, bytes);
            data::ZipFile file(path);
            for (const auto& member : file.members())
              require(file.read(member).size() == member.size, "a member of its size");
          },
          5000,
          "data/zip_file.cpp"};
}

Format npy() {
  return {"npy",
          {fixtures::npy("|u1", "(2, 3)", "abcdef"), fixtures::npy("<i8", "(2,)", Bytes(16, '\3')),
           fixtures::npy("<f4", "(1, 2, 2)", Bytes(16, '\7')), fixtures::npy("<f8", "()", Bytes(8, '\1'))},
          damaged,
          [](const Bytes& bytes) {
            const auto array = data::parse_npy({bytes.begin(), bytes.end()}, "array");
            int64_t count = 1;
            for (const int64_t size : array.shape) count *= size;
            require(count == array.count(), "as many numbers as the shape says");
            double sum = 0;
            for (int64_t i = 0; i < array.count(); ++i) sum += array[i];
            require(sum == sum || !array.are_integers(), "integers have a sum");
          },
          100,
          "data/npy.cpp"};
}

}  // namespace

Bytes damaged_zip(const Bytes& file, const Bytes& other, test::Draw& draw) {
  constexpr size_t longest_name = 20;
  if (draw.coin() || file.size() < 200) return damaged(file, other, draw);
  // The members lie one after the other, stored: see fixtures::zip.
  std::vector<std::pair<std::string, std::string>> members;
  for (size_t at = 0; at + 30 < file.size() && file.compare(at, 4, "PK\3\4") == 0;) {
    const auto number = [&](size_t place, int bytes) {
      size_t value = 0;
      for (int i = bytes; i-- > 0;) value = value << 8 | static_cast<uint8_t>(file[at + place + i]);
      return value;
    };
    const size_t size = number(18, 4), name = number(26, 2);
    if (number(8, 2) != 0 || name > longest_name || size > file.size() - at - 30) break;
    members.emplace_back(file.substr(at + 30, name),
                         file.substr(std::min(file.size(), at + 30 + name), size));
    at += 30 + name + size;
  }
  if (members.empty()) return damaged(file, other, draw);
  auto& content = members[static_cast<size_t>(draw.between(0, std::ssize(members) - 1))].second;
  if (!content.empty()) content = damaged(content, content, draw);
  return fixtures::zip(members, {.deflated = draw.chance(0.2)});
}

namespace {

Format npz(const fs::path& folder) {
  fs::create_directories(folder);
  const fs::path file = folder / "a.npz";
  using fixtures::npy;
  const Bytes labels("\0\1\2\1", 4), pixels = text_of(fixtures::counting(72));
  const std::vector<std::pair<std::string, std::string>> digits{
      {"x_train.npy", npy("|u1", "(4, 2, 3)", pixels.substr(0, 24))},
      {"y_train.npy", npy("|u1", "(4,)", labels)},
      {"x_test.npy", npy("|u1", "(2, 2, 3)", pixels.substr(0, 12))},
      {"y_test.npy", npy("|u1", "(2,)", labels.substr(0, 2))}},
      colours{{"x.npy", npy("|u1", "(4, 2, 2, 3)", pixels.substr(0, 48))},
              {"y.npy", npy("|u1", "(4, 1)", labels)}},
      floats{{"x.npy", npy("<f4", "(4, 2)", Bytes(32, '\x3F'))},
             {"y.npy", npy("<f4", "(4,)", Bytes(16, '\x3F'))}};
  return {"npz",
          {fixtures::zip(digits), fixtures::zip(digits, {.deflated = true}), fixtures::zip(colours),
           fixtures::zip(floats)},
          damaged_zip,
          [file](const Bytes& bytes) {
            put(file, bytes);
            require_samples(data::open(file, {.test_fraction = 0.5}));
          },
          20000,
          "data/open_npz.cpp data/npy.cpp data/zip_file.cpp data/parts.cpp"};
}

}  // namespace

std::vector<Format> data_formats(const fs::path& folder) {
  return {idx_images(folder / "images"),
          idx_labels(folder / "labels"),
          gzip(folder / "gzip"),
          cifar10(folder / "cifar"),
          cifar100(folder / "cifar100"),
          idx_set(folder / "idx_set"),
          csv(folder / "csv"),
          zip(folder / "zip"),
          npy(),
          npz(folder / "npz")};
}

}  // namespace fuzz
