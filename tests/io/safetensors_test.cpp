#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include <tinynn/io/safetensors.hpp>

#include "tests/io/fixtures.hpp"

using namespace tinynn;
using namespace io_fixtures;
using io::Dtype;
using io::SafetensorsFile;

TEST_CASE("io. a safetensors file has the bytes of the specification") {
  const TemporaryFolder folder;
  SafetensorsFile file;
  file.metadata = {{"tinynn.model", "lenet-5"}, {"format", "pt"}};
  file.add("b", tensor({1, -2}));
  file.add("a", tensor({0.5F}, {1, 1}));
  file.tensors.push_back({"a_mask", Dtype::u8, Shape{1}, {std::byte{1}}});
  io::write_safetensors(file, folder / "x.safetensors");
  const std::string header = R"({"__metadata__":{"format":"pt","tinynn.model":"lenet-5"},)"
                             R"("b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                             R"("a":{"dtype":"F32","shape":[1,1],"data_offsets":[8,12]},)"
                             R"("a_mask":{"dtype":"U8","shape":[1],"data_offsets":[12,13]}}       )";
  REQUIRE(header.size() == 0xE8);
  const std::string expected = std::string("\xE8\0\0\0\0\0\0\0", 8) + header +
                               std::string("\x00\x00\x80\x3F\x00\x00\x00\xC0\x00\x00\x00\x3F\x01", 13);
  CHECK(read_file(folder / "x.safetensors") == expected);
}

TEST_CASE("io. a file without tensors or metadata is the smallest there is") {
  const TemporaryFolder folder;
  io::write_safetensors({}, folder / "x");
  CHECK(read_file(folder / "x") == file_of("{}      "));
  CHECK(io::read_safetensors(folder / "x").tensors.empty());
  CHECK(parse(file_of("{}")).tensors.empty());
}

TEST_CASE("io. tensors and metadata return bit by bit") {
  const TemporaryFolder folder;
  const float nan = std::bit_cast<float>(0x7FC12345U), signalling = std::bit_cast<float>(0xFFA00001U);
  const float infinity = std::numeric_limits<float>::infinity(), tiny = 1e-45F;
  SafetensorsFile file;
  file.add("odd values", tensor({0.0F, -0.0F, nan, signalling, infinity, -infinity, tiny, -tiny}, {2, 1, 4}));
  file.add("empty", zeros({3, 0, 2}));
  file.add("", full({}, 7));
  file.add("Größe \"\\\n\x01\xF0\x9F\x8C\xB1", ones({1, 1, 1, 1, 1, 1, 1, 2}));
  file.add("empty too", zeros({0}));
  file.tensors.push_back({"steps", Dtype::i64, Shape{}, std::vector(8, std::byte{0xFE})});
  file.metadata = {{"", ""}, {"text", "two\nlines, \"quotes\", \xF0\x9F\x8C\xB1"}};
  io::write_safetensors(file, folder / "x");

  const SafetensorsFile read = io::read_safetensors(folder / "x");
  CHECK(read.name == (folder / "x").string());
  CHECK(read.metadata == file.metadata);
  CHECK(io::read_metadata(folder / "x") == file.metadata);
  REQUIRE(read.tensors.size() == file.tensors.size());
  for (size_t i = 0; i < read.tensors.size(); ++i) {
    const auto &got = read.tensors[i], &expected = file.tensors[i];
    CHECK(got.name == expected.name);
    CHECK(got.dtype == expected.dtype);
    CHECK(got.shape == expected.shape);
    CHECK(got.bytes == expected.bytes);
  }
  CHECK(bits(read.tensor("odd values")) == bits(file.tensor("odd values")));
  CHECK(bits(read.tensor("odd values")).at(3) == 0xFFA00001U);
  CHECK(read.tensor("").item() == 7);
  CHECK(read.find("empty")->bytes.empty());
  CHECK(read.find("nothing") == nullptr);
  CHECK(error_of([&] { (void)read.tensor("nothing"); }) == read.name + ": no tensor \"nothing\"");

  io::write_safetensors(read, folder / "y");
  CHECK(read_file(folder / "x") == read_file(folder / "y"));
}

