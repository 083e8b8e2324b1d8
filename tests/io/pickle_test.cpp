// Pickles instruction by instruction: what is taken, and what is refused with which words.
#include <doctest/doctest.h>

#include <tinynn/io/pickle.hpp>

#include "tests/io/pickle_writer.hpp"
#include "tests/support/error_of.hpp"

using tinynn::io::detail::Pickled;
using namespace pickles;
using Kind = Pickled::Kind;

namespace {

Pickled::Pointer read(const std::string& instructions) {
  const std::string bytes = instructions + '.';
  return tinynn::io::detail::unpickled({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, "P");
}

std::string refusal(const std::string& instructions) {
  return test::error_of([&] { read(instructions); });
}

std::vector<double> numbers_in(const Pickled::Pointer& list) {
  std::vector<double> result;
  for (const auto& item : list->items) result.push_back(item->number);
  return result;
}

// "]" in "]" in "]" ...: as many lists.
std::string nested(int lists) { return std::string(lists, ']') + std::string(lists - 1, 'a'); }

}  // namespace

TEST_CASE("io. a pickle's numbers, texts and truth values") {
  CHECK(read("N")->kind == Kind::nothing);
  CHECK(read("\x88")->whole == 1);
  CHECK(read("\x89")->whole == 0);
  CHECK(read("K\xC8")->whole == 200);
  CHECK(read("M" + little(40000, 2))->whole == 40000);
  CHECK(read("J" + little(static_cast<uint64_t>(-5), 4))->whole == -5);
  CHECK(read(std::string("\x8a\x00", 2))->whole == 0);
  CHECK(read("\x8a\x01\xFF")->whole == -1);
  CHECK(read(std::string("\x8a\x02\xFF\x00", 4))->whole == 255);
  CHECK(read(whole(-1234567890123))->whole == -1234567890123);
  CHECK(read(whole(-1234567890123))->number == -1234567890123.0);
  CHECK(read(std::string("G\x3F\xF8\0\0\0\0\0\0", 9))->number == 1.5);
  CHECK(read(text("weight"))->text == "weight");
  CHECK(read("\x8c\x03\xC3\xA9!")->text == "\xC3\xA9!");
  CHECK(read(text(""))->kind == Kind::text);
}

TEST_CASE("io. a pickle's lists, tuples and dictionaries") {
  CHECK(numbers_in(read("]K\1aK\2a")) == std::vector<double>{1, 2});
  CHECK(numbers_in(read("](K\1K\2K\3e")) == std::vector<double>{1, 2, 3});
  CHECK(numbers_in(read("K\1\x85")) == std::vector<double>{1});
  CHECK(numbers_in(read("K\1K\2\x86")) == std::vector<double>{1, 2});
  CHECK(numbers_in(read("K\1K\2K\3\x87")) == std::vector<double>{1, 2, 3});
  CHECK(numbers_in(read("(K\1K\2K\3K\4t")) == std::vector<double>{1, 2, 3, 4});
  CHECK(read(")")->items.empty());
  const auto one = read("}" + text("a") + "K\7s");
  CHECK(one->find("a")->whole == 7);
  CHECK(one->find("b") == nullptr);
  const auto two = read("}(K\5K\6" + text("b") + "K\x08u");  // a key that is no text is not found by one
  CHECK(two->entries.size() == 2);
  CHECK(two->find("b")->whole == 8);
  CHECK(read(call(global("collections", "OrderedDict"), ""))->kind == Kind::dict);
  CHECK(numbers_in(read(call(global("torch", "Size"), "(K\2K\3t"))) == std::vector<double>{2, 3});
}

TEST_CASE("io. a pickle of protocol 4, with frames and names on the stack") {
  const auto dict =
      read("\x80\x04\x95" + little(30, 8) + "\x8c\x0B" + "collections" + "\x94\x8c\x0BOrderedDict" +
           "\x94\x93\x94)R\x94(\x8c\x01"
           "aK\1u}\x8c\x09_metadataNsb");
  CHECK(dict->kind == Kind::dict);
  CHECK(dict->find("a")->whole == 1);
  CHECK(dict->find("_metadata") == nullptr);  // an attribute
}

TEST_CASE("io. a pickle remembers") {
  CHECK(numbers_in(read("](K\7q\5h\5h\5e")) == std::vector<double>{7, 7, 7});
  CHECK(numbers_in(read("](K\7r" + little(9, 4) + "j" + little(9, 4) + "e")) == std::vector<double>{7, 7});
  CHECK(numbers_in(read("](K\7\x94K\x08\x94h\1h" + std::string(1, '\0') + "e")) ==
        std::vector<double>{7, 8, 8, 7});                                           // MEMOIZE counts on
  CHECK(numbers_in(read("](K\7q\1K\x08q\1h\1e")) == std::vector<double>{7, 8, 8});  // the last holds
  CHECK(refusal("h\5") == "P, byte 2: recalls number 5, which is not there");
  CHECK(refusal("Nr" + little(1000, 4)) == "P, byte 6: remembers under number 1000");
  CHECK(refusal("q\1") == "P, byte 2: takes from an empty stack");
}

TEST_CASE("io. a pickle's tensors") {
  const auto t = read(parameter(tensor(storage("HalfStorage", "12", 6), 2, {2, 3}, {3, 1})));
  REQUIRE(t->kind == Kind::tensor);
  CHECK(t->storage->text == "12");
  CHECK(t->storage->items[0]->text == "torch HalfStorage");
  CHECK(t->offset == 2);
  CHECK(t->sizes == std::vector<int64_t>{2, 3});
  CHECK(t->strides == std::vector<int64_t>{3, 1});
  const std::string rebuild = global("torch._utils", "_rebuild_tensor_v2"), of = storage("FloatStorage", "0");
  const auto otherwise = [&](const std::string& arguments) { return refusal(call(rebuild, arguments)); };
  for (const std::string& arguments :
       {std::string(), of + "K\1" + numbers({1}), text("0") + "K\1" + numbers({1}) + numbers({1}),
        of + "N" + numbers({1}) + numbers({1}), of + "K\1N" + numbers({1}), of + "K\1" + numbers({1}) + "N",
        of + "K\1" + numbers({1, 2}) + numbers({1})})
    CHECK(otherwise(arguments).ends_with(": rebuilds a tensor otherwise than PyTorch does"));
  const std::string half("G\x3F\xE0\0\0\0\0\0\0", 9);
  CHECK(otherwise(of + half + numbers({1}) + numbers({1})).ends_with("otherwise than PyTorch does"));
  for (const std::string& list : {std::string("(Nt"), std::string("(]t"), "(" + half + "t"}) {
    CHECK(otherwise(of + "K\1" + list + numbers({1})).ends_with("whose size or stride is no whole number"));
    CHECK(otherwise(of + "K\1" + numbers({1}) + list).ends_with("whose size or stride is no whole number"));
  }
  const std::vector<int64_t> nine(9, 1);
  CHECK(otherwise(of + "K\1" + numbers(nine) + numbers(nine))
            .ends_with("rebuilds a tensor of 9 dimensions, expected up to 8"));
  for (const std::string& id : {tuple(text("storage") + global("torch", "FloatStorage") + text("0")),
                                tuple(text("storage") + text("FloatStorage") + text("0") + "NN"),
                                tuple(text("storage") + global("torch", "FloatStorage") + "K\1NN")})
    CHECK(refusal(id + "Q").ends_with(": names a storage otherwise than PyTorch does"));
  CHECK(refusal("NQ").ends_with(": has no tuple where one is expected"));
}

TEST_CASE("io. a pickle that asks for anything else is refused") {
  CHECK(refusal(global("os", "system")) == "P, byte 11: asks for \"os system\", which no state dict needs");
  CHECK(refusal(global("torch", "load")).ends_with("asks for \"torch load\", which no state dict needs"));
  CHECK(refusal(global("torchStorage", "x")).find("asks for") != std::string::npos);
  CHECK(refusal(text("posix") + text("system") + "\x93")
            .ends_with("asks for \"posix system\", which no state dict needs"));
  CHECK(refusal(global("o\x1Bs", "a")).find("\"o?s a\"") != std::string::npos);
  CHECK(refusal(call(global("torch", "FloatStorage"), "")).ends_with(": calls \"torch FloatStorage\""));
  CHECK(refusal(call(global("collections", "OrderedDict"), ")"))
            .ends_with(": makes an OrderedDict of something"));
  for (const char* name : {"_rebuild_parameter"})
    CHECK(refusal(call(global("torch._utils", name), "")).ends_with(" without arguments"));
  CHECK(refusal(call(global("torch", "Size"), "")).ends_with(": calls \"torch Size\" without arguments"));
  CHECK(refusal("K\1)R").ends_with(": has no function where one is expected"));
  CHECK(refusal(global("torch", "Size") + "NR").ends_with(": has no tuple where one is expected"));
  CHECK(refusal("N" + text("a") + "\x93").ends_with(": has no text where one is expected"));
  for (const char code : {'i', 'o', '\x81', '\x92', 'V', 'I', '\x8b', '\x8f', 'l', '0', '2'}) {
    const std::string message = refusal(std::string("N") + code);
    CHECK(message == "P, byte 2: has instruction " + std::to_string(static_cast<uint8_t>(code)) +
                         ", which no state dict needs");
  }
}

TEST_CASE("io. a pickle that is damaged is refused") {
  for (const std::string& cut :
       {std::string("\x80"), std::string("\x95\1"), std::string("X\1\0"), "X" + little(0xFFFFFFFF, 4) + "a",
        std::string("\x8c\5ab"), std::string("K"), std::string("M\1"), std::string("J\1\1\1"),
        std::string("\x8a\4\1"), std::string("G\1"), std::string("cos\nsystem"), std::string("cos"),
        std::string("q"), std::string("h"), std::string("j\1")}) {
    const std::span bytes(reinterpret_cast<const uint8_t*>(cut.data()), cut.size());
    const std::string message = test::error_of([&] { tinynn::io::detail::unpickled(bytes, "P"); });
    CHECK_MESSAGE(message.ends_with(": ends early"), message);
  }
  CHECK(test::error_of([] { tinynn::io::detail::unpickled({}, "P"); }) == "P, byte 0: ends early");
  CHECK(refusal("").ends_with(": takes from an empty stack"));
  CHECK(refusal("a").ends_with(": takes from an empty stack"));
  CHECK(refusal("]K\1(a").ends_with(": takes from an empty stack"));  // not what is below a mark
  CHECK(refusal("t").ends_with(": takes to a mark that is not there"));
  CHECK(refusal("u").ends_with(": takes to a mark that is not there"));
  CHECK(refusal("}(K\1u").ends_with(": has a key without a value"));
  CHECK(refusal("NNa").ends_with(": appends to what is no list, or is in something else already"));
  CHECK(refusal("}Na").ends_with(": appends to what is no list, or is in something else already"));
  CHECK(refusal("]NNs").ends_with(
      ": puts an item into what is no dictionary, or is in something else already"));
  CHECK(refusal("\x8a\x09"
                "123456789")
            .ends_with(": has a number of 9 bytes"));
}

TEST_CASE("io. a pickle is nested up to 100 deep, and in no circle") {
  CHECK(read(nested(100))->depth == 100);
  CHECK(refusal(nested(101)).ends_with(": is nested more than 100 deep"));
  std::string tuples = ")";
  for (int i = 1; i < 100; ++i) tuples += '\x85';
  CHECK(read(tuples)->depth == 100);
  CHECK(refusal(tuples + '\x85').ends_with(": is nested more than 100 deep"));
  CHECK(refusal("]q\1h\1a").ends_with("deep"));                                  // in itself
  CHECK(refusal("]q\1]q\2ah\2h\1a").ends_with("is in something else already"));  // in what it holds
  CHECK(refusal("}q\1" + text("a") + "}q\2sh\2" + text("b") + "h\1s")
            .ends_with("is in something else already"));
  CHECK(read("](]q\1h\1h\1e")->items.size() == 3);  // more than once is no circle
}
