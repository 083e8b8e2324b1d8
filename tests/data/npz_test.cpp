#include <cstring>

#include <doctest/doctest.h>

#include <tinynn/data/npy.hpp>
#include <tinynn/data/open.hpp>
#include <tinynn/data/zip_file.hpp>

#include "tests/data/fixtures.hpp"
#include "tests/data/zip_writer.hpp"

using namespace tinynn;
using namespace tinynn::data;
using namespace fixtures;

namespace {

Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }
std::string text_of(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

template <class T>
std::string raw(const std::vector<T>& numbers) {
  std::string text(numbers.size() * sizeof(T), '\0');
  std::memcpy(text.data(), numbers.data(), text.size());
  return text;
}

template <class T>
void check_type(const std::string& type, const std::vector<T>& numbers) {
  CAPTURE(type);
  const NpyArray array = parse_npy(bytes_of(npy(type, "(2, 2)", raw(numbers))), "a");
  CHECK(array.shape == std::vector<int64_t>{2, 2});
  REQUIRE(array.count() == 4);
  for (int64_t i = 0; i < 4; ++i) CHECK(array[i] == static_cast<double>(numbers[i]));
}

std::string npy_error(const std::string& file) {
  return error_of([&] { parse_npy(bytes_of(file), "a"); });
}

using Members = std::vector<std::pair<std::string, std::string>>;

// Pictures of 2 x 3 pixels, with other numbers in the place of these.
Members digits(const std::string& labels_type = "|u1", const std::string& labels = {"\0\1\2\1", 4}) {
  return {{"x_train.npy", npy("|u1", "(4, 2, 3)", text_of(counting(24)))},
          {"y_train.npy", npy(labels_type, "(4,)", labels)},
          {"x_test.npy", npy("|u1", "(1, 2, 3)", std::string(6, '\7'))},
          {"y_test.npy", npy("|u1", "(1,)", "\2")}};
}

std::string npz_error(const fs::path& path, const std::string& file, const OpenOptions& options = {}) {
  write_file(path, bytes_of(file));
  return error_of([&] { data::open(path, options); });
}

}  // namespace

TEST_CASE("data. zip members are read, stored or deflated, of small and of large archives") {
  const TemporaryFolder folder;
  const Members members{{"a", "what is in a"}, {"folder/b", std::string(5'000'000, 'b')}, {"empty", ""}};
  for (const bool deflated : {false, true}) {
    for (const bool wide : {false, true}) {
      write_file(folder / "x.zip", bytes_of(zip(members, {deflated, wide}) + (wide ? "" : "a comment")));
      if (!wide) {  // which the end record has to announce
        Bytes file = read_file(folder / "x.zip");
        file[file.size() - 11] = 9;
        write_file(folder / "x.zip", file);
      }
      ZipFile file(folder / "x.zip");
      REQUIRE(file.members().size() == 3);
      for (const auto& [name, content] : members) {
        const ZipMember* member = file.find(name);
        REQUIRE(member != nullptr);
        CHECK(text_of(file.read(*member)) == content);
      }
      CHECK(file.find("c") == nullptr);
    }
  }
}

TEST_CASE("data. a zip archive that is damaged is refused") {
  const TemporaryFolder folder;
  const fs::path path = folder / "x.zip";
  const auto wrong = [&](std::string file, size_t place, char byte) {
    file[place] = byte;
    write_file(path, bytes_of(file));
    return error_of([&] {
      ZipFile archive(path);
      archive.read(archive.members()[0]);
    });
  };
  const std::string stored = zip({{"a", "what is in a"}}),
                    deflated = zip({{"a", "what is in a"}}, {.deflated = true});
  CHECK(contains(wrong(stored, 33, '!'), "x.zip, a: damaged: its checksum is wrong"));
  CHECK(contains(wrong(deflated, 31, '\xFF'), "x.zip, a: damaged: invalid"));
  const size_t directory = stored.find("PK\1\2");
  CHECK(contains(wrong(stored, directory + 8, 1), "x.zip, a: it is encrypted"));
  CHECK(contains(wrong(stored, directory + 10, 12),
                 "compression method 12, expected 0 (stored) or 8 (deflated)"));
  CHECK(contains(wrong(stored, directory + 20, 100), "outside the file"));
  CHECK(contains(wrong(stored, directory + 24, 13), "12 bytes, expected 13"));
  const size_t packed = deflated.find("PK\1\2");
  CHECK(contains(wrong(deflated, packed + 24, 13), "12 bytes, expected 13"));
  CHECK(contains(wrong(deflated, packed + 24, 11), "more than the 11 bytes expected"));
  CHECK(contains(wrong(deflated, packed + 26, 1), "which hold at most"));
  CHECK(contains(wrong(stored, stored.size() - 12, 2), "the directory ends at member 1, expected 2 members"));
  CHECK(contains(wrong("no zip at all, and long enough", 0, 'N'), "no zip archive, or one that breaks off"));
}

