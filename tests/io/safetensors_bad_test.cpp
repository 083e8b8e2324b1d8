// Files that break the format: each gets the message that tells what is wrong, and none gets further.
#include <algorithm>

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <tinynn/io/safetensors.hpp>

#include "tests/io/fixtures.hpp"

using namespace tinynn;
using namespace io_fixtures;

namespace {

struct Case {
  const char* why;
  std::string bytes;
  std::string message;  // after "F: "
};

std::string message_of(const std::string& bytes) {
  const std::string text = error_of([&] { (void)parse(bytes); });
  return text.starts_with("F: ") ? text.substr(3) : text;
}

void check_all(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    CAPTURE(c.why);
    CHECK(message_of(c.bytes) == c.message);
  }
}

// A file with one tensor "w" that has these fields and four bytes of data.
std::string with_fields(const std::string& fields) { return file_of(R"({"w":{)" + fields + "}}", "abcd"); }
std::string with_shape(const std::string& shape) {
  return with_fields(R"("dtype":"F32","data_offsets":[0,4],"shape":)" + shape);
}
std::string with_offsets(const std::string& offsets) {
  return with_fields(R"("dtype":"U8","shape":[4],"data_offsets":)" + offsets);
}
// A file with two tensors of bytes.
std::string with_two(const std::string& a, const std::string& b, const std::string& data) {
  const auto entry = [](const char* name, const std::string& offsets) {
    const size_t comma = offsets.find(',');
    const int length = std::stoi(offsets.substr(comma + 1)) - std::stoi(offsets);
    return R"(")" + std::string(name) + R"(":{"dtype":"U8","shape":[)" + std::to_string(length) +
           R"(],"data_offsets":[)" + offsets + "]}";
  };
  return file_of("{" + entry("a", a) + "," + entry("b", b) + "}", data);
}

}  // namespace

TEST_CASE("io. bad file: lengths that cannot be") {
  check_all({
      {"empty", "", "0 bytes, a safetensors file has at least 8"},
      {"too short", "1234567", "7 bytes, a safetensors file has at least 8"},
      {"length alone", bytes_of<uint64_t>({2}), "a header of 2 bytes in a file of 8"},
      {"one byte short", bytes_of<uint64_t>({3}) + "{}", "a header of 3 bytes in a file of 10"},
      {"over the limit", bytes_of<uint64_t>({100'000'001}) + "{}",
       "a header of 100000001 bytes, at most 100000000 are allowed"},
      {"as long as can be", bytes_of<uint64_t>({~uint64_t{0}}) + "{}",
       "a header of 18446744073709551615 bytes, at most 100000000 are allowed"},
      {"sign bit", bytes_of<uint64_t>({uint64_t{1} << 63}) + "{}",
       "a header of 9223372036854775808 bytes, at most 100000000 are allowed"},
  });
}

