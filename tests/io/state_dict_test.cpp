// Weights as PyTorch's users have them: .pt files, prefixes, masks of torch.nn.utils.prune, what fits.
#include <fstream>

#include <doctest/doctest.h>

#include <tinynn/io/state_dict.hpp>
#include <tinynn/io/stored_forms.hpp>

#include "tests/io/bag.hpp"
#include "tests/io/pickle_writer.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace tinynn;
using namespace pickles;
using io_fixtures::Bag;
using io_fixtures::mask_of;
using test::error_of;
using Floats = std::vector<float>;

namespace {

const std::string six = bytes_of<float>({0, 1, 2, 3, 4, 5});

io::SafetensorsFile read_bytes(const std::string& bytes) {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "w.pt", std::ios::binary) << bytes;
  auto file = io::read_weights(folder / "w.pt");
  file.name = "F";
  return file;
}

// What is said after the file's name.
std::string refusal(const std::string& bytes) {
  const std::string message = error_of([&] { read_bytes(bytes); });
  const auto name = message.find("w.pt");
  return name == std::string::npos ? message : message.substr(name + 4);
}

io::SafetensorsFile read(const std::string& value, const std::vector<std::string>& storages = {six}) {
  return read_bytes(torch_file(value, storages));
}

Floats values(const io::SafetensorsFile& file, const std::string& name) {
  return file.tensor(name).to_vector();
}

std::string view(int64_t offset, const std::vector<int64_t>& sizes, const std::vector<int64_t>& strides) {
  return tensor(storage("FloatStorage", "0"), offset, sizes, strides);
}
std::string refusal_of(const std::string& value, const std::vector<std::string>& storages = {six}) {
  return refusal(torch_file(dict({{"w", value}}), storages));
}

// The same tensors as a safetensors file of another program.
io::SafetensorsFile read_safetensors_of(const std::vector<std::pair<std::string, Tensor>>& tensors) {
  const test::TemporaryFolder folder;
  io::SafetensorsFile file;
  for (const auto& [name, value] : tensors) file.add(name, value);
  io::write_safetensors(file, folder / "w");
  auto result = io::read_weights(folder / "w");
  result.name = "F";
  return result;
}

std::vector<std::string> names(const io::SafetensorsFile& file) {
  std::vector<std::string> result;
  for (const auto& tensor : file.tensors) result.push_back(tensor.name);
  return result;
}

}  // namespace

TEST_CASE("io. a state dict's tensors are views of storages") {
  const auto file = read(dict({{"whole", view(0, {2, 3}, {3, 1})},
                               {"turned", view(0, {3, 2}, {1, 3})},
                               {"column", view(1, {2}, {3})},
                               {"last", view(5, {}, {})},
                               {"same", view(2, {2, 2}, {0, 1})},
                               {"none", view(6, {0, 3}, {3, 1})}}));
  CHECK(values(file, "whole") == Floats{0, 1, 2, 3, 4, 5});
  CHECK(values(file, "turned") == Floats{0, 3, 1, 4, 2, 5});
  CHECK(file.find("turned")->shape == Shape{3, 2});
  CHECK(values(file, "column") == Floats{1, 4});
  CHECK(file.find("last")->shape == Shape{});
  CHECK(values(file, "last") == Floats{5});
  CHECK(values(file, "same") == Floats{2, 3, 2, 3});
  CHECK(values(file, "none").empty());
  CHECK(read(dict({{"w", view(0, {3, 0}, {1, 1})}}), {""}).find("w")->shape == Shape{3, 0});
}

TEST_CASE("io. a state dict's tensors stay in their storages") {
  const std::string beyond = ": tensor \"w\" reaches beyond its storage of 6 elements";
  constexpr int64_t huge = int64_t{1} << 62;
  for (const std::string& wrong :
       {view(0, {7}, {1}), view(1, {6}, {1}), view(6, {}, {}), view(-1, {1}, {1}), view(0, {2, 3}, {4, 1}),
        view(5, {2}, {-1}), view(0, {-1}, {1}), view(0, {huge, huge}, {0, 0}), view(0, {2}, {huge}),
        view(huge, {1}, {1}), view(0, {3, 3}, {0, 1})})
    CHECK(refusal_of(wrong) == beyond);
  CHECK(refusal_of(view(0, {2}, {1}), {}) == ": no storage \"0\" in the archive");
  CHECK(refusal_of(tensor(storage("ComplexFloatStorage", "0"), 0, {1}, {1})) ==
        ": tensor \"w\" is of \"torch ComplexFloatStorage\", which is not supported");
}

