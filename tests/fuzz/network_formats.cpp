#include <algorithm>
#include <filesystem>
#include <fstream>
#include <span>
#include <stdexcept>

#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/export/compile.hpp>
#include <tinynn/export/share_weights.hpp>
#include <tinynn/io/checkpoint.hpp>
#include <tinynn/program/plan_file.hpp>
#include <tinynn/prune/mask_rules.hpp>

#include "tests/fuzz/formats.hpp"
#include "tests/support/random_network.hpp"
#include "tests/support/temporary_folder.hpp"

namespace fuzz {
namespace {

using namespace tinynn;

io::SafetensorsFile parse(const Bytes& bytes) {
  return io::parse_safetensors(std::as_bytes(std::span(bytes)));
}

Bytes content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Parameters of every rank, some of them masked, and a buffer.
struct Parts : nn::Module {
  Parameter matrix{randn({6, 40})}, kernel{randn({3, 2, 3, 3})}, row{randn({700})}, number{randn({})};
  Tensor mean = randn({3});

  void members(nn::Visitor& v) override {
    v("matrix", matrix), v("kernel", kernel), v("row", row), v("number", number), v("running_mean", mean);
  }
  Tensor forward(const Tensor& x) override { return x; }
};

void read_safetensors(const Bytes& bytes) {
  const auto file = parse(bytes);
  size_t total = 0;
  for (const auto& tensor : file.tensors) {
    total += tensor.bytes.size();
    require(static_cast<int64_t>(tensor.bytes.size()) == tensor.shape.numel() * io::dtype_bytes(tensor.dtype),
            "a tensor's bytes fill its shape");
  }
  require(total < bytes.size(), "tensors are not larger than the file");
}

void read_checkpoint(const Bytes& bytes) {
  Parts parts;
  const auto before = parts.matrix.to_vector();
  try {
    io::load(parts, parse(bytes));
  } catch (const Error&) {
    require(parts.matrix.to_vector() == before, "an error changes nothing");
    throw;
  }
  for (const Parameter& parameter : parts.parameters()) {
    if (!parameter.mask().defined()) continue;
    for (int64_t i = 0; i < parameter.numel(); ++i)
      require(parameter.mask()[i] || parameter.data()[i] == 0, "what is masked is zero");
  }
}

// Runs what has no values of more than a few thousand numbers; damage makes larger ones, which take long.
void read_plan(const Bytes& bytes) {
  const auto plan = deploy::load(parse(bytes));
  const deploy::Program program(plan);
  int64_t largest = 0;
  for (const Shape& shape : plan.values) largest = std::max(largest, shape.numel());
  if (largest > 4096) return;
  for (const int64_t samples : {1, 5}) {
    const std::vector<float> x(static_cast<size_t>(program.input_shape().numel() * samples), 1.0F);
    std::vector<float> y(static_cast<size_t>(program.output_shape().numel() * samples));
    program.run(samples, x.data(), y.data());
  }
}

std::vector<Bytes> checkpoints(const std::filesystem::path& path) {
  std::vector<Bytes> files;
  for (const auto& [storage, clusters] : {std::pair{io::Storage::dense, 0},
                                          {io::Storage::compressed, 0},
                                          {io::Storage::compressed, 5},
                                          {io::Storage::compressed, 20}}) {
    manual_seed(1);
    Parts parts;
    prune::prune(prune::weights(parts), prune::fraction(0.7));
    prune::prune({parts.row}, prune::fraction(0.99));  // gaps of more than a byte
    for (const Parameter& parameter : parts.parameters()) {
      if (clusters > 0) deploy::share_weights(parameter, clusters);
    }
    io::save(parts, path, {{"tinynn.model", "parts"}}, storage);
    files.push_back(content(path));
  }
  return files;
}

std::vector<Bytes> plans(const std::filesystem::path& path) {
  std::vector<Bytes> files;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    manual_seed(seed);
    test::RandomNetwork net(seed);
    deploy::save(deploy::plan(net, zeros({1, 2, test::RandomNetwork::size, test::RandomNetwork::size})),
                 path);
    files.push_back(content(path));
  }
  return files;
}

}  // namespace

void require(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

std::vector<Format> network_formats() {
  const test::TemporaryFolder folder;
  return {
      {"safetensors", checkpoints(folder / "file"), damaged_safetensors, read_safetensors, 128},
      {"checkpoint", checkpoints(folder / "file"), damaged_safetensors, read_checkpoint, 128},
      {"plan", plans(folder / "file"), damaged_safetensors, read_plan, 1024},
  };
}

}  // namespace fuzz
