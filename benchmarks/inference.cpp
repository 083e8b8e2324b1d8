// Times inference programs: tinynn_bench_inference THREADS [FOLDER] prints a line of JSON for each network
// and batch size, with the median microseconds of a call. With FOLDER it writes the networks there as ONNX
// instead, for others to be timed on. "nothing" takes 10 of the 784 numbers: what is left is the cost of a
// call.
#include "inference.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <tinynn/export/onnx.hpp>
#include <tinynn/tinynn.hpp>

#include "isa.hpp"

using namespace tinynn;

namespace {

struct Case {
  std::string name;
  int64_t macs;  // live ones of one image
  deploy::Plan plan;
};

Case make_case(const std::string& model, double sparsity) {
  manual_seed(1);
  const auto net = models::make(model);
  if (sparsity > 0) prune::prune(prune::weights(*net), prune::fraction(sparsity));
  const std::string name =
      sparsity > 0 ? model + ", " + std::to_string(std::lround(100 * sparsity)) + "% zero" : model;
  const Tensor images = model == "resnet-20" ? randn({2, 3, 32, 32}) : randn({2, 1, 28, 28});
  return {name, graph::count(*net, images).macs, deploy::plan(*net, images)};
}

std::vector<Case> cases() {
  bench::Nothing nothing;
  std::vector<Case> all{{"nothing", 0, deploy::plan(nothing, randn({1, 1, 28, 28}))}};
  for (const char* model : {"lenet-300-100", "simple-cnn", "lenet-5", "resnet-20"})
    all.push_back(make_case(model, 0));
  for (const double sparsity : {0.95, 0.98}) all.push_back(make_case("lenet-300-100", sparsity));
  all.push_back(make_case("lenet-5", 0.95));
  for (const char* model : {"lenet-300-100", "lenet-5", "resnet-20"}) {
    Case c = make_case(model, 0);
    const Shape& image = c.plan.values[c.plan.input];
    all.push_back(
        {c.name + ", 8 bits", c.macs, deploy::quantize(c.plan, randn({8, image[0], image[1], image[2]}))});
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2) {
    for (const Case& c : cases()) {
      if (!c.plan.formats.empty()) continue;
      deploy::write_onnx(c.plan, "network", std::filesystem::path(argv[2]) / (c.name + ".onnx"));
    }
    return 0;
  }
  bench::use_isa_of_environment();
  set_num_threads(argc > 1 ? std::atoi(argv[1]) : 1);
  for (const Case& c : cases()) {
    const deploy::Program program(c.plan);
    for (const int64_t samples : {1, 64, 1000}) {
      if (samples * c.macs > 10'000'000'000) continue;  // minutes
      std::printf(
          R"({"library": "tinynn", "version": "%s", "case": "%s", "batch": %lld, "threads": %lld, "forward_macs": %lld, "us": %.3f})"
          "\n",
          version(), c.name.c_str(), static_cast<long long>(samples), static_cast<long long>(num_threads()),
          static_cast<long long>(samples * c.macs), bench::median_microseconds(program, samples));
    }
  }
}
