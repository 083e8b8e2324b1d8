// Networks whose graph is in the file, run as they are; state dicts of PyTorch; networks as text.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/graph/channel_map.hpp>
#include <tinynn/graph/network.hpp>
#include <tinynn/graph/stored_graph.hpp>
#include <tinynn/io/checkpoint.hpp>
#include <tinynn/io/state_dict.hpp>
#include <tinynn/models/text.hpp>
#include <tinynn/prune/mask_rules.hpp>

#include "tests/fuzz/formats.hpp"
#include "tests/io/pickle_writer.hpp"
#include "tests/support/random_network.hpp"

namespace fuzz {
namespace {

using namespace tinynn;
constexpr const char* graph_key = "tinynn.graph";

io::SafetensorsFile file_of(const Bytes& bytes) {
  return io::parse_safetensors(std::as_bytes(std::span(bytes)));
}

// Numbers that are small, or so large that no operation can take them for a size: what lies between may take
// long.
bool is_small_or_absurd(const graph::Operation& operation) {
  return operation.attributes.size() <= 64 && std::ranges::all_of(operation.attributes, [](const auto& a) {
           return std::isnan(a.value) || std::abs(a.value) <= 16 || std::abs(a.value) >= 1e12;
         });
}

// As graph::run(), operation by operation, as long as results are small.
bool runs_small(const graph::Graph& graph, const std::vector<Tensor>& inputs) {
  constexpr int64_t most = 4096;
  std::vector<Tensor> tensors(graph.values.size());
  for (size_t i = 0; i < inputs.size(); ++i) tensors[graph.inputs[i]] = inputs[i];
  for (const graph::Operation& operation : graph.operations) {
    if (!is_small_or_absurd(operation)) return false;
    std::vector<Tensor> read;
    for (const int v : operation.inputs) {
      if (v < 0) {
        read.emplace_back();
        continue;
      }
      const auto kind = graph.values[v].kind;
      const bool is_held = kind == graph::Value::Kind::parameter || kind == graph::Value::Kind::buffer;
      read.push_back(is_held ? graph.values[v].tensor : tensors[v]);
    }
    const Tensor y = operation.op->apply({read, operation.attributes, false});
    int64_t size = 1;
    for (const int64_t d : y.shape()) size = std::min(most + 1, size * std::max<int64_t>(d, 1));
    if (size > most) return false;
    tensors[operation.output] = y;
  }
  return true;
}

void read_network(const Bytes& bytes) {
  graph::Network net = io::load_network(file_of(bytes));
  const std::string line = graph::to_line(net.graph());
  require(graph::to_line(graph::from_line(line)) == line, "a graph is written as it is read");
  for (const auto& block : net.graph().blocks) {
    const std::string without = graph::to_line(graph::without_block(net.graph(), block.name));
    require(graph::to_line(graph::from_line(without)) == without, "so is one without a block");
  }
  int64_t numbers = 0;
  for (const int input : net.graph().inputs) {
    const Shape& shape = net.graph().values[input].shape;
    numbers = std::max(numbers, shape.numel());
  }
  if (numbers > 4096 || net.graph().inputs.size() > 4096) return;
  const NoGrad no_grad;
  const auto inputs = net.blank(net.graph().samples);
  if (!runs_small(net.graph(), inputs)) return;
  net.eval();
  const auto outputs = net(inputs);
  require(outputs.size() == net.graph().outputs.size(), "as many outputs as the graph says");
  net.train();
  (void)net(net.blank(net.graph().bound.empty() ? 2 : net.graph().samples));  // batch statistics take two
  const graph::Graph traced = graph::trace(net, graph::Example(inputs));
  require(traced.operations.size() == net.graph().operations.size(), "it does what its graph says");
  (void)models::to_text(traced);
  (void)graph::ChannelMap(traced);
}

// Every other time to the graph alone, in a file that is whole.
Bytes damaged_network(const std::filesystem::path& path, const Bytes& file, const Bytes& other,
                      test::Draw& draw) {
  if (draw.coin()) return damaged_safetensors(file, other, draw);
  try {
    io::SafetensorsFile parsed = file_of(file);
    std::string& line = parsed.metadata[graph_key];
    line = damaged(line, line, draw);
    std::ranges::replace_if(
        line, [](unsigned char c) { return c >= 0x80; }, '%');  // of UTF-8
    io::write_safetensors(parsed, path);
    return content(path);
  } catch (const Error&) {  // it is damaged already
    return damaged_safetensors(file, other, draw);
  }
}

Format network(const std::filesystem::path& path) {
  Format format{
      "network",
      {},
      [path](const Bytes& file, const Bytes& other, test::Draw& draw) {
        return damaged_network(path, file, other, draw);
      },
      read_network,
      100000,
      "graph/read_graph.cpp graph/write_graph.cpp graph/network.cpp graph/run.cpp io/checkpoint.cpp",
      true};
  const auto save = [&](nn::Module& net, const Shape& shape, io::Storage storage) {
    io::save(net, path, {.storage = storage, .graph = graph::Example(zeros(shape))});
    format.files.push_back(content(path));
  };
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    manual_seed(seed);
    test::RandomNetwork net(seed);
    if (seed % 2 == 0) prune::prune(prune::weights(net), prune::fraction(0.5));
    save(net, {1, 2, test::RandomNetwork::size, test::RandomNetwork::size},
         seed % 2 == 0 ? io::Storage::compressed : io::Storage::dense);
  }
  manual_seed(1);
  const auto residual = models::from_text(
      "conv 2 3 pad 1, bn, [conv 2 3 pad 1, relu]+, [conv 2 1 | conv 2 1]+, maxpool, dropout, linear 3",
      {1, 4, 4});
  save(*residual, {1, 1, 4, 4}, io::Storage::dense);
  return format;
}

Format torch(const std::filesystem::path& path) {
  using namespace pickles;
  const std::string floats = bytes_of<float>({1, 2, 3, 4, 5, 6}), longs = bytes_of<int64_t>({7});
  const std::string matrix = tensor(storage("FloatStorage", "0", 6), 0, {2, 3}, {3, 1}),
                    turned = tensor(storage("FloatStorage", "0", 6), 0, {3, 2}, {1, 3}),
                    row = tensor(storage("FloatStorage", "0", 6), 2, {3}, {1}),
                    count = tensor(storage("LongStorage", "1", 1), 0, {}, {}),
                    bits = tensor(storage("FloatStorage", "1", 6), 0, {2, 3}, {3, 1});
  const std::string state = call(global("collections", "OrderedDict"), "") + "q\x01(" + text("fc.weight") +
                            parameter(matrix) + text("fc.bias") + row + "q\x02" + text("again") + "h\x02" +
                            text("n") + count + "u}" + text("_metadata") + "}sb";
  const std::string masked = dict({{"module.a.weight_orig", matrix}, {"module.a.weight_mask", bits}}),
                    wrapped =
                        dict({{"epoch", "K\x05"}, {"lr", "G" + std::string(8, '?')}, {"state_dict", state}});
  return {"torch",
          {torch_file(state, {floats, longs}), torch_file(state, {floats, longs}, {.deflated = true}),
           torch_file(masked, {floats, bytes_of<float>({0, 1, 1, 0, 1, 1})}),
           torch_file(wrapped, {floats, longs}), torch_file(dict({{"_orig_mod.turned", turned}}), {floats})},
          damaged_zip,
          [path](const Bytes& bytes) {
            put(path, bytes);
            const auto file = io::read_weights(path);
            for (const auto& tensor : file.tensors)
              require(static_cast<int64_t>(tensor.bytes.size()) ==
                          tensor.shape.numel() * io::dtype_bytes(tensor.dtype),
                      "a tensor's bytes fill its shape");
          },
          6000,
          "io/pickle.cpp io/torch_file.cpp io/state_dict.cpp"};
}

// Numbers of up to 8, and such as are refused; those between may make networks that take long.
bool is_small_text(const Bytes& text) {
  if (text.size() > 400) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] < '0' || text[i] > '9') continue;
    char* end = nullptr;
    const double value = std::strtod(text.c_str() + i, &end);
    if (value > 8 && value <= 1 << 20) return false;
    i = static_cast<size_t>(end - text.c_str());
  }
  return true;
}

