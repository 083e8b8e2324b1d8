// Files whose parameters are stored in forms that do not add up: each gets the message that tells what is
// wrong, and the module stays as it was.
#include <algorithm>
#include <limits>

#include <doctest/doctest.h>
#include <sys/resource.h>

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

// Columns 0 and 3 of the first row, column 2 of the second.
const Entry shape{"w_shape", "I64", "[2]", bytes_of<int64_t>({2, 5})};
const Entry values{"w_values", "F32", "[3]", bytes_of<float>({1, 4, 8})};
const Entry mask{"w_mask", "U8", "[2]", bytes_of<uint8_t>({0b10001001, 0})};
const Entry counts{"w_row_counts", "U8", "[2]", bytes_of<uint8_t>({2, 1})};
const Entry gaps{"w_column_gaps", "U8", "[3]", bytes_of<uint8_t>({0, 2, 2})};

Entry shape_of(const std::vector<int64_t>& sizes) {
  return {"w_shape", "I64", "[" + std::to_string(sizes.size()) + "]", bytes_of(sizes)};
}
Entry counts_of(const std::vector<uint8_t>& each) {
  return {"w_row_counts", "U8", "[" + std::to_string(each.size()) + "]", bytes_of(each)};
}
Entry gaps_of(const std::vector<uint8_t>& each) {
  return {"w_column_gaps", "U8", "[" + std::to_string(each.size()) + "]", bytes_of(each)};
}

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

TEST_CASE("io. bad file: tensors of a form that are missing, or of two forms") {
  const Entry dense{"w", "F32", "[2,5]", std::string(40, '\0')};
  const std::string start = "F does not fit the module:";
  check_all({
      {"bit-mask", {shape, mask, values}, "no error"},
      {"CSR", {shape, counts, gaps, values}, "no error"},
      {"bit-mask without shape", {mask, values}, start + " it lacks \"w_shape\""},
      {"bit-mask without mask", {shape, values}, start + " it lacks \"w_mask\""},
      {"bit-mask without values", {shape, mask}, start + " it lacks \"w_values\""},
      {"CSR without shape", {counts, gaps, values}, start + " it lacks \"w_shape\""},
      {"CSR without counts", {shape, gaps, values}, start + " it lacks \"w_row_counts\""},
      {"CSR without gaps", {shape, counts, values}, start + " it lacks \"w_column_gaps\""},
      {"CSR without values", {shape, counts, gaps}, start + " it lacks \"w_values\""},
      {"CSR of indices alone",
       {counts, gaps},
       start + " it lacks \"w\"; the module has no \"w_column_gaps\", \"w_row_counts\""},
      {"a mask alone", {mask}, start + " it lacks \"w\""},
      {"as torch.nn.utils.prune names it",
       {mask, {"w_orig", "F32", "[1]", "abcd"}},
       start + " it lacks \"w\"; the module has no \"w_orig\""},
      {"dense and values", {dense, mask, values}, start + " the module has no \"w_values\""},
      {"dense and shape", {dense, shape}, start + " the module has no \"w_shape\""},
      {"CSR and mask", {shape, counts, gaps, mask, values}, start + " the module has no \"w_mask\""},
  });
}

