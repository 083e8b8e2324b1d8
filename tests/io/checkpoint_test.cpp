#include <limits>
#include <map>

#include <doctest/doctest.h>

#include "tests/io/bag.hpp"

using namespace tinynn;
using namespace io_fixtures;
using io::Metadata;

namespace {

// Two layers with dotted names.
struct Net : nn::Module {
  Bag fc1{{{"weight", randn({3, 2})}, {"bias", randn({3})}}}, fc2{{{"weight", randn({1, 3})}}};
  void members(nn::Visitor& v) override {
    v("fc1", fc1);
    v("fc2", fc2);
  }
  Tensor forward(const Tensor& x) override { return x; }
};

// A file of F32 tensors and U8 masks: names, shapes and data.
struct Entry {
  std::string name, shape, data;
};
std::string file_with(const std::vector<Entry>& entries) {
  std::string header = "{", data;
  for (const auto& [name, shape, bytes] : entries) {
    header += (data.empty() ? "\"" : ",\"") + name + R"(":{"dtype":")" +
              (name.ends_with("_mask") ? "U8" : "F32") + R"(","shape":)" + shape + R"(,"data_offsets":[)" +
              std::to_string(data.size()) + "," + std::to_string(data.size() + bytes.size()) + "]}";
    data += bytes;
  }
  return file_of(header + "}", data);
}

}  // namespace

TEST_CASE("io. a checkpoint brings back values and masks bit by bit") {
  const TemporaryFolder folder;
  Net net;
  net.fc1[0].set_mask(mask_of({3, 2}, {1, 0, 1, 1, 0, 0}));
  net.fc1[1].assign(tensor({-0.0F, std::numeric_limits<float>::quiet_NaN(), 1e-45F}));
  io::save(net, folder / "net.safetensors", {.metadata = {{"tinynn.model", "net"}}});

  Net other;
  other.fc1[0].set_mask(mask_of({3, 2}, {0, 1, 1, 1, 1, 1}));
  other.fc2[0].set_mask(mask_of({1, 3}, {0, 0, 1}));
  const Metadata metadata = io::load(other, folder / "net.safetensors", {.allow_nan = true});
  CHECK(metadata == Metadata{{"format", "pt"}, {"tinynn.model", "net"}});
  CHECK(io::read_metadata(folder / "net.safetensors") == metadata);
  const auto expected = net.named_parameters(), got = other.named_parameters();
  REQUIRE(got.size() == expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    CAPTURE(got[i].first);
    CHECK(bits(got[i].second) == bits(expected[i].second));
    CHECK(got[i].second.mask() == expected[i].second.mask());
  }
  CHECK_FALSE(other.fc2[0].mask().defined());  // no mask in the file: dense

  // Equal modules give equal files, whoever wrote them.
  io::save(other, folder / "other.safetensors", {.metadata = {{"tinynn.model", "net"}}});
  CHECK(read_file(folder / "net.safetensors") == read_file(folder / "other.safetensors"));
  CHECK(folder.count() == 2);
}

TEST_CASE("io. a mask is packed to bits, least significant first, after all values") {
  const TemporaryFolder folder;
  Bag bag({{"weight", tensor({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, {2, 5})}, {"bias", tensor({11})}});
  bag[0].set_mask(mask_of({2, 5}, {1, 0, 0, 1, 1, 0, 0, 0, 0, 1}));
  io::save(bag, folder / "x");
  const auto file = io::read_safetensors(folder / "x");
  REQUIRE(file.tensors.size() == 3);
  CHECK(file.tensors[0].name == "weight");
  CHECK(file.tensors[1].name == "bias");
  CHECK(file.tensors[2].name == "weight_mask");
  CHECK(file.tensors[2].dtype == io::Dtype::u8);
  CHECK(file.tensors[2].shape == Shape{2});
  CHECK(file.tensors[2].bytes == std::vector{std::byte{0b00011001}, std::byte{0b00000010}});
  CHECK(file.tensor("weight").to_vector() == std::vector<float>{1, 0, 0, 4, 5, 0, 0, 0, 0, 10});
}

TEST_CASE("io. masks of every length return") {
  const TemporaryFolder folder;
  for (int64_t length = 1; length <= 33; ++length) {
    CAPTURE(length);
    Bag bag({{"w", rand({length}, 1, 2)}}), other({{"w", zeros({length})}});
    Mask mask(Shape{length});
    for (int64_t i = 0; i < length; ++i) mask.set(i, (i * i + length) % 3 != 0);
    bag[0].set_mask(mask);
    io::save(bag, folder / "x");
    io::load(other, folder / "x");
    CHECK(bits(other[0]) == bits(bag[0]));
    CHECK(other[0].mask() == bag[0].mask());
  }
}

TEST_CASE("io. masks of everything, of nothing, of a scalar and of an empty parameter return") {
  const TemporaryFolder folder;
  const auto module = [] {
    return Bag({{"a", ones({9})}, {"b", ones({9})}, {"c", ones({})}, {"d", ones({3, 0})}});
  };
  Bag bag = module(), other = module();
  bag[0].set_mask(Mask(Shape{9}, false));
  bag[1].set_mask(Mask(Shape{9}, true));
  bag[2].set_mask(Mask(Shape{}, false));
  bag[3].set_mask(Mask(Shape{3, 0}, false));  // of nothing: there is no telling it from no mask
  io::save(bag, folder / "x");
  io::load(other, folder / "x");
  CHECK_FALSE(other[3].mask().defined());
  for (size_t i = 0; i < 3; ++i) {
    CHECK(other[i].mask() == bag[i].mask());
    CHECK(bits(other[i]) == bits(bag[i]));
  }
}

TEST_CASE("io. a file as PyTorch writes it loads") {
  Net net;
  net.fc1[0].set_mask(Mask(Shape{3, 2}, false));
  // Sorted by name, other types of floating point, no metadata of ours.
  const std::string file = file_of(
      R"({"__metadata__":{"format":"pt"},"fc1.bias":{"dtype":"F16","shape":[3],"data_offsets":[0,6]},)"
      R"("fc1.weight":{"dtype":"F32","shape":[3,2],"data_offsets":[6,30]},)"
      R"("fc2.weight":{"dtype":"BF16","shape":[1,3],"data_offsets":[30,36]}})",
      bytes_of<uint16_t>({0x3C00, 0xC000, 0x3800}) + bytes_of<float>({1, 2, 3, 4, 5, 6}) +
          bytes_of<uint16_t>({0x3F80, 0xC000, 0x3F00}));
  CHECK(message_of(net, file) == "no error");
  CHECK(net.fc1[0].to_vector() == std::vector<float>{1, 2, 3, 4, 5, 6});
  CHECK_FALSE(net.fc1[0].mask().defined());
  CHECK(net.fc1[1].to_vector() == std::vector<float>{1, -2, 0.5F});
  CHECK(net.fc2[0].to_vector() == std::vector<float>{1, -2, 0.5F});
}

TEST_CASE("io. metadata of the caller goes into the file, \"format\" only if it has none") {
  const TemporaryFolder folder;
  Bag bag({{"w", ones({1})}});
  io::save(bag, folder / "x", {.metadata = {{"format", "other"}, {"tinynn.epoch", "3"}}});
  CHECK(io::load(bag, folder / "x") == Metadata{{"format", "other"}, {"tinynn.epoch", "3"}});
}

TEST_CASE("io. a checkpoint that does not fit the module says where, and changes nothing") {
  const std::string two = bytes_of<float>({1, 2}), three = bytes_of<float>({3, 4, 5});
  const std::string masked = bytes_of<float>({1, 0});
  const Entry a{"a", "[2]", two}, b{"b", "[1,3]", three};
  const auto module = [] {
    Bag bag({{"a", tensor({7, 8})}, {"b", tensor({9, 10, 11}, {1, 3})}});
    bag[0].set_mask(mask_of({2}, {0, 1}));
    return bag;
  };
  Bag bag = module();
  CHECK(message_of(bag, file_with({a, b})) == "no error");

  struct Case {
    const char* why;
    std::vector<Entry> entries;
    std::string message;
  };
  const std::vector<Case> cases = {
      {"missing", {a}, "F does not fit the module: it lacks \"b\""},
      {"everything missing", {}, "F does not fit the module: it lacks \"a\", \"b\""},
      {"unexpected", {a, b, {"c", "[2]", two}}, "F does not fit the module: the module has no \"c\""},
      {"renamed",
       {a, {"B", "[1,3]", three}},
       "F does not fit the module: it lacks \"b\"; the module has no \"B\""},
      {"many unexpected",
       {a,
        b,
        {"1", "[2]", two},
        {"2", "[2]", two},
        {"3", "[2]", two},
        {"4", "[2]", two},
        {"5", "[2]", two},
        {"6", "[2]", two},
        {"7", "[2]", two}},
       "F does not fit the module: the module has no \"1\", \"2\", \"3\", \"4\", \"5\" and 2 more"},
      {"a mask of nothing",
       {a, b, {"c_mask", "[1]", "\x01"}},
       "F does not fit the module: the module has no \"c_mask\""},
      {"other shape", {a, {"b", "[3]", three}}, "tensor \"b\" has shape (3), the module expects (1, 3)"},
      {"transposed", {a, {"b", "[3,1]", three}}, "tensor \"b\" has shape (3, 1), the module expects (1, 3)"},
      {"mask of another length",
       {a, b, {"b_mask", "[2]", "\x07\x01"}},
       "tensor \"b_mask\" has shape (2), expected (1)"},
      {"dead weight with a value",
       {a, b, {"b_mask", "[1]", "\x05"}},
       "tensor \"b_mask\" says that element 1 is dead, but its value is 4"},
      {"dead NaN",
       {{"a", "[2]", bytes_of<float>({1, std::numeric_limits<float>::quiet_NaN()})},
        b,
        {"a_mask", "[1]", "\x01"}},
       "tensor \"a_mask\" says that element 1 is dead, but its value is nan"},
      {"bits after the end",
       {{"a", "[2]", masked}, b, {"a_mask", "[1]", "\x81"}},
       "tensor \"a_mask\" has a bit set after its last element"},
      {"good mask, then a bad one",
       {{"a", "[2]", masked}, b, {"a_mask", "[1]", "\x01"}, {"b_mask", "[1]", std::string(1, '\0')}},
       "tensor \"b_mask\" says that element 0 is dead, but its value is 3"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.why);
    Bag untouched = module();
    const auto version = untouched[0].version();
    CHECK(message_of(untouched, file_with(c.entries)) == c.message);
    CHECK(untouched[0].to_vector() == std::vector<float>{0, 8});
    CHECK(untouched[0].mask() == mask_of({2}, {0, 1}));
    CHECK(untouched[1].to_vector() == std::vector<float>{9, 10, 11});
    CHECK_FALSE(untouched[1].mask().defined());
    CHECK(untouched[0].version() == version);
  }

  Bag other = module();
  const auto typed = [&](const std::string& dtype, const std::string& name, const std::string& shape) {
    const std::string data(static_cast<size_t>(io::dtype_bytes(*io::dtype_named(dtype))) * 2, '\0');
    return file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                   R"("b":{"dtype":"F32","shape":[1,3],"data_offsets":[8,20]},)"
                   R"(")" +
                       name + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape +
                       R"(,"data_offsets":[20,)" + std::to_string(20 + data.size()) + "]}}",
                   std::string(20, '\0') + data);
  };
  CHECK(message_of(other, typed("BOOL", "a_mask", "[2]")) == "tensor \"a_mask\" has type BOOL, expected U8");
  Bag whole({{"c", ones({2})}, {"a", ones({2})}, {"b", ones({1, 3})}});
  CHECK(message_of(whole, typed("I64", "c", "[2]")) ==
        "tensor \"c\" has type I64, expected F32, F64, F16 or BF16");
}

