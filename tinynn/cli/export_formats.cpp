#include <tinynn/cli/export_formats.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/export/share_weights.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/program/plan_file.hpp>
#include <tinynn/prune/mask_rules.hpp>
#ifdef TINYNN_HAS_ONNX
#include <tinynn/export/onnx.hpp>
#endif

namespace tinynn::cli {
namespace {

// With a codebook it is a file for tinynn, which keeps the masks. Without, the state dict of the equal
// PyTorch module: masks are left out, for load_state_dict(strict=True) refuses names that the module has not.
void write_safetensors(Export& to) {
  nn::Module& module = *to.loaded.module;
  check(!to.options.raw_input, "--raw-input: PyTorch's module has no place for it");
  if (to.options.codebook()) {
    const auto clusters = static_cast<int64_t>(recipe::number_of("--quantize", to.options.quantize));
    check(clusters >= 1 && clusters <= 256, "--quantize ", to.options.quantize,
          ": expected codebook:K with K from 1 to 256");
    for (const Parameter& weight : prune::weights(module)) deploy::share_weights(weight, clusters);
    io::save(module, to.out, {.metadata = to.loaded.metadata, .storage = io::Storage::smallest});
    to.note = "for tinynn; weights with masks are stored as indices of the values that they share";
    return;
  }
  for (auto& [name, parameter] : module.named_parameters()) {
    if (parameter.mask().defined()) to.note = "its zeros are kept, its masks are not";
    parameter.set_mask(Mask());
  }
  io::write_safetensors(io::to_file(module, {.metadata = to.loaded.metadata}), to.out);
}

void write_program(Export& to) {
  deploy::save(prepare_plan(to).plan, to.out, to.loaded.metadata);
  to.note = "for deploy::Program(deploy::load(file))";
}

void write_onnx(Export& to) {
  const deploy::Plan plan = prepare_plan(to).plan;
#ifdef TINYNN_HAS_ONNX
  deploy::write_onnx(plan, to.loaded.model, to.out);
#else
  fail("cannot write ", to.out.string(), ": this tinynn was built without libonnx-dev and libprotobuf-dev");
#endif
}

constexpr FormatRow formats[]{
    {{"header", "one file in C99 and C++17 that needs nothing else"}, write_header, true},
    {{"onnx", "for ONNX Runtime and others"}, write_onnx},
    {{"program", "for deploy::Program, without the code that made the network"}, write_program, true},
    {{"safetensors", "the state dict of the equal PyTorch module, dense and without masks"},
     write_safetensors,
     false,
     true},
};

}  // namespace

std::span<const FormatRow> export_formats() { return formats; }

}  // namespace tinynn::cli