TEST_CASE("data. NumPy's arrays are read whatever their numbers are") {
  check_type<uint8_t>("|u1", {0, 1, 200, 255});
  check_type<int8_t>("|i1", {0, -1, -128, 127});
  check_type<int16_t>("<i2", {0, -1, -32768, 300});
  check_type<uint16_t>("<u2", {0, 1, 65535, 300});
  check_type<int32_t>("<i4", {0, -1, 1 << 30, 7});
  check_type<uint32_t>("<u4", {0, 1, 4000000000, 7});
  check_type<int64_t>("<i8", {0, -1, int64_t{1} << 40, 7});
  check_type<float>("<f4", {0, -1.5F, 1e30F, 7});
  check_type<double>("<f8", {0, -1.5, 1e300, 7});
}

TEST_CASE("data. what is no array of NumPy's is refused") {
  CHECK(npy_error("") == "a: no NumPy array: it begins otherwise");
  const std::string good = npy("|u1", "(2,)", "ab");
  CHECK(npy_error(good) == "no error");
  CHECK(npy_error(good + "c") == "a: 3 bytes of numbers, expected 2 for its shape");
  CHECK(npy_error(good.substr(0, 40)) == "a: file ends inside the header of 118 bytes");
  CHECK(npy_error(npy("|u1", "(3000000000, 3000000000)", "ab")) ==
        "a: 2 bytes of numbers, expected more for its shape");
  CHECK(contains(npy_error(npy(">f4", "(1,)", "abcd")), "numbers of type \">f4\", expected |u1"));
  CHECK(contains(npy_error(npy("|O", "(1,)", "abcd")), "numbers of type \"|O\""));
  CHECK(contains(npy_error(npy("|u1", "(-1,)", "abcd")), "the shape has \"-1,)"));
  std::string fortran = npy("|u1", "(2,)", "ab");
  fortran.replace(fortran.find("False"), 5, "True ");
  CHECK(npy_error(fortran) == "a: its array is in Fortran's order, expected C's");
  std::string future = good;
  future[6] = 4;
  CHECK(npy_error(future) == "a: version 4 of NumPy's format, expected 1 to 3");
}

TEST_CASE("data. an npz of bytes is pictures, of labels or of numbers to be predicted") {
  const TemporaryFolder folder;
  const fs::path path = folder / "digits.npz";
  for (const auto& [type, labels] : {std::pair{std::string("|u1"), std::string("\0\1\2\1", 4)},
                                     {"<i8", raw<int64_t>({0, 1, 2, 1})},
                                     {"<u2", raw<uint16_t>({0, 1, 2, 1})}}) {
    write_file(path, bytes_of(zip(digits(type, labels), {.deflated = type == "<i8"})));
    const Opened opened = data::open(path);
    CHECK(opened.kind == "npz");
    CHECK(opened.train->size() == 4);
    CHECK(opened.train->sample_shape() == Shape{1, 2, 3});
    CHECK(opened.classes == std::vector<std::string>{"0", "1", "2"});
    CHECK(sample(*opened.train, 3).second == 1);
    CHECK(sample(*opened.test, 0).second == 2);
    CHECK(opened.normalization.mean == std::vector{0.0451});  // 11.5 / 255
    CHECK(sample(*opened.train, 1).first[2] ==
          static_cast<float>((8 / 255.0 - 0.0451) / opened.normalization.std[0]));
  }
  Members members = digits("<f4", raw<float>({0.5F, 1, 2, 3}));
  members[3].second = npy("<f4", "(1, 1)", raw<float>({7}));
  write_file(path, bytes_of(zip(members)));
  const Opened regression = data::open(path);
  CHECK(regression.classes.empty());
  CHECK(regression.train->target_shape() == Shape{1});
  float target = 0;
  Generator generator(RandomStream(0, 0));
  regression.test->get_target(0, generator, &target);
  CHECK(target == 7);
}