TEST_CASE("io. a file in memory whose bytes do not fill their shape is refused") {
  Bag bag({{"w", ones({9})}});
  io::SafetensorsFile file;
  file.add("w", ones({9}));
  file.tensors[0].bytes.resize(35);
  CHECK(error_of([&] { io::load(bag, file); }) ==
        "safetensors: tensor \"w\" has 35 bytes, which do not fill F32 (9)");
  file.tensors[0].bytes.resize(36);
  file.tensors.push_back({"w_mask", io::Dtype::u8, Shape{2}, std::vector<std::byte>(1)});
  CHECK(error_of([&] { io::load(bag, file); }) ==
        "safetensors: tensor \"w_mask\" has 1 bytes, which do not fill U8 (2)");
}

TEST_CASE("io. a parameter may itself be called a mask") {
  const TemporaryFolder folder;
  Bag bag({{"gate", tensor({1, 2})}, {"gate_mask", tensor({0, 3})}});
  io::save(bag, folder / "x");
  Bag other({{"gate", zeros({2})}, {"gate_mask", zeros({2})}});
  io::load(other, folder / "x");
  CHECK(other[1].to_vector() == std::vector<float>{0, 3});
  CHECK_FALSE(other[0].mask().defined());
  bag[0].set_mask(mask_of({2}, {1, 0}));
  CHECK(error_of([&] { io::save(bag, folder / "x"); }) ==
        "cannot write " + (folder / "x").string() + ": the name \"gate_mask\" appears twice");
}

