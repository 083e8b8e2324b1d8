#include <algorithm>
#include <filesystem>
#include <span>

#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/export/compile.hpp>
#include <tinynn/export/quantize.hpp>
#include <tinynn/export/share_weights.hpp>
#include <tinynn/io/checkpoint.hpp>
#include <tinynn/io/json.hpp>
#include <tinynn/io/one_line.hpp>
#include <tinynn/program/plan_file.hpp>
#include <tinynn/prune/mask_rules.hpp>

#include "tests/fuzz/formats.hpp"
#include "tests/support/random_network.hpp"

namespace fuzz {
namespace {

using namespace tinynn;

io::SafetensorsFile parse(const Bytes& bytes) {
  return io::parse_safetensors(std::as_bytes(std::span(bytes)));
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

// Without its tensors a file is refused for what its header says, and for nothing else.
void read_metadata(const std::filesystem::path& path, const Bytes& bytes) {
  put(path, bytes);
  const auto metadata = io::read_metadata(path);
  require(metadata == io::read_safetensors(path).metadata, "the metadata are those of the whole file");
}

// What was read and written again is the same when it is read.
void read_json(const Bytes& bytes) {
  std::string text;
  try {
    text = io::Json::parse(bytes, 8).text();
  } catch (const io::JsonError& error) {
    throw Error(io::detail::one_line(error.what(), 200));
  }
  require(io::Json::parse(text, 8).text() == text, "JSON is written as it is read");
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
    io::save(parts, path, {.metadata = {{"tinynn.model", "parts"}}, .storage = storage});
    files.push_back(content(path));
  }
  return files;
}

std::vector<Bytes> plans(const std::filesystem::path& path) {
  std::vector<Bytes> files;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    manual_seed(seed);
    test::RandomNetwork net(seed);
    if (seed % 4 > 1) prune::prune(prune::weights(net), prune::fraction(0.9));
    const Tensor images = randn({2, 2, test::RandomNetwork::size, test::RandomNetwork::size});
    const auto plan = deploy::plan(net, images);
    deploy::save(seed % 2 == 0 ? deploy::quantize(plan, images) : plan, path);
    files.push_back(content(path));
  }
  return files;
}

}  // namespace

std::vector<Format> network_formats(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "file";
  const std::string header = "io/safetensors_read.cpp io/json.cpp",
                    words_of_json = R"({"a": [1, -2, 0.5e-3, )";
  return {
      {"safetensors", checkpoints(file), damaged_safetensors, read_safetensors, 128, header, true},
      {"metadata", checkpoints(file), damaged_safetensors,
       [file](const Bytes& bytes) { read_metadata(file, bytes); }, 128, header, true},
      {"json",
       {words_of_json + R"(true, false, null, "\u00e9\n\"\ud83d\ude00"], "b": {"c": [[]], "d": {}}})",
        R"({"input":0,"output":1,"values":[[2,8,8],[3]],"steps":[{"kind":"relu","inputs":[0],"output":1}]})",
        "[18446744073709551615, -9223372036854775808, 1e300, \"text\"]"},
       damaged,
       read_json,
       2000,
       "io/json.cpp",
       true},
      {"checkpoint", checkpoints(file), damaged_safetensors, read_checkpoint, 128,
       "io/checkpoint.cpp io/compressed_form.cpp io/dense_form.cpp io/deflate.cpp", true},
      {"plan", plans(file), damaged_safetensors, read_plan, 1024,
       "program/plan_file.cpp program/live_tensor.cpp program/check_plan.cpp program/step_shapes.cpp", true},
  };
}

}  // namespace fuzz
