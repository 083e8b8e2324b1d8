// Networks for deployed.sh, which times what they are exported to: tinynn_bench_deployed FOLDER [MODEL...]
// writes every model, in every state that it may be deployed in, as MODEL, STATE.hpp, .plan and .onnx, and
// prints their bytes; tinynn_bench_deployed time FOLDER times the programs, a line of JSON for each, with the
// median microseconds of a call on one image (of TINYNN_BENCH_ISA, isa.hpp). Weights are random: time depends
// on how many are zero, not on what they are.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <tinynn/export/onnx.hpp>
#include <tinynn/tinynn.hpp>

#include "inference.hpp"
#include "isa.hpp"

using namespace tinynn;
namespace fs = std::filesystem;

namespace {

// A header's bytes are those of its constants; a program's and ONNX's those of the file.
void write(const fs::path& folder, const std::string& name, const deploy::Plan& plan) {
  const auto header = deploy::to_header(plan);
  std::ofstream(folder / (name + ".hpp")) << header.text;
  deploy::save(plan, folder / (name + ".plan"));
  deploy::write_onnx(plan, "network", folder / (name + ".onnx"));
  const auto bytes = [&](const char* ending) {
    return static_cast<long long>(fs::file_size(folder / (name + ending)));
  };
  std::printf(R"({"case": "%s", "header": %lld, "program": %lld, "onnx": %lld})"
              "\n",
              name.c_str(), static_cast<long long>(header.constant_bytes), bytes(".plan"), bytes(".onnx"));
}

// Headers and programs compute in bytes.
void write_int8(const fs::path& folder, const std::string& name, const deploy::Plan& plan,
                const Tensor& images) {
  const deploy::Plan small = deploy::quantize(plan, images);
  const auto header = deploy::to_header(small);
  std::ofstream(folder / (name + ".hpp")) << header.text;
  const fs::path file = folder / (name + ".plan");
  deploy::save(small, file);
  std::printf(R"({"case": "%s", "header": %lld, "program": %lld})"
              "\n",
              name.c_str(), static_cast<long long>(header.constant_bytes),
              static_cast<long long>(fs::file_size(file)));
}

void write_states(const fs::path& folder, const std::string& model) {
  const Shape image = models::input_shape(model);
  const auto fresh = [&] {
    manual_seed(1);
    return models::make(model);
  };
  const Tensor images = randn({8, image[0], image[1], image[2]});
  const auto dense = deploy::plan(*fresh(), images);
  write(folder, model + ", dense", dense);
  deploy::Plan sparsest;
  for (const int percent : {90, 98}) {
    const auto net = fresh();
    prune::prune(prune::weights(*net), prune::fraction(percent / 100.0));
    sparsest = deploy::plan(*net, images);
    write(folder, model + ", " + std::to_string(percent) + "% zero", sparsest);
  }
  const auto small = fresh();
  structured::prune_channels(*small, images, {.amount = prune::to_macs(0.5)});
  structured::compact(*small, images);
  write(folder, model + ", half the MACs", deploy::plan(*small, images));
  write_int8(folder, model + ", dense, 8 bits", dense, images);
  write_int8(folder, model + ", 98% zero, 8 bits", sparsest, images);
}

}  // namespace

int main(int argc, char** argv) try {
  bench::use_isa_of_environment();
  if (argc == 3 && std::string(argv[1]) == "time") {
    set_num_threads(1);
    for (const auto& entry : fs::directory_iterator(argv[2])) {
      if (entry.path().extension() != ".plan") continue;
      const deploy::Program program(deploy::load(entry.path()));
      std::printf(R"({"library": "program", "case": "%s", "us": %.3f})"
                  "\n",
                  entry.path().stem().string().c_str(), bench::median_microseconds(program, 1));
    }
    return 0;
  }
  check(argc > 1, "usage: tinynn_bench_deployed FOLDER [MODEL...] | time FOLDER");
  bench::Nothing nothing;
  write(argv[1], "nothing", deploy::plan(nothing, randn({1, 1, 28, 28})));
  std::vector<std::string> models(argv + 2, argv + argc);
  if (models.empty())
    models = {"lenet-300-100", "lenet-5", "simple-cnn", "vgg-small", "resnet-20", "densenet-small"};
  for (const auto& model : models) write_states(argv[1], model);
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