TEST_CASE("io. a file as the reference implementation lays it out") {
  // Sorted by element size, and listed in another order than the bytes lie in.
  const SafetensorsFile file = parse(file_of(
      R"({"z":{"dtype":"F32","shape":[1,2],"data_offsets":[8,16]}, "__metadata__" : {"format":"pt"},)"
      "\n"
      R"("n":{"data_offsets":[0,8],"shape":[],"dtype":"I64"},"e":{"dtype":"F16","shape":[0],"data_offsets":[8,8]}})"
      "    ",
      bytes_of<int64_t>({3}) + bytes_of<float>({1.5F, -2})));
  CHECK(file.metadata == io::Metadata{{"format", "pt"}});
  REQUIRE(file.tensors.size() == 3);
  CHECK(file.tensors[0].name == "n");
  CHECK(file.tensors[1].name == "e");
  CHECK(file.tensor("z").to_vector() == std::vector<float>{1.5F, -2});
  CHECK(file.tensor("z").shape() == Shape{1, 2});
  CHECK(file.tensor("e").shape() == Shape{0});
}

TEST_CASE("io. half precision becomes float32 exactly, double by rounding") {
  std::vector<uint16_t> all(1 << 16);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint16_t>(i);
  const auto read = [](const char* dtype, int64_t count, const std::string& data) {
    return parse(file_of(R"({"x":{"dtype":")" + std::string(dtype) + R"(","shape":[)" +
                             std::to_string(count) + R"(],"data_offsets":[0,)" + std::to_string(data.size()) +
                             "]}}",
                         data))
        .tensor("x")
        .to_vector();
  };
  const auto half = read("F16", 1 << 16, bytes_of(all)), brain = read("BF16", 1 << 16, bytes_of(all));
  bool half_right = true, brain_right = true;
  for (uint32_t i = 0; i < all.size(); ++i) {
    const int exponent = static_cast<int>(i >> 10 & 31), fraction = static_cast<int>(i & 1023);
    float expected = exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                                   : std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
    if (exponent == 31) expected = std::numeric_limits<float>::infinity();
    expected = i >> 15 ? -expected : expected;
    if (exponent == 31 && fraction != 0) {
      half_right &= std::isnan(half[i]);
    } else {
      half_right &= std::bit_cast<uint32_t>(half[i]) == std::bit_cast<uint32_t>(expected);
    }
    brain_right &= std::bit_cast<uint32_t>(brain[i]) == i << 16;
  }
  CHECK(half_right);
  CHECK(brain_right);
  CHECK(read("F64", 3, bytes_of<double>({0.1, -0.0, 1.0})) == std::vector<float>{0.1F, -0.0F, 1.0F});
}

TEST_CASE("io. whole numbers are kept, but not made floats") {
  for (const char* dtype :
       {"BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "U16", "I16", "U32", "I32", "U64", "I64"}) {
    CAPTURE(dtype);
    const auto type = io::dtype_named(dtype);
    REQUIRE(type.has_value());
    CHECK(io::dtype_name(*type) == dtype);
    const auto size = static_cast<size_t>(io::dtype_bytes(*type));
    const SafetensorsFile file =
        parse(file_of(R"({"x":{"dtype":")" + std::string(dtype) + R"(","shape":[1],"data_offsets":[0,)" +
                          std::to_string(size) + "]}}",
                      std::string(size, 'x')));
    CHECK(file.find("x")->dtype == *type);
    CHECK(error_of([&] { (void)file.tensor("x"); }) ==
          "F: tensor \"x\" has type " + std::string(dtype) + ", expected F32, F64, F16 or BF16");
  }
  CHECK(!io::dtype_named("f32"));
}

TEST_CASE("io. the writer refuses what could not be read again") {
  const TemporaryFolder folder;
  const fs::path path = folder / "x.safetensors";
  write_file(path, "earlier");
  const auto message = [&](const SafetensorsFile& file) {
    const std::string text = error_of([&] { io::write_safetensors(file, path); });
    const std::string start = "cannot write " + path.string() + ": ";
    return text.starts_with(start) ? text.substr(start.size()) : text;
  };
  SafetensorsFile twice, reserved, not_utf8, not_utf8_metadata, short_of_bytes;
  twice.add("w", ones({1}));
  twice.add("w", ones({1}));
  CHECK(message(twice) == "the name \"w\" appears twice");
  reserved.add("__metadata__", ones({1}));
  CHECK(message(reserved) == "the name \"__metadata__\" appears twice");
  not_utf8.add("\xFF", ones({1}));
  CHECK(message(not_utf8) == "a name or a text in the metadata is not UTF-8");
  not_utf8_metadata.metadata["key"] = "\xC3";
  CHECK(message(not_utf8_metadata) == "a name or a text in the metadata is not UTF-8");
  short_of_bytes.tensors.push_back({"w", Dtype::i64, Shape{2}, std::vector<std::byte>(15)});
  CHECK(message(short_of_bytes) == "tensor \"w\" has 15 bytes, which do not fill I64 (2)");
  CHECK(read_file(path) == "earlier");
  CHECK(folder.count() == 1);
}