TEST_CASE("io. a state dict's types") {
  const auto of = [](const std::string& type, const std::string& bytes) {
    return read(dict({{"w", tensor(storage(type, "0"), 0, {2}, {1})}}), {bytes});
  };
  CHECK(values(of("DoubleStorage", bytes_of<double>({0.5, -3})), "w") == Floats{0.5, -3});
  CHECK(values(of("HalfStorage", bytes_of<uint16_t>({0x3C00, 0xC000})), "w") == Floats{1, -2});
  CHECK(values(of("BFloat16Storage", bytes_of<uint16_t>({0x3F80, 0xC000})), "w") == Floats{1, -2});
  for (const auto& [type, dtype] : {std::pair{"LongStorage", io::Dtype::i64},
                                    {"IntStorage", io::Dtype::i32},
                                    {"ShortStorage", io::Dtype::i16},
                                    {"CharStorage", io::Dtype::i8},
                                    {"ByteStorage", io::Dtype::u8},
                                    {"BoolStorage", io::Dtype::boolean}}) {
    const auto file = of(type, std::string(16, '\1'));
    CHECK(file.find("w")->dtype == dtype);
    CHECK(std::ssize(file.find("w")->bytes) == 2 * io::dtype_bytes(dtype));
  }
}

TEST_CASE("io. where a .pt file has its state dict") {
  const std::string w = dict({{"w", view(0, {2}, {1})}});
  for (const char* key : {"state_dict", "model_state_dict", "model", "net"})
    CHECK(values(read(dict({{"epoch", "K\5"}, {key, w}})), "w") == Floats{0, 1});
  // extra state of a module is no tensor, and is left out
  CHECK(names(read(dict({{"a", "K\1"}, {"w", view(0, {2}, {1})}, {"b", dict({})}}))) ==
        std::vector<std::string>{"w"});
  CHECK(refusal(torch_file(dict({{"weights", w}, {"n", "K\1"}}), {six})) ==
        ": it holds no tensors, at most under \"weights\", \"n\"");
  CHECK(refusal(torch_file("}", {})) == ": it holds no tensors, at most under nothing");
  CHECK(refusal(torch_file("]", {})) == ": it holds no dictionary; save model.state_dict(), not the model");
  CHECK(refusal(torch_file(dict({{"w", view(0, {1}, {1})}, {"w", view(1, {1}, {1})}}), {six})) ==
        ": two tensors \"w\"");
  CHECK(refusal(torch_file(global("my", "Net"), {})) ==
        ": data.pkl, byte 10: asks for \"my Net\", which no state dict needs");
  CHECK(refusal(fixtures::zip({{"a/b", "c"}})) == ": no data.pkl in the archive, which torch.save() writes");
  CHECK(refusal(fixtures::zip({{"a/data.pkl", whole_file(w)}, {"a/byteorder", "big"}, {"a/data/0", six}})) ==
        ": its numbers are not little-endian");
}

TEST_CASE("io. a .pt file takes memory of its own size") {
  const std::string zeros(std::size_t{4} << 20, '\0');
  const std::string large = tensor(storage("FloatStorage", "0"), 0, {1 << 20}, {1});
  CHECK(values(read(dict({{"w", large}}), {zeros}), "w").size() == 1 << 20);
  CHECK(refusal(torch_file(dict({{"w", large}}), {zeros}, {.deflated = true})) ==
        ": what it holds would take more than sixteen times its size");
  std::vector<std::pair<std::string, std::string>> often;  // the same storage, again and again
  for (int i = 0; i < 40; ++i) often.emplace_back("w" + std::to_string(i), large);
  CHECK(refusal(torch_file(dict(often), {zeros})) ==
        ": what it holds would take more than sixteen times its size");
  often.resize(8);
  CHECK(read(dict(often), {zeros}).tensors.size() == 8);
  const std::string pickle = std::string(100000, ']') + "}";
  CHECK(refusal(torch_file(pickle, {}, {.deflated = true}))
            .ends_with(" bytes is more than sixteen times the file"));
}

TEST_CASE("io. prefixes of DataParallel and torch.compile go") {
  const Tensor x = tensor({1, 2});
  CHECK(names(read_safetensors_of({{"module.a.weight", x}, {"module.a.bias", x}})) ==
        std::vector<std::string>{"a.weight", "a.bias"});
  CHECK(names(read_safetensors_of({{"module.module.a", x}})) == std::vector<std::string>{"a"});
  CHECK(names(read_safetensors_of({{"module.module.a", x}, {"module.b", x}})) ==
        std::vector<std::string>{"module.a", "b"});
  CHECK(names(read_safetensors_of({{"b", x}, {"module.a", x}})) == std::vector<std::string>{"b", "module.a"});
  CHECK(names(read_safetensors_of({{"module.a", x}, {"b", x}})) ==  // a layer of that name
        std::vector<std::string>{"module.a", "b"});
  CHECK(names(read_safetensors_of({{"_orig_mod.a", x}, {"b._orig_mod.c", x}})) ==
        std::vector<std::string>{"a", "b.c"});
  CHECK(names(read_safetensors_of({{"module._orig_mod.a", x}, {"_orig_mod.module.b", x}})) ==
        std::vector<std::string>{"a", "b"});
}

TEST_CASE("io. tensors that differ in prefixes alone are refused, and long names take no time") {
  const Tensor x = tensor({1, 2});
  const std::string message = error_of([&] { read_safetensors_of({{"a", x}, {"_orig_mod.a", x}}); });
  CHECK(message.ends_with(": two tensors \"a\", but for their prefixes"));
  std::string compiled, parallel;
  for (int i = 0; i < 200000; ++i) compiled += "_orig_mod.", parallel += "module.";
  CHECK(names(read_safetensors_of({{parallel + compiled + "a", x}})) == std::vector<std::string>{"a"});
}

