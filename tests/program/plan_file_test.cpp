#include <bit>
#include <cstring>
#include <fstream>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/export/compile.hpp>
#include <tinynn/export/quantize.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/program/check_plan.hpp>
#include <tinynn/program/live_tensor.hpp>
#include <tinynn/program/plan_file.hpp>
#include <tinynn/prune/iterate.hpp>

#include "tests/support/compare.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/random_network.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace tinynn;

namespace {

// Every other one in eight bits, two of four pruned.
deploy::Plan random_plan(uint64_t seed) {
  manual_seed(seed);
  test::RandomNetwork net(seed);
  if (seed % 4 > 1) prune::prune(prune::weights(net), prune::fraction(0.9));
  const Tensor images = test::Draw(seed).tensor({2, 2, 8, 8});
  auto plan = deploy::plan(net, images);
  return seed % 2 == 0 ? deploy::quantize(std::move(plan), images) : plan;
}

std::vector<std::byte> bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

}  // namespace

TEST_CASE("program. a plan's file gives the program back, with the same bits, and the same file again") {
  const test::TemporaryFolder folder;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    const auto plan = random_plan(seed);
    deploy::save(plan, folder / "a", {{"card", "1"}});
    const auto loaded = deploy::load(folder / "a");
    deploy::save(loaded, folder / "b", {{"card", "1"}});
    CHECK(bytes_of(folder / "a") == bytes_of(folder / "b"));
    const Tensor x = test::Draw(seed).tensor({5, 2, 8, 8});
    CHECK(deploy::Program(loaded)(x).to_vector() == deploy::Program(plan)(x).to_vector());
  }
}

TEST_CASE("program. pruned weights take a plan's file little room, and keep their bits") {
  const test::TemporaryFolder folder;
  test::Draw draw(1);
  for (const double zeros : {0.0, 0.1, 0.5, 0.9, 0.98, 1.0}) {
    CAPTURE(zeros);
    deploy::Plan plan;
    plan.values = {Shape{97}, Shape{301}};
    plan.output = 1;
    plan.steps = {{.kind = &deploy::steps::linear,
                   .inputs = {0},
                   .output = 1,
                   .weight = draw.tensor({301, 97}),
                   .bias = draw.tensor({301})}};
    float* weight = plan.steps[0].weight.mutable_data();
    int64_t live = 0;
    for (int64_t i = 0; i < 301 * 97; ++i) {
      if (draw.chance(zeros)) weight[i] = 0;
      if (i % 1000 == 999) weight[i] = -0.0F;  // has a bit
      live += std::bit_cast<uint32_t>(weight[i]) != 0 ? 1 : 0;
    }
    deploy::save(plan, folder / "plan");
    const Tensor loaded = deploy::load(folder / "plan").steps[0].weight;
    CHECK(loaded.shape() == Shape{301, 97});
    CHECK(std::memcmp(loaded.data(), weight, sizeof(float) * 301 * 97) == 0);
    // Half a byte for each live element, and for each fifteen dead ones.
    const int64_t bytes = 4 * live + (live + 301 * 97 / 15) / 2, rest = 301 * 4 + 1000;
    CHECK(static_cast<int64_t>(std::filesystem::file_size(folder / "plan")) < bytes + rest);
  }
}