TEST_CASE("io. bad file: shapes of sparse parameters that cannot be") {
  const auto says = [](const std::string& sizes) {
    return "tensor \"w_shape\" says (" + sizes + "), the module expects (2, 5)";
  };
  const int64_t most = std::numeric_limits<int64_t>::max();
  for (const bool csr : {false, true}) {
    const auto with = [&](const Entry& other) {
      return csr ? std::vector{other, counts, gaps, values} : std::vector{other, mask, values};
    };
    check_all({
        {"rows too many", with(shape_of({3, 5})), says("3, 5")},
        {"transposed", with(shape_of({5, 2})), says("5, 2")},
        {"negative", with(shape_of({2, -5})), says("2, -5")},
        {"both negative", with(shape_of({-2, -5})), says("-2, -5")},
        {"none", with(shape_of({2, 0})), says("2, 0")},
        {"terabytes", with(shape_of({int64_t{1} << 40, 5})), says("1099511627776, 5")},
        {"overflow", with(shape_of({most, most})), says("9223372036854775807, 9223372036854775807")},
        {"one number", with(shape_of({10})), "tensor \"w_shape\" has shape (1), expected (2)"},
        {"three numbers", with(shape_of({2, 5, 1})), "tensor \"w_shape\" has shape (3), expected (2)"},
        {"no numbers", with(shape_of({})), "tensor \"w_shape\" has shape (0), expected (2)"},
        {"not flat", with({"w_shape", "I64", "[1,2]", bytes_of<int64_t>({2, 5})}),
         "tensor \"w_shape\" has shape (1, 2), expected (2)"},
        {"another type", with({"w_shape", "I32", "[2]", bytes_of<int32_t>({2, 5})}),
         "tensor \"w_shape\" has type I32, expected I64"},
    });
  }
}

TEST_CASE("io. bad file: masks and live values that do not fit each other") {
  const auto with_mask = [](const std::string& bytes) {
    return std::vector<Entry>{
        shape, {"w_mask", "U8", "[" + std::to_string(bytes.size()) + "]", bytes}, values};
  };
  const auto with_values = [](const Entry& other) { return std::vector<Entry>{shape, mask, other}; };
  check_all({
      {"short", with_mask("\x89"), "tensor \"w_mask\" has shape (1), expected (2)"},
      {"long", with_mask(std::string(3, '\1')), "tensor \"w_mask\" has shape (3), expected (2)"},
      {"bits after the end", with_mask("\x03\x04"), "tensor \"w_mask\" has a bit set after its last element"},
      {"too many alive", with_mask("\x89\x01"),
       "tensor \"w_values\" has shape (3), expected (4) for what is alive in \"w_mask\""},
      {"too few alive", with_mask(std::string("\x80\0", 2)),
       "tensor \"w_values\" has shape (3), expected (1) for what is alive in \"w_mask\""},
      {"a mask of another type",
       {shape, {"w_mask", "BOOL", "[2]", "\1\1"}, values},
       "tensor \"w_mask\" has type BOOL, expected U8"},
      {"no values", with_values({"w_values", "F32", "[0]", ""}),
       "tensor \"w_values\" has shape (0), expected (3) for what is alive in \"w_mask\""},
      {"values that are not flat", with_values({"w_values", "F32", "[3,1]", values.data}),
       "tensor \"w_values\" has shape (3, 1), expected (3) for what is alive in \"w_mask\""},
      {"whole numbers", with_values({"w_values", "I32", "[3]", values.data}),
       "tensor \"w_values\" has type I32, expected F32, F64, F16 or BF16"},
      {"half precision", with_values({"w_values", "F16", "[3]", std::string(6, '\0')}), "no error"},
      {"a smaller network, whose mask it is not",
       {shape_of({1, 4}), mask, values},
       "tensor \"w_mask\" has shape (2), expected (1)"},
  });
}