TEST_CASE("io. a tied parameter is saved once") {
  const TemporaryFolder folder;
  Bag bag({{"a", tensor({1, 2})}});
  bag.list.emplace_back("b", bag[0]);
  io::save(bag, folder / "x");
  CHECK(io::read_safetensors(folder / "x").tensors.size() == 1);
  bag[0].assign(zeros({2}));
  io::load(bag, folder / "x");
  CHECK(bag[1].to_vector() == std::vector<float>{1, 2});
}

TEST_CASE("io. saving to where one cannot write leaves the earlier file as it was") {
  const TemporaryFolder folder;
  Bag bag({{"w", ones({1})}});
  write_file(folder / "file", "earlier");
  CHECK(error_of([&] { io::save(bag, folder / "file/x.safetensors"); }) ==
        "cannot write " + (folder / "file/x.safetensors").string() + ": Not a directory");
  CHECK(error_of([&] { io::save(bag, folder / "out/x.safetensors"); }) ==
        "cannot write " + (folder / "out/x.safetensors").string() + ": No such file or directory");
  if (fs::exists("/dev/full")) {
    CHECK(error_of([&] { io::save(bag, "/dev/full"); }) == "cannot write /dev/full: No space left on device");
  }
  CHECK(read_file(folder / "file") == "earlier");
  CHECK(folder.count() == 1);
}