TEST_CASE("program. live elements, gaps and shape of a tensor that do not fit") {
  const auto found = [](const std::vector<float>& live, const std::vector<uint8_t>& gaps,
                        const std::vector<int64_t>& shape) {
    io::SafetensorsFile file;
    file.tensors = {io::stored_tensor("w", io::Dtype::f32, live),
                    io::stored_tensor("w.gaps", io::Dtype::u8, gaps),
                    io::stored_tensor("w.shape", io::Dtype::i64, shape)};
    return io::elements<float>(*deploy::find_whole(file, "w"));
  };
  CHECK(found({7, 8}, {0x21}, {2, 3}) == std::vector<float>{0, 7, 0, 0, 8, 0});
  CHECK(found({7}, {0x1F}, {17}) == [] {
    std::vector<float> all(17);
    all[16] = 7;
    return all;
  }());
  const auto refusal = [](const std::string& name, std::vector<io::StoredTensor> tensors) {
    io::SafetensorsFile file;
    file.tensors = std::move(tensors);
    try {
      (void)deploy::find_whole(file, name);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  const auto live = io::stored_tensor("w", io::Dtype::f32, std::vector<float>{7, 8});
  const auto gaps = [](const std::vector<uint8_t>& of) {
    return io::stored_tensor("w.gaps", io::Dtype::u8, of);
  };
  const auto shape = [](int64_t n) { return io::stored_tensor("w.shape", io::Dtype::i64, std::vector{n}); };
  CHECK(refusal("w", {live, gaps({0x21}), shape(5)}) == "accepted");
  CHECK(refusal("w", {live, gaps({0x21}), shape(4)}) == "tensor \"w\": gaps lead to element 4 of (4)");
  CHECK(refusal("w", {live, gaps({}), shape(2)}) == "tensor \"w\": gaps lead to 0 of 2 live elements");
  CHECK(refusal("w", {live, gaps({0xF1}), shape(2)}) == "tensor \"w\": gaps lead to 1 of 2 live elements");
  CHECK(refusal("w", {live, gaps({0x21}), shape(int64_t{1} << 40)}) ==
        "tensor \"w\": 1 bytes of gaps are too few for (1099511627776)");
  CHECK(refusal("w", {live, gaps({0x21})}) == "tensor \"w\": expected gaps in U8 and a shape in I64");
  CHECK(refusal("w", {live, shape(2)}) == "tensor \"w\": expected gaps in U8 and a shape in I64");
}

TEST_CASE("program. images as they are, normalised inside the program") {
  manual_seed(1);
  const auto net = models::make("simple-cnn");
  const Tensor pixels = test::Draw(2).tensor({3, 1, 28, 28});
  const auto plan = deploy::plan(*net, pixels);
  Tensor normalised = pixels.clone();
  for (int64_t i = 0; i < pixels.numel(); ++i)
    normalised.mutable_data()[i] = (pixels.data()[i] - 0.1307F) / 0.3081F;
  const deploy::Program raw(deploy::with_normalization(plan, {0.1307}, {0.3081}));
  CHECK(test::difference(raw(pixels).values(), deploy::Program(plan)(normalised).values(), 1e-4) == "");
  CHECK_THROWS_WITH_AS(
      deploy::with_normalization(plan, {0, 0}, {1}),
      "with_normalization: 2 means and 1 deviations for 1 channels, expected as many or one, and "
      "deviations above 0",
      Error);
}

TEST_CASE("program. damaged plan files are refused or run, and nothing else happens") {
  const test::TemporaryFolder folder;
  test::Draw draw(7);
  int refused = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    if (trial % 100 == 0) deploy::save(random_plan(static_cast<uint64_t>(trial / 100) + 1), folder / "plan");
    auto bytes = bytes_of(folder / "plan");
    const auto header = std::min<int64_t>(static_cast<int64_t>(bytes.size()), 3000);
    const int64_t changes = draw.between(1, 3);
    for (int64_t k = 0; k < changes; ++k)
      bytes[draw.between(8, header - 1)] =
          static_cast<std::byte>(draw.coin() ? draw.between('0', '9') : draw.between(32, 126));
    try {
      const deploy::Program program(deploy::load(io::parse_safetensors(bytes)));
      std::vector<float> x(static_cast<size_t>(program.input_shape().numel() * 5));
      std::vector<float> y(static_cast<size_t>(program.output_shape().numel() * 5));
      program.run(5, x.data(), y.data());
    } catch (const Error&) {
      ++refused;
    }
  }
  CHECK(refused > 1000);
  CHECK(refused < 3000);
}

TEST_CASE("program. a plan's text costs no more stack and memory than a plan does") {
  const auto refused = [](const std::string& text) {
    io::SafetensorsFile file;
    file.metadata["tinynn.plan"] = text;
    try {
      (void)deploy::load(file);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  CHECK(refused(R"({"input":)" + std::string(1'000'000, '[') + std::string(1'000'000, ']') + "}") ==
        "safetensors: metadata \"tinynn.plan\": nested more than 4 deep");
  CHECK(refused(std::string(5'000'000, ' ')) ==
        "safetensors: metadata \"tinynn.plan\": 5000000 bytes, expected at most 4194304");
  CHECK(refused(R"({"input":"0"})") == "safetensors: a string where a whole number is expected");
  CHECK(
      refused(R"({"input":0,"output":0,"values":[],"steps":[{"kind":")" + std::string(5000, 'x') + R"("}]})")
          .size() < 300);
  CHECK(refused("\"" + std::string(5000, 'x')).size() < 300);
}

TEST_CASE("program. a step whose padding makes a small image large is refused") {
  deploy::Plan plan;
  plan.values = {Shape{1, 1, 1}, Shape{1, 3, 3}};
  plan.output = 1;
  plan.steps = {{.kind = &deploy::steps::conv2d,
                 .inputs = {0},
                 .output = 1,
                 .weight = zeros({1, 1, 1, 1}),
                 .bias = zeros({1}),
                 .stride = 1 << 23,
                 .padding = 1 << 23}};
  CHECK_THROWS_WITH_AS(
      deploy::check_plan(plan),
      "plan: step 0, conv2d: shape (1, 1, 1) with padding 8388608, expected not more than 2^24 numbers",
      Error);
  plan.steps[0].padding = 0;
  plan.steps[0].groups = int64_t{1} << 62;
  plan.steps[0].weight = zeros({1, 4, 1, 1});  // 4 * 2^62 would be 0
  CHECK_THROWS_AS(deploy::check_plan(plan), Error);
}

TEST_CASE("program. a step that does not fit is refused by number and kind") {
  auto plan = random_plan(1);
  const auto refused = [](const deploy::Plan& broken) {
    try {
      deploy::check_plan(broken);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  CHECK(refused(plan) == "accepted");
  auto broken = plan;
  broken.steps.back().weight_scales = {1, 1, 1};
  CHECK(refused(broken).find("linear: 3 scales of a weight, expected 0") != std::string::npos);
  broken = plan;
  broken.steps.back().inputs = {broken.output};
  CHECK(refused(broken).find("is not there by then") != std::string::npos);
  broken = plan;
  broken.steps.back().bias = zeros({17});
  CHECK(refused(broken).find("linear: bias of shape (17), expected (3)") != std::string::npos);
  broken = plan;
  broken.output = 99;
  CHECK(refused(broken).find("the output value 99") != std::string::npos);
  io::SafetensorsFile none;
  CHECK_THROWS_WITH_AS(deploy::load(none), "safetensors: no plan: the metadata has no \"tinynn.plan\"",
                       Error);
}

TEST_CASE("program. a plan in eight bits whose numbers are none of its format is refused") {
  deploy::Plan plan{.values = {Shape{2}, Shape{3}}, .steps = {}, .input = 0, .output = 1};
  plan.formats = {{deploy::NumberFormat::Type::uint8, 0.5F}, {}};
  plan.steps.push_back({.kind = &deploy::steps::linear,
                        .inputs = {0},
                        .output = 1,
                        .weight = tensor({1, 2, -127, 4, 5, 6}, {3, 2}),
                        .bias = tensor({1.5F, -3.5F, 0.5F}, {3}),
                        .weight_scales = {1, 1, 1}});
  const auto refused = [&](auto change) {
    deploy::Plan broken = plan;
    broken.steps[0].weight = plan.steps[0].weight.clone();
    change(broken, broken.steps[0]);
    try {
      deploy::check_plan(broken);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  using Step = deploy::Step;
  CHECK(refused([](auto&, Step&) {}) == "accepted");
  CHECK(refused([](auto& p, Step&) { p.formats.pop_back(); }) == "plan: 1 formats of 2 values");
  CHECK(refused([](auto& p, Step&) { p.formats[0].scale = 0; }) ==
        "plan: numbers times 0, expected finite scales above 0");
  CHECK(refused([](auto& p, Step&) { p.formats[0].scale = test::not_a_number; }) ==
        "plan: numbers times nan, expected finite scales above 0");
  CHECK(refused([](auto& p, Step&) { p.formats[1].type = deploy::NumberFormat::Type::int8; }) ==
        "plan: the output is not in floats");
  CHECK(refused([](auto&, Step& s) { s.weight_scales.pop_back(); }) ==
        "plan: step 0, linear: 2 scales of a weight, expected 3");
  CHECK(refused([](auto&, Step& s) { s.weight_scales[1] = -1; }) ==
        "plan: step 0, linear: a weight times -1, sums times -0.5, expected finite scales above 0");
  CHECK(refused([](auto& p, Step& s) {
          p.formats[0].scale = 1e-30F;
          s.weight_scales[0] = 1e-30F;
        }) == "plan: step 0, linear: a weight times 1e-30, sums times 0, expected finite scales above 0");
  CHECK(refused([](auto&, Step& s) { s.weight.mutable_data()[2] = -128; }) ==
        "plan: step 0, linear: a weight of -128 in steps of 1");
  CHECK(refused([](auto&, Step& s) { s.weight.mutable_data()[0] = 0.5F; }) ==
        "plan: step 0, linear: a weight of 0.5 in steps of 1");
  CHECK(refused([](auto&, Step& s) {
          s.bias = tensor({0, 0, 1.1e9F}, {3});
        }) == "plan: step 0, linear: sums that do not fit into 32 bits");
  CHECK(refused([](auto& p, Step& s) {
          s.kind = &deploy::steps::softmax;
          p.values[1] = Shape{2};
          s.weight_scales.clear();
        }) == "plan: step 0, softmax: an input that is not in floats");
  CHECK(refused([](auto& p, Step& s) {
          s.kind = &deploy::steps::reshape;
          p.values[1] = Shape{2, 1};
          s.weight_scales.clear();
        }) == "plan: step 0, reshape: another format than it reads, which it gives as it is");
}
