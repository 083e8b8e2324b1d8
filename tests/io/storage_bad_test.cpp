// Files whose parameters are stored in forms that do not add up: each gets the message that tells what is
// wrong, and the module stays as it was.
#include <algorithm>

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <tinynn/io/deflate.hpp>

#include "tests/io/bag.hpp"

using namespace tinynn;
using namespace io_fixtures;
using io::Storage;

namespace {

struct Entry {
  std::string name, dtype, shape, data;
};

std::string file_with(const std::vector<Entry>& entries) {
  std::string header = "{", data;
  for (const auto& [name, dtype, shape, bytes] : entries) {
    header += (header.size() > 1 ? ",\"" : "\"") + name + R"(":{"dtype":")" + dtype + R"(","shape":)" +
              shape + R"(,"data_offsets":[)" + std::to_string(data.size()) + "," +
              std::to_string(data.size() + bytes.size()) + "]}";
    data += bytes;
  }
  return file_of(header + "}", data);
}

// A raw deflate stream of one stored block, which is what RFC 1951 calls bytes that are not compressed.
std::string stream_of(const std::vector<uint8_t>& bytes) {
  const auto size = static_cast<uint16_t>(bytes.size());
  return "\x01" + bytes_of<uint16_t>({size, static_cast<uint16_t>(~size)}) + bytes_of(bytes);
}
Entry compressed(const std::string& bytes) {
  return {"w_compressed", "U8", "[" + std::to_string(bytes.size()) + "]", bytes};
}
Entry compressed(const std::vector<uint8_t>& numbers, const std::vector<uint8_t>& values) {
  return compressed(stream_of(numbers) + stream_of(values));
}

// Columns 0 and 3 of the first row, column 2 of the second, with values 1, 2 and 4.
const std::vector<uint8_t> numbers{2, 2, 5, 0, 2, 3};
const std::vector<uint8_t> values{0, 0, 0, 0, 0, 0, 0x80, 0, 0x80, 0x3F, 0x40, 0x40};
const Entry good = compressed(numbers, values);

struct Case {
  const char* why;
  std::vector<Entry> entries;
  std::string message;
};

void check_all(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    CAPTURE(c.why);
    Bag bag({{"w", full({2, 5}, 7)}});
    const auto version = bag[0].version();
    CHECK(message_of(bag, file_with(c.entries)) == c.message);
    CHECK((bag[0].version() == version) == (c.message != "no error"));
  }
}

}  // namespace

TEST_CASE("io. bad file: tensors of a form that are missing, of two forms, or of forms of before") {
  const Entry dense{"w", "F32", "[2,5]", std::string(40, '\0')},
      mask{"w_mask", "U8", "[2]", "\x89" + std::string(1, '\0')};
  const Entry shape{"w_shape", "I64", "[2]", bytes_of<int64_t>({2, 5})},
      live{"w_values", "F32", "[1]", "abcd"};
  const std::string start = "F does not fit the module:";
  check_all({
      {"compressed", {good}, "no error"},
      {"a mask alone", {mask}, start + " it lacks \"w\""},
      {"as torch.nn.utils.prune names it",
       {mask, {"w_orig", "F32", "[1]", "abcd"}},
       start + " it lacks \"w\"; the module has no \"w_orig\""},
      {"dense and compressed", {dense, good}, start + " the module has no \"w_compressed\""},
      {"compressed and mask", {good, mask}, start + " the module has no \"w_mask\""},
      {"compressed twice over",
       {{"w_compressed_mask", "U8", "[1]", "a"}, good},
       start + " the module has no \"w_compressed_mask\""},
      {"bit-mask and live values",
       {shape, mask, live},
       start + " it lacks \"w\"; the module has no \"w_shape\", \"w_values\""},
      {"CSR",
       {shape, {"w_row_counts", "U8", "[1]", "a"}, {"w_column_gaps", "U8", "[1]", "a"}, live},
       start + " it lacks \"w\"; the module has no \"w_column_gaps\", \"w_row_counts\", \"w_shape\", "
               "\"w_values\""},
      {"a codebook",
       {shape, {"w_codebook", "F32", "[1]", "abcd"}, {"w_codes", "U8", "[1]", "a"}},
       start + " it lacks \"w\"; the module has no \"w_codebook\", \"w_codes\", \"w_shape\""},
  });
}