TEST_CASE("io. bad file: a header that is not JSON") {
  check_all({
      {"no header", file_of(""), "the header does not begin with '{'"},
      {"a list", file_of("[]"), "the header does not begin with '{'"},
      {"space first", file_of(" {}"), "the header does not begin with '{'"},
      {"byte order mark", file_of("\xEF\xBB\xBF{}"), "the header does not begin with '{'"},
      {"unclosed", file_of("{"),
       "the header is not JSON: parse error at line 1, column 2: syntax error while parsing object key - "
       "unexpected end of input; expected string literal"},
      {"text after it", file_of("{} x"),
       "the header is not JSON: parse error at line 1, column 4: syntax error while parsing value - invalid "
       "literal; last read: '{} x'; expected end of input"},
      {"zero byte, then more", file_of(std::string("{}\0{", 4)),
       "the header is not JSON: it holds a zero byte"},
      {"not UTF-8", file_of("{\"\xFF\":1}"),
       "the header is not JSON: parse error at line 1, column 3: syntax error while parsing object key - "
       "invalid string: ill-formed UTF-8 byte; last read: '\"?'; expected string literal"},
      {"number overflow", with_shape("[1e999]"), "the header is not JSON: number overflow parsing '1e999'"},
  });
  const std::string long_message = message_of(file_of("{\"" + std::string(100'000, 'x')));
  CHECK(long_message.size() < 300);
  CHECK(long_message.ends_with("..."));
}

TEST_CASE("io. bad file: nesting, however deep, costs neither stack nor time") {
  const size_t depth = 10'000'000;
  CHECK(message_of(file_of("{\"w\":" + std::string(depth, '['))) ==
        "\"w\": found a list, expected an object");
  CHECK(message_of(with_shape(std::string(depth, '['))) ==
        "tensor \"w\", field \"shape\": found a list, expected whole numbers from 0 to 576460752303423487");
  std::string objects = "{";
  for (size_t i = 0; i < depth / 10; ++i) objects += "\"a\":{";
  CHECK(message_of(file_of(objects)) ==
        "tensor \"a\", field \"a\": unknown field, expected dtype, shape and "
        "data_offsets");
}

TEST_CASE("io. bad file: fields that are missing, repeated, unknown or of another type") {
  const std::string good = R"("dtype":"U8","shape":[4],"data_offsets":[0,4])";
  REQUIRE(message_of(with_fields(good)) == "no error");
  check_all({
      {"number for a tensor", file_of(R"({"w":1})"), "\"w\": found 1, expected an object"},
      {"null for a tensor", file_of(R"({"w":null})"), "\"w\": found null, expected an object"},
      {"no dtype", with_fields(R"("shape":[4],"data_offsets":[0,4])"), "tensor \"w\" has no dtype"},
      {"no shape", with_fields(R"("dtype":"U8","data_offsets":[0,4])"), "tensor \"w\" has no shape"},
      {"no offsets", with_fields(R"("dtype":"U8","shape":[4])"), "tensor \"w\" has no data_offsets"},
      {"unknown field", with_fields(good + R"(,"strides":[1])"),
       "tensor \"w\", field \"strides\": unknown field, expected dtype, shape and data_offsets"},
      {"field twice", with_fields(good + R"(,"shape":[4])"), "tensor \"w\", field \"shape\" appears twice"},
      {"tensor twice", file_of(R"({"w":{)" + good + R"(},"w":{)" + good + "}}", "abcd"),
       "\"w\" appears twice in the header"},
      {"same name, escaped", file_of(R"({"w":{)" + good + R"(},"\u0077":{)" + good + "}}", "abcd"),
       "\"w\" appears twice in the header"},
      {"dtype a number", with_fields(R"("dtype":8)"),
       "tensor \"w\", field \"dtype\": found 8, expected the name of a type"},
      {"dtype a list", with_fields(R"("dtype":["U8"])"),
       "tensor \"w\", field \"dtype\": found a list, expected the name of a type"},
      {"unknown dtype", with_fields(R"("dtype":"F31")"),
       "tensor \"w\", field \"dtype\": unknown type \"F31\""},
      {"lower case", with_fields(R"("dtype":"f32")"), "tensor \"w\", field \"dtype\": unknown type \"f32\""},
      {"shape text", with_shape(R"("4")"),
       "tensor \"w\", field \"shape\": found \"4\", expected a list of whole numbers"},
      {"shape null", with_shape("null"),
       "tensor \"w\", field \"shape\": found null, expected a list of whole numbers"},
      {"shape an object", with_shape("{}"),
       "tensor \"w\", field \"shape\": found an object, expected a list of whole numbers"},
      {"offsets a number", with_offsets("4"),
       "tensor \"w\", field \"data_offsets\": found 4, expected a list of whole numbers"},
      {"metadata a list", file_of(R"({"__metadata__":[]})"),
       "\"__metadata__\": found a list, expected an object"},
      {"metadata of a number", file_of(R"({"__metadata__":{"epoch":3}})"),
       "__metadata__ \"epoch\": found 3, expected text"},
      {"metadata of metadata", file_of(R"({"__metadata__":{"a":{}}})"),
       "__metadata__ \"a\": found an object, expected text"},
      {"metadata of true", file_of(R"({"__metadata__":{"a":true}})"),
       "__metadata__ \"a\": found true, expected text"},
      {"metadata key twice", file_of(R"({"__metadata__":{"a":"","a":""}})"),
       "__metadata__ \"a\" appears twice"},
      {"metadata twice", file_of(R"({"__metadata__":{},"__metadata__":{}})"),
       "\"__metadata__\" appears twice in the header"},
      {"a name of several lines", file_of(R"({"a\nb":1})"), "\"a?b\": found 1, expected an object"},
      {"a long name", file_of(R"({")" + std::string(99, 'x') + R"(üü":1})"),
       "\"" + std::string(99, 'x') + "...\": found 1, expected an object"},
  });
}

TEST_CASE("io. bad file: shapes that cannot be") {
  const std::string start = "tensor \"w\", field \"shape\": ";
  const std::string numbers = ", expected whole numbers from 0 to 576460752303423487";
  REQUIRE(message_of(with_shape("[1,1]")) == "no error");
  check_all({
      {"negative", with_shape("[-1]"), start + "found -1" + numbers},
      {"minus zero", with_shape("[-0]"), start + "found 0" + numbers},
      {"fraction", with_shape("[1.0]"), start + "found 1.0" + numbers},
      {"exponent", with_shape("[1e0]"), start + "found 1e0" + numbers},
      {"text", with_shape(R"(["1"])"), start + "found \"1\"" + numbers},
      {"true", with_shape("[true]"), start + "found true" + numbers},
      {"object", with_shape("[{}]"), start + "found an object" + numbers},
      {"over int64", with_shape("[9223372036854775808]"), start + "found 9223372036854775808" + numbers},
      {"over uint64", with_shape("[18446744073709551616]"), start + "found 18446744073709551616" + numbers},
      {"product overflows", with_shape("[4294967296,4294967296]"), start + "too many elements"},
      {"product overflows to 1", with_shape("[4294967297,4294967297,4294967297]"),
       start + "too many elements"},
      {"overflow beside a zero", with_shape("[0,4294967296,4294967296]"), start + "too many elements"},
      {"too many dimensions", with_shape("[1,1,1,1,1,1,1,1,1]"),
       start + "more than 8 numbers, at most that many are supported"},
      {"more elements than bytes", with_shape("[2]"),
       "tensor \"w\", data_offsets [0, 4]: 4 bytes, expected 8 for F32 (2)"},
      {"fewer elements than bytes", with_shape("[0]"),
       "tensor \"w\", data_offsets [0, 4]: 4 bytes, expected 0 for F32 (0)"},
      {"terabytes", with_shape("[1099511627776]"),
       "tensor \"w\", data_offsets [0, 4]: 4 bytes, expected 4398046511104 for F32 (1099511627776)"},
  });
}

TEST_CASE("io. bad file: offsets that cannot be") {
  const std::string start = "tensor \"w\", ";
  const std::string numbers = ", expected whole numbers from 0 to 576460752303423487";
  check_all({
      {"negative", with_offsets("[-4,0]"), start + "field \"data_offsets\": found -4" + numbers},
      {"fraction", with_offsets("[0,4.5]"), start + "field \"data_offsets\": found 4.5" + numbers},
      {"overflow", with_offsets("[0,18446744073709551615]"),
       start + "field \"data_offsets\": found 18446744073709551615" + numbers},
      {"none", with_offsets("[]"), start + "field \"data_offsets\": found 0 numbers, expected 2"},
      {"one", with_offsets("[4]"), start + "field \"data_offsets\": found 1 numbers, expected 2"},
      {"three", with_offsets("[0,4,4]"), start + "field \"data_offsets\": found 3 numbers, expected 2"},
      {"backwards", with_offsets("[4,0]"), start + "data_offsets [4, 0]: the end is before the beginning"},
      {"outside", with_offsets("[0,5]"),
       start + "data_offsets [0, 5]: outside the file, which has 4 bytes of data"},
      {"terabytes", with_offsets("[0,1099511627776]"),
       start + "data_offsets [0, 1099511627776]: outside the file, which has 4 bytes of data"},
      {"too short", with_offsets("[0,3]"), start + "data_offsets [0, 3]: 3 bytes, expected 4 for U8 (4)"},
  });
}

TEST_CASE("io. bad file: overlaps, holes and left-over bytes") {
  REQUIRE(message_of(with_two("0,2", "2,4", "abcd")) == "no error");
  REQUIRE(message_of(with_two("2,4", "0,2", "abcd")) == "no error");
  check_all({
      {"overlap", with_two("0,3", "2,4", "abcd"),
       "tensor \"b\", data_offsets [2, 4]: overlaps the tensor before, which ends at 3"},
      {"the same bytes", with_two("0,4", "0,4", "abcd"),
       "tensor \"b\", data_offsets [0, 4]: overlaps the tensor before, which ends at 4"},
      {"one within the other", with_two("0,4", "1,2", "abcd"),
       "tensor \"b\", data_offsets [1, 2]: overlaps the tensor before, which ends at 4"},
      {"empty within another", with_two("0,4", "2,2", "abcd"),
       "tensor \"b\", data_offsets [2, 2]: overlaps the tensor before, which ends at 4"},
      {"hole", with_two("0,1", "2,4", "abcd"),
       "tensor \"b\", data_offsets [2, 4]: leaves a hole, expected to begin at 1"},
      {"hole at the start", with_two("1,2", "2,4", "abcd"),
       "tensor \"a\", data_offsets [1, 2]: leaves a hole, expected to begin at 0"},
      {"bytes after the end", with_two("0,2", "2,4", "abcde"),
       "5 bytes of data, expected 4, where the last tensor ends"},
      {"bytes without tensors", file_of("{}", "abc"),
       "3 bytes of data, expected 0, where the last tensor ends"},
  });
}

TEST_CASE("io. a file that cannot be read says why") {
  const TemporaryFolder folder;
  const auto message = [](const fs::path& path) {
    const std::string one = error_of([&] { (void)io::read_safetensors(path); });
    CHECK(one == error_of([&] { (void)io::read_metadata(path); }));
    return one;
  };
  write_file(folder / "file", "1234567");
  CHECK(message(folder / "file") ==
        (folder / "file").string() + ": 7 bytes, a safetensors file has at least 8");
  CHECK(message(folder / "none") ==
        "cannot read " + (folder / "none").string() + ": No such file or directory");
  CHECK(message(folder / "file/x") == "cannot read " + (folder / "file/x").string() + ": Not a directory");
  CHECK(message(folder / "") == "cannot read " + (folder / "").string() + ": Is a directory");
  if (fs::exists("/dev/zero")) CHECK(message("/dev/zero") == "cannot read /dev/zero: not an ordinary file");
}

TEST_CASE("io. twenty thousand damaged files are read or refused, and nothing else happens") {
  const std::string valid = file_of(
      R"({"__metadata__":{"format":"pt"},"fc.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
      R"("fc.bias":{"dtype":"F16","shape":[2],"data_offsets":[24,28]},)"
      R"("fc.weight_mask":{"dtype":"U8","shape":[1],"data_offsets":[28,29]}})",
      std::string(29, '\x3F'));
  REQUIRE(message_of(valid) == "no error");
  rusage before{}, after{};
  getrusage(RUSAGE_SELF, &before);
  int64_t accepted = 0;
  for (uint64_t mutant = 0; mutant < 20'000; ++mutant) {
    CAPTURE(mutant);
    const std::string bytes = damaged(valid, mutant);
    try {
      const io::SafetensorsFile file = parse(bytes);
      size_t total = 0;
      for (const auto& tensor : file.tensors) {
        total += tensor.bytes.size();
        if (tensor.dtype == io::Dtype::f32 || tensor.dtype == io::Dtype::f16) (void)file.tensor(tensor.name);
      }
      REQUIRE(total < bytes.size());
      ++accepted;
    } catch (const Error& error) {
      const std::string message = error.what();
      REQUIRE(message.starts_with("F: "));
      REQUIRE(message.size() < 400);
      REQUIRE(std::ranges::none_of(message, [](unsigned char c) { return c < 0x20 || c == 0x7F; }));
    }
  }
  CHECK(accepted > 100);
  getrusage(RUSAGE_SELF, &after);
  CHECK(after.ru_maxrss - before.ru_maxrss < 512 * 1024);  // kilobytes; a sanitizer keeps freed memory
}
