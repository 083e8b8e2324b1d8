// Operations as no program calls them, but a file may: inputs that are missing, numbers of any size. Each is
// refused in one line; so are files that are small and make much.
#include <doctest/doctest.h>

#include <tinynn/graph/network.hpp>
#include <tinynn/graph/stored_graph.hpp>
#include <tinynn/io/checkpoint.hpp>
#include <tinynn/prune/mask_rules.hpp>

#include "tests/io/bag.hpp"
#include "tests/support/error_of.hpp"

using namespace tinynn;
using test::error_of;

namespace {

// What it says to run an operation on a picture %0 of (1, 2, 4, 4) and a weight w of (2, 2, 3, 3).
std::string refusal(const std::string& operation) {
  io::SafetensorsFile file;
  file.metadata["tinynn.graph"] = "in n,2,4,4;" + operation + ";out %1;also w";
  file.add("w", zeros({2, 2, 3, 3}));
  return error_of([&] {
    graph::Network net = io::load_network(file);
    net.eval();
    (void)net(net.blank());
  });
}

}  // namespace

TEST_CASE("graph. operations of a file have the inputs that they read") {
  for (const char* operation :
       {"relu", "sum keepdim=0", "reshape size=-1", "dropout p=0.5", "slice dim=0 begin=0 end=1 step=1"})
    CHECK(refusal(operation) == "an operation has 0 inputs, expected at least 1");
  CHECK(refusal("add %0") == "an operation has 1 inputs, expected at least 2");
  CHECK(refusal("matmul %0") == "an operation has 1 inputs, expected at least 2");
  CHECK(refusal("linear %0 w") == "an operation has 2 inputs, expected at least 3");
  CHECK(refusal("batch_norm %0 - - momentum=0.1 eps=1") == "an operation has 3 inputs, expected at least 4");
  CHECK(refusal("concat dim=0") == "concat: no tensors");
  CHECK(refusal("add %0 -").find("undefined") != std::string::npos);
}

TEST_CASE("graph. sizes of a file's convolutions and windows are no larger than images") {
  CHECK(refusal("conv2d %0 w - stride=1*2") == "no error");
  const auto conv = [](const std::string& settings) { return refusal("conv2d %0 w - " + settings); };
  for (const char* settings : {"stride=1e18*2", "stride=1*2 padding=1e18*4", "stride=1*2 dilation=1e18*2",
                               "stride=16777217*2", "stride=1*2 padding=16777217,0,0,0"})
    CHECK_MESSAGE(conv(settings).ends_with(": expected at most 2^24"), conv(settings));
  CHECK(conv("stride=-1e18*2").find("expected at least 1") != std::string::npos);
  CHECK(conv("stride=nan*2") == "an operation has an attribute that is not a number");
  CHECK(conv("stride=16777216*2 padding=16777216*4") == "no error");  // three places in each direction
  for (const char* pool : {"max_pool2d", "avg_pool2d"}) {
    const auto window = [&](const std::string& settings) {
      return refusal(std::string(pool) + " %0 count_include_pad=1 " + settings);
    };
    CHECK(window("kernel=2*2 stride=2*2") == "no error");
    CHECK(window("kernel=1e18*2 stride=1*2").ends_with(": expected at most 2^24"));
    CHECK(window("kernel=2*2 stride=1e18*2").ends_with(": expected at most 2^24"));
    CHECK(window("kernel=2*2 stride=1*2 padding=1e18*4").find("half the kernel") != std::string::npos);
  }
  CHECK(refusal("max_pool2d %0 kernel=2*2 stride=1*2 dilation=1e18*2").ends_with(": expected at most 2^24"));
  CHECK(refusal("adaptive_avg_pool2d %0 oh=1e18 ow=1").ends_with("must be at most 2^24 each"));
  CHECK(refusal("adaptive_avg_pool2d %0 oh=1 ow=16777217").ends_with("must be at most 2^24 each"));
}