namespace {

// A parameter and two buffers, named as in a BatchNorm.
struct Norm : nn::Module {
  Parameter weight{ones({2})};
  Tensor running_mean = zeros({2}), running_var = ones({2});
  void members(nn::Visitor& v) override {
    v("weight", weight);
    v("running_mean", running_mean);
    v("running_var", running_var);
  }
  Tensor forward(const Tensor& x) override { return x; }
};

struct NormNet : nn::Module {
  Norm bn1, bn2;
  void members(nn::Visitor& v) override {
    v("bn1", bn1);
    v("bn2", bn2);
  }
  Tensor forward(const Tensor& x) override { return x; }
};

}  // namespace

TEST_CASE("io. buffers are saved and loaded, in place") {
  const TemporaryFolder folder;
  NormNet net, other;
  net.bn1.running_mean = tensor({1, 2});
  net.bn2.running_var = tensor({3, 4});
  net.bn1.weight.set_mask(mask_of({2}, {1, 0}));
  io::save(net, folder / "x");
  std::vector<std::string> names;
  for (const auto& tensor : io::read_safetensors(folder / "x").tensors) names.push_back(tensor.name);
  CHECK(names == std::vector<std::string>{"bn1.weight", "bn2.weight", "bn1.running_mean", "bn1.running_var",
                                          "bn2.running_mean", "bn2.running_var", "bn1.weight_mask"});
  const Tensor handle = other.bn1.running_mean;
  io::load(other, folder / "x");
  CHECK(handle.to_vector() == std::vector<float>{1, 2});
  CHECK(other.bn1.running_mean.handle() == handle.handle());
  CHECK(other.bn1.running_var.to_vector() == std::vector<float>{1, 1});
  CHECK(other.bn2.running_var.to_vector() == std::vector<float>{3, 4});
  CHECK(other.bn1.weight.mask() == net.bn1.weight.mask());
}