TEST_CASE("data. npz pictures with the channels last are turned, and rows of bytes have a shape") {
  const TemporaryFolder folder;
  const fs::path path = folder / "x.npz";
  write_file(path, bytes_of(zip({{"x.npy", npy("|u1", "(2, 2, 2, 3)", text_of(counting(24)))},
                                 {"y.npy", npy("|u1", "(2, 1)", std::string("\0\0", 2))}})));
  OpenOptions options{.test_fraction = 0.5, .normalization = Normalization{{0, 0, 0}, {1, 1, 1}}};
  const Opened colour = data::open(path, options);
  CHECK(colour.train->sample_shape() == Shape{3, 2, 2});
  const float first = sample(*colour.train, 0).first[0];
  CHECK(sample(*colour.train, 0).first[1] == doctest::Approx(first + 3.0F / 255));  // one pixel on
  CHECK(sample(*colour.train, 0).first[4] == doctest::Approx(first + 1.0F / 255));  // green
  write_file(path, bytes_of(zip({{"x.npy", npy("|u1", "(2, 6)", text_of(counting(12)))},
                                 {"y.npy", npy("|u1", "(2,)", std::string("\0\0", 2))}})));
  CHECK(data::open(path, {.test_fraction = 0.5}).train->sample_shape() == Shape{6});
  CHECK(data::open(path, {.test_fraction = 0.5, .shape = Shape{1, 2, 3}}).normalization.mean.size() == 1);
  CHECK(contains(npz_error(path, text_of(read_file(path)), {.shape = Shape{1, 2, 4}}),
                 "x.npz, x: 6 numbers a sample, expected 8 for the shape (1, 2, 4)"));
}

TEST_CASE("data. floats of an npz are scaled by channel, wherever that is") {
  const TemporaryFolder folder;
  const fs::path path = folder / "x.npz";
  std::vector<float> numbers(24);
  for (size_t i = 0; i < 24; ++i) numbers[i] = i % 3 == 0 ? static_cast<float>(i) : i % 3 == 1 ? 5.0F : -1.0F;
  for (const bool last : {true, false}) {
    std::vector<float> ordered = numbers;
    if (!last) {  // (n, h, w, c) as (n, c, h, w)
      for (size_t i = 0; i < 24; ++i) ordered[i / 12 * 12 + i % 3 * 4 + i % 12 / 3] = numbers[i];
    }
    write_file(
        path, bytes_of(zip({{"x_train.npy", npy("<f4", last ? "(2, 2, 2, 3)" : "(2, 3, 2, 2)", raw(ordered))},
                            {"y_train.npy", npy("|u1", "(2,)", std::string("\1\2"))},
                            {"x_test.npy", npy("<f4", last ? "(2, 2, 2, 3)" : "(2, 3, 2, 2)", raw(ordered))},
                            {"y_test.npy", npy("|u1", "(2,)", std::string("\1\2"))}})));
    const Opened opened = data::open(path);
    CHECK(opened.normalization.mean.empty());
    CHECK(opened.scaling.mean == std::vector{10.5, 5.0, -1.0});
    CHECK(opened.scaling.std[1] == 1);
    CHECK(opened.classes == std::vector<std::string>{"1", "2"});
    const auto [pixels, label] = sample(*opened.train, 1);
    CHECK(label == 1);
    for (size_t k = 0; k < 4; ++k) {
      CHECK(pixels[k] == doctest::Approx((12 + 3 * static_cast<double>(k) - 10.5) / opened.scaling.std[0]));
      CHECK(pixels[4 + k] == 0);
    }
  }
}

TEST_CASE("data. an npz whose arrays do not fit is refused") {
  const TemporaryFolder folder;
  const fs::path path = folder / "x.npz";
  Members members = digits();
  CHECK(npz_error(path, zip(members)) == "no error");
  members[1].second = npy("|u1", "(3,)", "abc");
  CHECK(contains(npz_error(path, zip(members)), "x.npz, y_train: an array of shape (3,), expected (4,)"));
  members = digits();
  members.pop_back();
  CHECK(contains(npz_error(path, zip(members)), "x.npz: no array \"y_test\""));
  CHECK(contains(npz_error(path, zip({{"weights.npy", ""}})),
                 "found weights.npy; expected x_train.npy, y_train.npy, x_test.npy and y_test.npy"));
  CHECK(contains(npz_error(path, zip(digits("<i8", raw<int64_t>({0, 1, -5, 1})))),
                 "y_train: label 2 is -5, expected 0 to 65535"));
  CHECK(contains(npz_error(path, zip(digits("<f8", raw<double>({0, 1e300, 1, 1})))),
                 "y_train: number 1 is 1e+300"));
  CHECK(contains(npz_error(path, zip(digits()).substr(0, 400)), "no zip archive, or one that breaks off"));
}