TEST_CASE("io. bad file: counts and gaps of CSR that cannot be") {
  const auto with = [](const Entry& c, const Entry& g) { return std::vector<Entry>{shape, c, g, values}; };
  const std::string sum = " for what is alive in \"w_row_counts\"";
  check_all({
      {"in 16 bits", with({"w_row_counts", "U16", "[2]", bytes_of<uint16_t>({2, 1})}, gaps), "no error"},
      {"in 32 bits", with({"w_row_counts", "U32", "[2]", bytes_of<uint32_t>({2, 1})}, gaps), "no error"},
      {"in 64 bits", with({"w_row_counts", "I64", "[2]", bytes_of<int64_t>({2, -1})}, gaps),
       "tensor \"w_row_counts\" has type I64, expected U8, U16 or U32"},
      {"a row too few", with(counts_of({3}), gaps), "tensor \"w_row_counts\" has shape (1), expected (2)"},
      {"a row too many", with(counts_of({2, 1, 0}), gaps),
       "tensor \"w_row_counts\" has shape (3), expected (2)"},
      {"not flat", with({"w_row_counts", "U8", "[2,1]", counts.data}, gaps),
       "tensor \"w_row_counts\" has shape (2, 1), expected (2)"},
      {"more than a row has", with(counts_of({0, 6}), gaps),
       "tensor \"w_row_counts\" says that 6 elements of row 1 are alive, which has 5"},
      {"billions", with({"w_row_counts", "U32", "[2]", bytes_of<uint32_t>({~0U, ~0U})}, gaps),
       "tensor \"w_row_counts\" says that 4294967295 elements of row 0 are alive, which has 5"},
      {"fewer than values", with(counts_of({1, 1}), gaps),
       "tensor \"w_values\" has shape (3), expected (2)" + sum},
      {"more than values", with(counts_of({5, 5}), gaps),
       "tensor \"w_values\" has shape (3), expected (10)" + sum},
      {"beyond the row", with(counts, gaps_of({0, 4, 2})),
       "tensor \"w_column_gaps\" leads to column 5 of row 0, which has 5"},
      {"beyond the last row", with(counts, gaps_of({0, 2, 5})),
       "tensor \"w_column_gaps\" leads to column 5 of row 1, which has 5"},
      {"far beyond the row", with(counts, gaps_of({0, 255, 255, 4, 0})),
       "tensor \"w_column_gaps\" leads to column 515 of row 0, which has 5"},
      {"too short", with(counts, gaps_of({0, 2})), "tensor \"w_column_gaps\" ends in row 1, after 2 bytes"},
      {"without its last byte", with(counts, gaps_of({0, 2, 255})),
       "tensor \"w_column_gaps\" ends in row 1, after 3 bytes"},
      {"empty", with(counts, gaps_of({})), "tensor \"w_column_gaps\" ends in row 0, after 0 bytes"},
      {"too long", with(counts, gaps_of({0, 2, 2, 0})),
       "tensor \"w_column_gaps\" goes on for 1 bytes after its last row"},
      {"of another type", with(counts, {"w_column_gaps", "I8", "[3]", gaps.data}),
       "tensor \"w_column_gaps\" has type I8, expected U8"},
      {"not flat", with(counts, {"w_column_gaps", "U8", "[3,1]", gaps.data}),
       "tensor \"w_column_gaps\" has shape (3, 1), expected (3)"},
      {"a smaller network, whose rows they are not",
       {shape_of({2, 3}), counts, gaps, values},
       "tensor \"w_column_gaps\" leads to column 3 of row 0, which has 3"},
  });
}

TEST_CASE("io. sparse parameters in memory whose bytes do not fill their shape are refused") {
  Bag bag({{"w", ones({2, 5})}});
  for (const char* name : {"w_shape", "w_row_counts", "w_column_gaps", "w_values"}) {
    auto file = parse(file_with({shape, counts, gaps, values}));
    for (auto& tensor : file.tensors) {
      if (tensor.name == name) tensor.bytes.pop_back();
    }
    const std::string message = error_of([&] { io::load(bag, file); });
    CHECK(message.starts_with("F: tensor \"" + std::string(name) + "\" has "));
    CHECK(message.find("which do not fill") != std::string::npos);
  }
}

TEST_CASE("io. twenty thousand damaged sparse files are read or refused, and nothing else happens") {
  const auto module = [] { return Bag({{"a", ones({3, 4})}, {"b", ones({2, 6})}, {"c", ones({3})}}); };
  std::string valid[3];  // of bit-masks, of CSR, of codebooks
  const TemporaryFolder folder;
  constexpr Storage forms[] = {Storage::bitmask, Storage::csr, Storage::codebook};
  for (size_t form = 0; form < 3; ++form) {
    Bag bag = module();
    bag[0].set_mask(mask_of({3, 4}, {0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0}));
    bag[1].set_mask(mask_of({2, 6}, {0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 1, 0}));
    io::save(bag, folder / "x", {}, forms[form]);
    valid[form] = read_file(folder / "x");
  }
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