TEST_CASE("graph. dimensions and numbers of a file's operations are such as there are") {
  for (const char* operation :
       {"transpose %0 dim=0,1,2,-9", "transpose %0 dim=1e18,0,1,2", "sum %0 dim=4 keepdim=0",
        "slice %0 dim=7 begin=0 end=1 step=1", "index_select %0 dim=9 index=0", "flatten %0 start=4",
        "concat %0 %0 dim=4", "max %0 dim=4 keepdim=0"})
    CHECK_MESSAGE(refusal(operation).starts_with("shape: no dimension "), refusal(operation));
  for (const char* dims : {"0", "0,1,2,3,0", "0,0,1,2", "0,1,2,3,0,1,2,3,0,1"})
    CHECK(refusal(std::string("transpose %0 dim=") + dims).find("expected each of its 4 once") !=
          std::string::npos);
  CHECK(refusal("softmax %0 dim=-5") == "softmax: no dimension -5 in (1, 2, 4, 4)");
  CHECK(refusal("transpose %0 dim=0,1,-1,2") == "no error");
  CHECK(refusal("chunk %0 dim=1 count=2 piece=2") == "chunk: no piece 2 of 2");
  CHECK(refusal("chunk %0 dim=1 count=2 piece=-1") == "chunk: no piece -1 of 2");
  CHECK(refusal("chunk %0 dim=1 count=2 piece=1e18").starts_with("chunk: no piece "));
  CHECK(refusal("slice %0 dim=1 begin=-1e18 end=1e18 step=1e18") == "no error");
  CHECK(refusal("mse_loss %0 %0 reduction=4") == "a loss has reduction 4, which there is not");
  CHECK(refusal("mse_loss %0 %0 reduction=-1") == "a loss has reduction -1, which there is not");
  CHECK(refusal("mse_loss %0 %0 reduction=3") == "no error");
  CHECK(refusal("dropout %0 p=nan").find("is not between 0 and 1") != std::string::npos);
}

TEST_CASE("graph. a shape without elements is no larger than data are") {
  CHECK(refusal("slice %0 dim=1 begin=0 end=0 step=1;reshape %1 size=1e15,0;relu %2") ==
        "shape: no elements, but sizes of 1000000000000000");
  CHECK(refusal("slice %0 dim=1 begin=0 end=0 step=1;reshape %1 size=0,1e18,1e18") ==
        "shape: too many elements");
  CHECK(refusal("slice %0 dim=1 begin=0 end=0 step=1;reshape %1 size=67108864,0;relu %2") == "no error");
  CHECK(error_of([] { (void)Shape{0, (1 << 26) + 1}; }).starts_with("shape: no elements"));
}

TEST_CASE("graph. a name that a graph's line cannot hold is refused in one line") {
  io_fixtures::Bag bag({{"a\nb", zeros({2})}});
  CHECK(error_of([&] {
          (void)io::to_file(bag, {.graph = graph::Example(zeros({1, 2}))});
        }) == "graph: a parameter or module cannot be saved under the name \"a?b\"");
}

TEST_CASE("io. a file of compressed tensors makes no more than its bytes can hold") {
  const auto file_of = [](int64_t elements, int tensors) {
    std::string line = "in n,1;relu %0;out %1";
    std::vector<std::pair<std::string, Tensor>> list;
    for (int i = 0; i < tensors; ++i) {
      list.emplace_back("w" + std::to_string(i), zeros({elements}));
      line += ";also w" + std::to_string(i);
    }
    io_fixtures::Bag bag(list);
    for (int i = 0; i < tensors; ++i) bag[static_cast<size_t>(i)].set_mask(Mask(Shape{elements}, false));
    auto file = io::to_file(bag, {.storage = io::Storage::compressed});
    file.metadata["tinynn.graph"] = line;
    return file;
  };
  const auto error = [](const io::SafetensorsFile& file) {
    return error_of([&] { (void)io::load_network(file); });
  };
  CHECK(error(file_of(1 << 18, 4)) == "no error");
  CHECK(error(file_of(1 << 20, 4)).starts_with("safetensors: its compressed tensors have more than "));
}