void read_text(const Bytes& bytes) {
  const Shape sample{1, 8, 8};
  if (!is_small_text(bytes)) return;
  const auto text_of = [&](nn::Module& net) {
    return models::to_text(graph::trace(net, zeros({1, 1, 8, 8})));
  };
  const auto net = models::from_text(bytes, sample);
  const auto names = net->named_parameters();
  for (size_t i = 0; i < names.size(); ++i) {
    for (size_t j = 0; j < i; ++j) require(names[i].first != names[j].first, "names differ");
  }
  const auto text = text_of(*net);
  require(text.has_value(), "what was made of a text has one");
  require(text_of(*models::from_text(*text, sample)) == text, "it is the same text again");
}

Format model() {
  return {"model",
          {"conv 8 3, maxpool 2, relu, linear 5",
           "conv 4 3 pad 1 nobias, bn, [conv 4 3 pad 1, tanh, bn]+, globalpool, linear 3",
           "conv 4 3 stride 2 groups 1 dilation 1, [conv 8 1, relu6 | conv 8 1 nobias]+, avgpool 3 pad 1 "
           "stride 1",
           "first: conv 3 2, leakyrelu 0.2, block: [inner: conv 3 1, [elu 0.5]+]+, dropout 0.3, flatten, "
           "gelu, fc: linear 2",
           "silu, sigmoid, hardsigmoid, hardswish, linear 4 nobias, bn, [linear 4, relu, linear 4]+"},
          damaged,
          read_text,
          200000,
          "models/text.cpp models/text_layers.cpp models/write_text.cpp"};
}

}  // namespace

std::vector<Format> graph_formats(const std::filesystem::path& folder) {
  return {network(folder / "network"), torch(folder / "torch.pt"), model()};
}

}  // namespace fuzz
