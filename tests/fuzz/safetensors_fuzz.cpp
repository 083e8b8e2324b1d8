// Feeds damaged safetensors files to the reader: each must be read or refused with an Error. Not part of the
// normal build. With clang, from the root of the project (the seeds are any small safetensors files):
//   clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -I. -o safetensors_fuzz
//     tests/fuzz/safetensors_fuzz.cpp tinynn/{core,autograd,io}/*.cpp tinynn/nn/module.cpp
//     -DTINYNN_VERSION='""' -lz
//   ./safetensors_fuzz -max_total_time=120 -malloc_limit_mb=64 -dict=tests/fuzz/safetensors.dict seeds/
#include <cstdint>
#include <cstdlib>
#include <span>

#include <tinynn/core/error.hpp>
#include <tinynn/io/checkpoint.hpp>

namespace {

using namespace tinynn;

// A module that files like {"w": F32 (3), "w_mask": U8 (1)} fit.
struct OneParameter : nn::Module {
  Parameter w{zeros({3})};
  void members(nn::Visitor& v) override { v("w", w); }
  Tensor forward(const Tensor& x) override { return x; }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const io::SafetensorsFile file = io::parse_safetensors(std::as_bytes(std::span(data, size)));
    size_t total = 0;
    for (const io::StoredTensor& tensor : file.tensors) total += tensor.bytes.size();
    if (total >= size) std::abort();
    OneParameter module;
    io::load(module, file);
    if (module.w.mask().defined() && module.w.mask().count_alive() < count_nonzero(module.w)) std::abort();
  } catch (const Error&) {
  }
  return 0;
}