TEST_CASE("io. pairs of torch.nn.utils.prune become a value and its mask") {
  const auto file = read_safetensors_of({{"fc.weight_orig", tensor({1, 2, 3, 4}, {2, 2})},
                                         {"fc.weight_mask", tensor({1, 0, 0, 1}, {2, 2})},
                                         {"fc.bias", tensor({5, 6})}});
  Bag bag({{"fc.weight", zeros({2, 2})}, {"fc.bias", zeros({2})}});
  io::load(bag, file);
  CHECK(bag[0].to_vector() == Floats{1, 0, 0, 4});
  CHECK(bag[0].mask() == mask_of({2, 2}, {1, 0, 0, 1}));
  CHECK_FALSE(bag[1].mask().defined());
  const auto wrong = [](const Tensor& value, const Tensor& mask) {
    const std::string message = error_of([&] { read_safetensors_of({{"w_orig", value}, {"w_mask", mask}}); });
    return message.substr(message.find(": "));
  };
  CHECK(wrong(tensor({1, 2, 3}), tensor({1, 0.5, 0})) ==
        ": tensor \"w_mask\" has 0.5 at element 1, expected 0 or 1");
  CHECK(wrong(tensor({1, 2, 3}), tensor({1, 0, 2})) ==
        ": tensor \"w_mask\" has 2 at element 2, expected 0 or 1");
  CHECK(wrong(tensor({1, 2, 3}), tensor({1, std::nanf(""), 0})).find("has nan at element 1") !=
        std::string::npos);
  CHECK(wrong(tensor({1, 2, 3}), tensor({1, 0})) == ": tensor \"w_mask\" has shape (2), \"w_orig\" has (3)");
  // What is no pair stays as it is: an original without a mask, or with the product beside it.
  CHECK(names(read_safetensors_of({{"w_orig", tensor({1})}, {"v_mask", tensor({1})}})) ==
        std::vector<std::string>{"w_orig", "v_mask"});
  CHECK(read_safetensors_of({{"w_orig", tensor({1})}, {"w_mask", tensor({1})}, {"w", tensor({1})}})
            .tensors.size() == 3);
}

TEST_CASE("io. what fits is loaded, and the rest named") {
  Bag saved({{"same", tensor({1, 2, 3, 4})}, {"smaller", tensor({1, 2})}, {"only_there", tensor({9})}});
  saved[0].set_mask(mask_of({4}, {0, 1, 1, 0}));
  saved[1].set_mask(mask_of({2}, {0, 1}));
  for (const auto storage : {io::Storage::dense, io::Storage::compressed}) {
    Bag bag({{"same", tensor({5, 5, 5, 5})}, {"smaller", tensor({6, 6, 6})}, {"only_here", tensor({7})}});
    bag[1].set_mask(mask_of({3}, {1, 1, 0}));
    auto file = io::to_file(saved, {.storage = storage});
    file.name = "F";
    file.add("bn.num_batches_tracked", tensor({3}));  // is no loss
    CHECK(io::load_what_fits(bag, file) ==
          std::vector<std::string>{"\"smaller\" has shape (2) in the file, (3) here",
                                   "\"only_here\" is not in the file",
                                   "\"only_there\" of the file is not here"});
    CHECK(bag[0].to_vector() == Floats{0, 2, 3, 0});
    CHECK(bag[0].mask() == mask_of({4}, {0, 1, 1, 0}));
    CHECK(bag[1].to_vector() == Floats{6, 6, 0});  // stays, mask and all
    CHECK(bag[1].mask() == mask_of({3}, {1, 1, 0}));
    CHECK(bag[2].to_vector() == Floats{7});
  }
}

TEST_CASE("io. a mask of before goes when what fits has none") {
  Bag saved({{"w", tensor({1, 2})}}), bag({{"w", tensor({5, 5})}});
  bag[0].set_mask(mask_of({2}, {0, 1}));
  CHECK(io::load_what_fits(bag, io::to_file(saved)).empty());
  CHECK(bag[0].to_vector() == Floats{1, 2});
  CHECK_FALSE(bag[0].mask().defined());
}

TEST_CASE("io. what fits but is damaged changes nothing") {
  Bag saved({{"w", tensor({std::nanf(""), 2})}}), bag({{"w", tensor({5, 5})}});
  auto file = io::to_file(saved);
  file.name = "F";
  CHECK(error_of([&] { io::load_what_fits(bag, file); }) ==
        "F: tensor \"w\" has 1 values that are NaN, the first at element 0");
  CHECK(bag[0].to_vector() == Floats{5, 5});
  file = {};
  file.name = "F";
  file.tensors.push_back(io::stored_tensor("w_compressed", io::Dtype::u8, std::vector<uint8_t>{1, 2, 3}));
  CHECK(error_of([&] { io::load_what_fits(bag, file); }).starts_with("F: tensor \"w_compressed\""));
  CHECK(bag[0].to_vector() == Floats{5, 5});
}