TEST_CASE("io. PyTorch's num_batches_tracked is passed over where it belongs, and only there") {
  const std::string header = R"({"running_mean":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                             R"("running_var":{"dtype":"F32","shape":[2],"data_offsets":[8,16]},)"
                             R"("weight":{"dtype":"F32","shape":[2],"data_offsets":[16,24]},)";
  const std::string data = bytes_of<float>({1, 2, 3, 4, 5, 6}) + bytes_of<int64_t>({7});
  const auto with = [&](const std::string& name) {
    return file_of(header + "\"" + name + R"(":{"dtype":"I64","shape":[],"data_offsets":[24,32]}})", data);
  };
  Norm norm;
  CHECK(message_of(norm, with("num_batches_tracked")) == "no error");
  CHECK(norm.running_mean.to_vector() == std::vector<float>{1, 2});
  CHECK(norm.running_var.to_vector() == std::vector<float>{3, 4});
  CHECK(norm.weight.to_vector() == std::vector<float>{5, 6});
  CHECK(message_of(norm, with("x.num_batches_tracked")) ==
        "F does not fit the module: the module has no \"x.num_batches_tracked\"");
  CHECK(message_of(norm, with("running_mean_mask")) ==
        "F does not fit the module: the module has no \"running_mean_mask\"");
  Bag bag({{"w", ones({1})}});
  CHECK(message_of(bag, file_of(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                                R"("num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[4,12]}})",
                                bytes_of<float>({1}) + bytes_of<int64_t>({7}))) ==
        "F does not fit the module: the module has no \"num_batches_tracked\"");
}

TEST_CASE("io. buffers that do not fit are an error, and nothing changes") {
  const std::string two = bytes_of<float>({5, 6}), three = bytes_of<float>({5, 6, 7});
  struct Case {
    std::vector<Entry> entries;
    std::string message;
  };
  const std::vector<Case> cases = {
      {{{"weight", "[2]", two}, {"running_mean", "[2]", two}},
       "F does not fit the module: it lacks \"running_var\""},
      {{{"weight", "[2]", two}, {"running_mean", "[2]", two}, {"running_var", "[3]", three}},
       "tensor \"running_var\" has shape (3), the module expects (2)"},
      {{{"weight", "[2]", two}, {"running_mean", "[1,2]", two}, {"running_var", "[2]", two}},
       "tensor \"running_mean\" has shape (1, 2), the module expects (2)"},
      {{{"weight", "[3]", three}, {"running_mean", "[2]", two}, {"running_var", "[2]", two}},
       "tensor \"weight\" has shape (3), the module expects (2)"},
  };
  for (const Case& c : cases) {
    Norm norm;
    CHECK(message_of(norm, file_with(c.entries)) == c.message);
    CHECK(norm.weight.to_vector() == std::vector<float>{1, 1});
    CHECK(norm.running_mean.to_vector() == std::vector<float>{0, 0});
    CHECK(norm.running_var.to_vector() == std::vector<float>{1, 1});
  }
}
