// What changes a network and is interrupted because memory ends leaves it as it was: each of these calls is
// made again and again, and every time one allocation more succeeds, until it is through.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <bit>
#include <cstdlib>
#include <functional>
#include <new>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/io/checkpoint.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/norm.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/loss.hpp>
#include <tinynn/ops/shape.hpp>
#include <tinynn/optim/adam.hpp>
#include <tinynn/structured/compact.hpp>
#include <tinynn/structured/merge_similar.hpp>
#include <tinynn/structured/prune_channels.hpp>

#include "tests/support/moments.hpp"

namespace {

thread_local int64_t left = -1;  // allocations until they fail; below 0: none does

void* allocate(std::size_t bytes, std::size_t alignment) {
  if (left == 0) return nullptr;
  if (left > 0) --left;
  return std::aligned_alloc(alignment, (bytes / alignment + 1) * alignment);
}
void* allocate_or_throw(std::size_t bytes, std::size_t alignment) {
  if (void* memory = allocate(bytes, alignment)) return memory;
  throw std::bad_alloc();
}

}  // namespace

// All others call these.
void* operator new(std::size_t bytes) { return allocate_or_throw(bytes, alignof(std::max_align_t)); }
void* operator new(std::size_t bytes, std::align_val_t a) {
  return allocate_or_throw(bytes, static_cast<std::size_t>(a));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return allocate(bytes, alignof(std::max_align_t));
}
void* operator new(std::size_t bytes, std::align_val_t a, const std::nothrow_t&) noexcept {
  return allocate(bytes, static_cast<std::size_t>(a));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace {

using namespace tinynn;

struct Residual : nn::Module {
  nn::Conv2d stem{1, 4, 3, {.padding = 1}}, branch{4, 4, 3, {.padding = 1, .bias = false}}, narrow{4, 3, 1};
  nn::BatchNorm2d norm{4};
  nn::Linear out{3 * 4 * 4, 3};

  void members(nn::Visitor& v) override {
    v("stem", stem), v("branch", branch), v("norm", norm), v("narrow", narrow), v("out", out);
  }
  Tensor forward(const Tensor& x) override {
    const Tensor h = relu(stem(x));
    return out(flatten(relu(narrow(relu(h + norm(branch(h)))))));
  }
};

// A trained network with a dead channel, and all that belongs to it.
struct Setting {
  Tensor images = (manual_seed(3), randn({2, 1, 4, 4}));
  Residual net;
  optim::Adam adam{net.parameters(), {.lr = 1e-2}};

  Setting() {
    for (int i = 0; i < 2; ++i) {
      adam.zero_grad();
      cross_entropy(net(images), Labels({0, 2})).backward();
      adam.step();
    }
    for (Parameter weight : {net.narrow.weight, net.narrow.bias}) {  // two similar rows
      weight.update([&](std::span<float> values) {
        const size_t row = values.size() / 3;
        for (size_t i = 0; i < row; ++i) values[2 * row + i] = 2 * values[row + i];
      });
    }
    for (Parameter weight : {net.stem.weight, net.branch.weight, net.narrow.weight}) {
      Mask mask(weight.shape());
      for (int64_t i = 0; i < weight.shape().inner(0); ++i) mask.set(i, false);
      weight.prune(mask);
    }
  }

  // Every bit of the network, and what its members are.
  std::vector<uint32_t> bits() {
    std::vector<uint32_t> all;
    const auto add = [&](const Tensor& tensor) {
      all.push_back(tensor.defined() ? 1 : 0);
      if (!tensor.defined()) return;
      for (const int64_t size : tensor.shape()) all.push_back(static_cast<uint32_t>(size));
      for (const float x : tensor.values()) all.push_back(std::bit_cast<uint32_t>(x));
    };
    for (const Parameter& p : net.parameters()) {
      add(p);
      add(p.grad());
      for (const Tensor& moment : test::moments_of(p)) add(moment);
      for (int64_t i = 0; p.mask().defined() && i < p.numel(); ++i) all.push_back(p.mask()[i] ? 1 : 0);
    }
    for (const auto& [name, buffer] : net.named_buffers()) add(buffer);
    for (nn::Module* module : net.modules()) all.push_back(module->is_training() ? 1 : 0);
    return all;
  }
};

// Returns how many allocations the call makes.
int64_t interrupt(const std::function<void(Setting&)>& call) {
  Setting untouched, setting;
  const auto before = untouched.bits();
  for (int64_t allowed = 0;; ++allowed) {
    bool failed = false;
    try {
      left = allowed;
      call(setting);
    } catch (const std::bad_alloc&) {
      failed = true;
    } catch (const Error& error) {  // of a buffer
      left = -1;
      failed = std::string(error.what()).find("out of memory") != std::string::npos;
      if (!failed) throw;
    }
    left = -1;
    if (!failed) break;
    CAPTURE(allowed);
    REQUIRE(setting.bits() == before);
    REQUIRE(allowed < 100'000);
  }
  // Through in the end, it has done what it does where nothing fails.
  left = -1;
  Setting at_once;
  call(at_once);
  CHECK(setting.bits() == at_once.bits());
  CHECK(setting.bits() != before);
  int64_t count = 0;
  constexpr int64_t many = int64_t{1} << 40;
  Setting counted;
  left = many;
  call(counted);
  count = many - left;
  left = -1;
  return count;
}

}  // namespace

TEST_CASE("structured. a network is as it was when memory ends in the middle of a change") {
  set_num_threads(1);
  io::SafetensorsFile file;
  {
    Setting other;
    other.net.out.bias.assign(ones({3}));
    file = io::to_file(other.net);
  }
  const std::pair<std::string, std::function<void(Setting&)>> calls[] = {
      {"compact", [](Setting& s) { structured::compact(s.net, s.images); }},
      {"complete_masks", [](Setting& s) { structured::complete_masks(s.net, s.images); }},
      {"merge_similar", [](Setting& s) { structured::merge_similar(s.net, s.images, {.cosine = 0.99}); }},
      {"prune_channels",
       [](Setting& s) { structured::prune_channels(s.net, s.images, {.amount = prune::count(1)}); }},
      {"load", [&](Setting& s) { io::load(s.net, file); }},
  };
  for (const auto& row : calls) {
    const auto& [name, call] = row;
    CAPTURE(row.first);
    MESSAGE(name, ": interrupted at each of ", interrupt(call), " allocations");
  }
}