TEST_CASE("io. bad file: compressed parameters whose streams are damaged") {
  const std::string start = "tensor \"w_compressed\"", first = stream_of(numbers), second = stream_of(values);
  check_all({
      {"of another type",
       {{"w_compressed", "I8", good.shape, good.data}},
       start + " has type I8, expected U8"},
      {"not flat",
       {{"w_compressed", "U8", "[1,28]", good.data}},
       start + " has shape (1, 28), expected (28)"},
      {"empty", {compressed("")}, start + ", gaps: it ends early"},
      {"cut in the first stream", {compressed(first.substr(0, 7))}, start + ", gaps: it ends early"},
      {"no second stream", {compressed(first)}, start + ", values: it ends early"},
      {"cut in the second stream",
       {compressed(first + second.substr(0, 16))},
       start + ", values: it ends early"},
      {"bytes behind", {compressed(first + second + "xy")}, start + " goes on for 2 bytes after its values"},
      {"no deflate", {compressed("\x07")}, start + ", gaps: invalid block type"},
      {"lengths that differ",
       {compressed("\x01" + std::string(4, '\1'))},
       start + ", gaps: invalid stored block lengths"},
      {"values that are no deflate", {compressed(first + "\x07")}, start + ", values: invalid block type"},
      {"more gaps than elements",
       {compressed({2, 2, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, values)},
       start + ", gaps: more than 13 bytes, where no more are expected"},
      {"more values than gaps",
       {compressed(numbers, std::vector<uint8_t>(13))},
       start + ", values: more than 12 bytes, where no more are expected"},
  });
}

TEST_CASE("io. bad file: compressed parameters whose numbers cannot be") {
  const std::string start = "tensor \"w_compressed\" ";
  const auto with = [](const std::vector<uint8_t>& other) { return std::vector{compressed(other, values)}; };
  const auto has = [&](const std::string& sizes) {
    return start + "has shape (" + sizes + "), the module expects (2, 5)";
  };
  check_all({
      {"no numbers", with({}), start + "ends within a number, after 0 bytes of gaps"},
      {"no sizes", with({2}), start + "ends within a number, after 1 bytes of gaps"},
      {"a size too few", with({2, 2}), start + "ends within a number, after 2 bytes of gaps"},
      {"a size cut", with({2, 2, 255}), start + "ends within a number, after 3 bytes of gaps"},
      {"a gap cut", with({2, 2, 5, 0, 255}), start + "ends within a number, after 5 bytes of gaps"},
      {"one dimension", with({1, 10, 0, 2, 3}), start + "has 1 dimensions, the module expects (2, 5)"},
      {"300 dimensions", with({255, 45, 10}), start + "has 300 dimensions, the module expects (2, 5)"},
      {"rows too many", with({2, 3, 5, 0, 2, 3}), has("3, 5")},
      {"transposed", with({2, 5, 2, 0, 2, 3}), has("5, 2")},
      {"none", with({2, 2, 0, 0, 2, 3}), has("2, 0")},
      {"large", with({2, 255, 255, 255, 254, 5}), has("1019, 5")},
      {"beyond the end", with({2, 2, 5, 0, 2, 6}), start + "leads to element 10 of (2, 5)"},
      {"far beyond the end", with({2, 2, 5, 0, 255, 255, 4}), start + "leads to element 515 of (2, 5)"},
      {"a smaller network, whose gaps they are not", with({2, 2, 3, 0, 2, 3}),
       start + "leads to element 7 of (2, 3)"},
  });
}

TEST_CASE("io. bad file: compressed parameters whose values cannot be") {
  const std::string start = "tensor \"w_compressed\" ";
  const auto with = [](const std::vector<uint8_t>& other) { return std::vector{compressed(numbers, other)}; };
  check_all({
      {"one value for three", with({0, 0, 0x80, 0x3F, 0, 0}), "no error"},
      {"two values for three", with({0, 0, 0, 0, 0x80, 0, 0x3F, 0x40, 0x01, 0x01}), "no error"},
      {"no values", with({}), start + "has 0 bytes of values for 3 live elements"},
      {"a value too few", with(std::vector<uint8_t>(8)), start + "has 8 bytes of values for 3 live elements"},
      {"a byte too few", with(std::vector<uint8_t>(11)),
       start + "has 11 bytes of values for 3 live elements"},
      {"the second of one", with({0, 0, 0x80, 0x3F, 0x10, 0}), start + "has value 1 of 1 for element 3"},
      {"the sixteenth of two", with({0, 0, 0, 0, 0x80, 0, 0x3F, 0x40, 0x01, 0x0F}),
       start + "has value 15 of 2 for element 7"},
      {"NaN", with({0, 1, 0, 0, 0, 0, 0x80, 0x80, 0x80, 0x3F, 0x7F, 0x40}), start + "has NaN for element 3"},
      {"a shared NaN", with({1, 0, 0x80, 0xFF, 0, 0}), start + "has NaN for element 0"},
      {"infinity", with({0, 0, 0, 0, 0, 0, 0x80, 0x80, 0x80, 0x3F, 0x7F, 0x40}), "no error"},
  });
}

TEST_CASE("io. a compressed parameter that would fill the memory is refused before it does") {
  const std::vector<std::vector<uint8_t>> zeros_to_write(4, std::vector<uint8_t>(1 << 24));  // 64 megabytes
  const auto bomb = io::detail::deflated(zeros_to_write);
  const std::string bytes(bomb.begin(), bomb.end());
  CHECK(bytes.size() < 1 << 17);
  rusage before{}, after{};
  getrusage(RUSAGE_SELF, &before);
  check_all({
      {"gaps",
       {compressed(bytes)},
       "tensor \"w_compressed\", gaps: more than 13 bytes, where no more are expected"},
      {"values",
       {compressed(stream_of(numbers) + bytes)},
       "tensor \"w_compressed\", values: more than 12 bytes, where no more are expected"},
  });
  getrusage(RUSAGE_SELF, &after);
  CHECK(after.ru_maxrss - before.ru_maxrss < 32 * 1024);  // kilobytes
}

TEST_CASE("io. a compressed parameter in memory whose bytes do not fill its shape is refused") {
  Bag bag({{"w", ones({2, 5})}});
  auto file = parse(file_with({good}));
  file.tensors[0].bytes.pop_back();
  CHECK(error_of([&] { io::load(bag, file); }) ==
        "F: tensor \"w_compressed\" has 27 bytes, which do not fill U8 (28)");
}

TEST_CASE("io. twenty thousand damaged sparse files are read or refused, and nothing else happens") {
  const auto module = [] { return Bag({{"a", ones({3, 4})}, {"b", ones({2, 6})}, {"c", ones({3})}}); };
  std::string valid[3];  // with values of their own, with shared ones, in blocks that are not compressed
  const TemporaryFolder folder;
  for (size_t form = 0; form < 2; ++form) {
    Bag bag = module();
    if (form == 0) bag[0].assign(randn({3, 4}));
    bag[0].set_mask(mask_of({3, 4}, {1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0}));
    bag[1].set_mask(mask_of({2, 6}, {0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 1, 0}));
    io::save(bag, folder / "x", {.storage = Storage::compressed});
    valid[form] = read_file(folder / "x");
  }
  const auto named = [](Entry entry, const char* name) { return entry.name = name, entry; };
  valid[2] = file_with({{"c", "F32", "[3]", bytes_of<float>({1, 2, 3})},
                        named(compressed({2, 3, 4, 0, 1, 0, 0}, std::vector<uint8_t>(16)), "a_compressed"),
                        named(compressed({2, 2, 6, 2, 1, 4}, values), "b_compressed")});
  rusage before{}, after{};
  getrusage(RUSAGE_SELF, &before);
  int64_t accepted = 0;
  for (uint64_t mutant = 0; mutant < 20'000; ++mutant) {
    CAPTURE(mutant);
    const std::string& whole = valid[mutant % 3];
    std::string bytes = damaged(whole, mutant);
    if (mutant % 4 >= 2) {  // in the tensors alone, whose bytes keep their number
      const size_t header = whole.find('}', whole.rfind("data_offsets")) + 2;
      bytes = whole.substr(0, header) + damaged(whole.substr(header), mutant);
      bytes.resize(whole.size());
    }
    Bag bag = module();
    const auto version = bag[0].version();
    try {
      io::load(bag, parse(bytes));
      ++accepted;
      for (auto& [name, parameter] : bag.list) {
        if (parameter.mask().defined()) REQUIRE(parameter.mask().count_alive() >= count_nonzero(parameter));
      }
    } catch (const Error& error) {
      const std::string message = error.what();
      REQUIRE(message.starts_with("F"));
      REQUIRE(message.size() < 800);
      REQUIRE(std::ranges::none_of(message, [](unsigned char c) { return c < 0x20 || c == 0x7F; }));
      REQUIRE(bag[0].version() == version);
    }
  }
  CHECK(accepted > 100);
  getrusage(RUSAGE_SELF, &after);
  CHECK(after.ru_maxrss - before.ru_maxrss < 512 * 1024);  // kilobytes; a sanitizer keeps freed memory
}
