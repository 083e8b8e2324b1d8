#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include <tinynn/core/error.hpp>
#include <tinynn/io/one_line.hpp>
#include <tinynn/models/text_layers.hpp>
#include <tinynn/nn/conv1d.hpp>
#include <tinynn/nn/conv2d.hpp>
#include <tinynn/nn/conv_transpose2d.hpp>
#include <tinynn/nn/group_norm.hpp>
#include <tinynn/nn/layer_norm.hpp>
#include <tinynn/nn/linear.hpp>
#include <tinynn/nn/norm.hpp>
#include <tinynn/nn/operations.hpp>
#include <tinynn/nn/prelu.hpp>

namespace tinynn::models::detail {
namespace {

using Entry = nn::Sequential::Entry;

template <class M>
Entry plain(const LayerText&, const Shape&) {
  return Entry(M());
}

constexpr int64_t most_weights = 1 << 28, most_numbers = 1 << 28;

// That a text does not ask for more memory than there is: of a convolution with this many weights for each
// pair of channels, from images with their padding to what it makes of them.
void check_bounds(const LayerText& text, const Shape& input, int64_t kernel, int64_t each, Size2 padded,
                  Size2 made) {
  const int64_t out = text.whole(0, 1);
  check(kernel <= 1024 && input[1] * out <= most_weights / each, "it would have more than 2^28 weights");
  check(made.h <= most_numbers / made.w / out, "it would make more than 2^28 numbers a sample");
  check(padded.h <= most_numbers / padded.w / input[1],
        "its input would be padded to more than 2^28 numbers a sample");
}

Entry conv(const LayerText& text, const Shape& input) {
  const int64_t kernel = text.whole(1, 3), stride = std::max<int64_t>(text.option("stride", 1), 1);
  const int64_t h = input[2] + 2 * text.option("pad", 0), w = input[3] + 2 * text.option("pad", 0);
  check_bounds(text, input, kernel, kernel * kernel, {h, w}, {h / stride + 1, w / stride + 1});
  return Entry(nn::Conv2d(input[1], text.whole(0, 1), kernel,
                          {.stride = text.option("stride", 1),
                           .padding = text.option("pad", 0),
                           .dilation = text.option("dilation", 1),
                           .groups = text.option("groups", 1),
                           .bias = text.option("nobias", 0) == 0}));
}

Entry conv1d(const LayerText& text, const Shape& input) {
  const int64_t kernel = text.whole(1, 3), stride = std::max<int64_t>(text.option("stride", 1), 1);
  const int64_t l = input[2] + 2 * text.option("pad", 0);
  check_bounds(text, input, kernel, kernel, {1, l}, {1, l / stride + 1});
  return Entry(nn::Conv1d(input[1], text.whole(0, 1), kernel,
                          {.stride = text.option("stride", 1),
                           .padding = text.option("pad", 0),
                           .dilation = text.option("dilation", 1),
                           .groups = text.option("groups", 1),
                           .bias = text.option("nobias", 0) == 0}));
}

Entry conv_transpose(const LayerText& text, const Shape& input) {
  const int64_t out = text.whole(0, 1), kernel = text.whole(1, 2), stride = text.option("stride", kernel),
                reach = text.option("dilation", 1) * (kernel - 1) + text.option("outpad", 0) + 1;
  const Size2 whole{(input[2] - 1) * stride + reach, (input[3] - 1) * stride + reach};
  check_bounds(text, input, kernel, kernel * kernel, {input[2], input[3]}, whole);
  // Every pixel makes a window of the result, before they are added up.
  check(out * kernel * kernel <= most_numbers / input[2] / input[3],
        "it would add up more than 2^28 numbers a sample");
  return Entry(nn::ConvTranspose2d(input[1], out, kernel,
                                   {.stride = stride,
                                    .padding = text.option("pad", 0),
                                    .output_padding = text.option("outpad", 0),
                                    .dilation = text.option("dilation", 1),
                                    .groups = text.option("groups", 1),
                                    .bias = text.option("nobias", 0) == 0}));
}

void check_size(int64_t numbers) {
  check(numbers <= most_numbers, "it would make more than 2^28 numbers a sample");
}

Entry upsample(const LayerText& text, const Shape& input) {
  const int64_t scale = text.whole(0, 2);
  check_size(input.numel() * scale);  // first, for the product of both might not be a number
  if (input.rank() == 4) check_size(input.numel() * scale * scale);
  return Entry(nn::Upsample(scale));
}

Entry pad(const LayerText& text, const Shape& input) {
  const double size = text.number(0, 1);
  check(size == std::floor(size) && size >= 1 && size <= 1 << 20, "it pads by ", size,
        ", expected a whole number from 1 to 2^20");
  const auto side = static_cast<int64_t>(size);
  check(input[2] + 2 * side <= most_numbers / (input[3] + 2 * side) / input[1],
        "it would make more than 2^28 numbers a sample");
  return Entry(nn::ConstantPad2d(side, text.real("value", 0)));
}

Entry batch_norm(const LayerText&, const Shape& input) {
  if (input.rank() == 4) return Entry(nn::BatchNorm2d(input[1]));
  return Entry(nn::BatchNorm1d(input[1]));
}

Entry layer_norm(const LayerText&, const Shape& input) {
  return Entry(nn::LayerNorm(Shape(std::span(input.begin() + 1, input.end()))));
}

Entry group_norm(const LayerText& text, const Shape& input) {
  return Entry(nn::GroupNorm(text.whole(0, 1), input[1]));
}

Entry linear(const LayerText& text, const Shape& input) {
  check(text.whole(0, 1) <= most_weights / std::max<int64_t>(input[-1], 1),
        "it would have more than 2^28 weights");
  return Entry(nn::Linear(input[-1], text.whole(0, 1), {.bias = text.option("nobias", 0) == 0}));
}

Entry max_pool(const LayerText& text, const Shape&) {
  return Entry(nn::MaxPool2d(text.whole(0, 2),
                             {.stride = text.option("stride", 0), .padding = text.option("pad", 0)}));
}

Entry avg_pool(const LayerText& text, const Shape&) {
  return Entry(nn::AvgPool2d(text.whole(0, 2),
                             {.stride = text.option("stride", 0), .padding = text.option("pad", 0)}));
}

template <class Pool>
Entry pool1d(const LayerText& text, const Shape&) {
  return Entry(
      Pool(text.whole(0, 2), {.stride = text.option("stride", 0), .padding = text.option("pad", 0)}));
}

// What stands behind the words, of operations. What a text cannot say makes another network of it, which
// to_text() sees.

Shape shape_of(const graph::Graph& graph, const graph::Operation& operation, size_t input) {
  return graph.values[operation.inputs[input]].shape;
}

// " stride 2", unless it is what is usual.
std::string option(const char* name, int64_t value, int64_t usual) {
  return value == usual ? "" : ' ' + std::string(name) + ' ' + std::to_string(value);
}

// Of images or sequences: of a setting of two axes, the first.
std::string conv_text(const graph::Graph& graph, const graph::Operation& operation) {
  const autograd::Attributes a(operation.attributes);
  const Shape x = shape_of(graph, operation, 0), w = shape_of(graph, operation, 1);
  return ' ' + std::to_string(w[0]) + ' ' + std::to_string(w[2]) + option("stride", a.whole("stride"), 1) +
         option("pad", a.whole("padding"), 0) + option("dilation", a.whole("dilation"), 1) +
         option("groups", x[1] / w[1], 1) + (operation.inputs[2] < 0 ? " nobias" : "");
}

std::string conv_transpose_text(const graph::Graph& graph, const graph::Operation& operation) {
  const autograd::Attributes a(operation.attributes);
  const Shape y = graph.values[operation.output].shape, w = shape_of(graph, operation, 1);
  return ' ' + std::to_string(y[1]) + ' ' + std::to_string(w[2]) +
         option("stride", a.size2("stride").h, w[2]) + option("pad", a.padding2d("padding").top, 0) +
         option("outpad", a.size2("output_padding").h, 0) + option("dilation", a.size2("dilation").h, 1) +
         option("groups", y[1] / w[1], 1) + (operation.inputs[2] < 0 ? " nobias" : "");
}

std::string linear_text(const graph::Graph& graph, const graph::Operation& operation) {
  return ' ' + std::to_string(shape_of(graph, operation, 1)[0]) + (operation.inputs[2] < 0 ? " nobias" : "");
}

std::string group_norm_text(const graph::Graph& graph, const graph::Operation& operation) {
  const autograd::Attributes a(operation.attributes);
  return ' ' + std::to_string(shape_of(graph, operation, 0)[1] / a.whole("channels_per_group"));
}

std::string prelu_text(const graph::Graph& graph, const graph::Operation& operation) {
  return shape_of(graph, operation, 1)[0] == shape_of(graph, operation, 0)[1] ? "" : " shared";
}

std::string pool_text(const graph::Graph&, const graph::Operation& operation) {
  const autograd::Attributes a(operation.attributes);
  const int64_t kernel = a.size2("kernel").h;
  return ' ' + std::to_string(kernel) + option("stride", a.size2("stride").h, kernel) +
         option("pad", a.padding2d("padding").top, 0);
}

// Of a pool of sequences, whose images have one row.
std::string pool1d_text(const graph::Graph&, const graph::Operation& operation) {
  const autograd::Attributes a(operation.attributes);
  const int64_t kernel = a.size2("kernel").w;
  return ' ' + std::to_string(kernel) + option("stride", a.size2("stride").w, kernel) +
         option("pad", a.padding2d("padding").left, 0);
}

// " 0.3", unless it is what is usual.
std::string number_text(const graph::Operation& operation, const char* attribute, double usual) {
  const double value = autograd::Attributes(operation.attributes).number(attribute);
  char text[32];
  return value == usual ? "" : ' ' + std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
}

std::string upsample_text(const graph::Graph&, const graph::Operation& operation) {
  return ' ' + std::to_string(autograd::Attributes(operation.attributes).size2("scale").w);
}

std::string pad_text(const graph::Graph&, const graph::Operation& operation) {
  const auto pads = autograd::Attributes(operation.attributes).list("pads");
  const std::string value = number_text(operation, "value", 0);
  return ' ' + std::to_string(pads.empty() ? 0 : pads[0]) + (value.empty() ? "" : " value" + value);
}

// clang-format off
const LayerRow rows[] = {
    {"conv", "OUT [KERNEL=3] [stride S] [pad P] [dilation D] [groups G] [nobias]: convolution", 1, 2, true,
     {"stride", "pad", "dilation", "groups", "nobias"}, 4, conv, "conv2d", conv_text},
    {"conv1d", "OUT [KERNEL=3] [stride S] [pad P] [dilation D] [groups G] [nobias]: the same of sequences", 1, 2, true,
     {"stride", "pad", "dilation", "groups", "nobias"}, 3, conv1d, "conv1d", conv_text},
    {"convtranspose", "OUT [KERNEL=2] [stride S=KERNEL] [pad P] [outpad O] [dilation D] [groups G] [nobias]: makes pictures "
     "larger", 1, 2, true, {"stride", "pad", "outpad", "dilation", "groups", "nobias"}, 4, conv_transpose,
     "conv_transpose2d", conv_transpose_text},
    {"linear", "OUT [nobias]: fully connected", 1, 1, true, {"nobias"}, 2, linear, "linear", linear_text},
    {"bn", "batch normalisation", 0, 0, true, {}, 0, batch_norm, "batch_norm"},
    {"layernorm", "layer normalisation, over all of a sample", 0, 0, true, {}, 0, layer_norm, "layer_norm"},
    {"groupnorm", "GROUPS: group normalisation", 1, 1, true, {}, 0, group_norm, "group_norm", group_norm_text},
    {"maxpool", "[KERNEL=2] [stride S] [pad P]: largest of each window", 0, 1, true, {"stride", "pad"}, 4, max_pool,
     "max_pool2d", pool_text},
    {"avgpool", "[KERNEL=2] [stride S] [pad P]: mean of each window", 0, 1, true, {"stride", "pad"}, 4, avg_pool,
     "avg_pool2d", pool_text},
    {"maxpool1d", "[KERNEL=2] [stride S] [pad P]: the same of sequences", 0, 1, true, {"stride", "pad"}, 3,
     pool1d<nn::MaxPool1d>, "max_pool1d", pool1d_text},
    {"avgpool1d", "[KERNEL=2] [stride S] [pad P]: the same of sequences", 0, 1, true, {"stride", "pad"}, 3,
     pool1d<nn::AvgPool1d>, "avg_pool1d", pool1d_text},
    {"upsample", "[S=2]: every number S times, along rows and columns", 0, 1, true, {}, 0, upsample, "upsample_nearest",
     upsample_text},
    {"pad", "P [value V=0]: P rows and columns more on every side", 1, 1, false, {"value"}, 4, pad, "pad", pad_text},
    {"sequence", "features become a sequence of one channel", 0, 0, true, {}, 2,
     [](const LayerText&, const Shape&) { return Entry(nn::Unsqueeze(1)); }, "unsqueeze"},
    {"globalpool", "mean of each channel", 0, 0, true, {}, 4,
     [](const LayerText&, const Shape&) { return Entry(nn::AdaptiveAvgPool2d(1)); }, "adaptive_avg_pool2d"},
    {"globalmaxpool", "largest of each channel", 0, 0, true, {}, 4,
     [](const LayerText&, const Shape&) { return Entry(nn::AdaptiveMaxPool2d(1)); }, "adaptive_max_pool2d"},
    {"flatten", "pictures become features", 0, 0, true, {}, 0, plain<nn::Flatten>, "flatten"},
    {"dropout", "[P=0.5]: zeroes elements in training", 0, 1, false, {}, 0,
     [](const LayerText& text, const Shape&) { return Entry(nn::Dropout(text.number(0, 0.5))); },
     "dropout", [](const auto&, const auto& operation) { return number_text(operation, "p", 0.5); }},
    {"relu", "activation, as are the rest", 0, 0, true, {}, 0, plain<nn::ReLU>, "relu"},
    {"relu6", "", 0, 0, true, {}, 0, plain<nn::ReLU6>, "relu6"},
    {"leakyrelu", "[SLOPE=0.01]", 0, 1, false, {}, 0,
     [](const LayerText& text, const Shape&) { return Entry(nn::LeakyReLU(text.number(0, 0.01))); },
     "leaky_relu", [](const auto&, const auto& operation) { return number_text(operation, "negative_slope", 0.01); }},
    {"prelu", "[shared]: slopes that learn, one a channel or one for all", 0, 0, true, {"shared"}, 0,
     [](const LayerText& text, const Shape& input) {
       return Entry(nn::PReLU(text.option("shared", 0) == 0 ? input[1] : 1));
     },
     "prelu", prelu_text},
    {"elu", "[ALPHA=1]", 0, 1, false, {}, 0,
     [](const LayerText& text, const Shape&) { return Entry(nn::ELU(text.number(0, 1))); },
     "elu", [](const auto&, const auto& operation) { return number_text(operation, "alpha", 1); }},
    {"gelu", "", 0, 0, true, {}, 0, plain<nn::GELU>, "gelu"},
    {"silu", "", 0, 0, true, {}, 0, plain<nn::SiLU>, "silu"},
    {"sigmoid", "", 0, 0, true, {}, 0, plain<nn::Sigmoid>, "sigmoid"},
    {"tanh", "", 0, 0, true, {}, 0, plain<nn::Tanh>, "tanh"},
    {"hardsigmoid", "", 0, 0, true, {}, 0, plain<nn::Hardsigmoid>, "hardsigmoid"},
    {"hardswish", "", 0, 0, true, {}, 0, plain<nn::Hardswish>, "hardswish"},
};
// clang-format on

// How many letters have to be changed, added or left out (Levenshtein 1966).
size_t distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t above = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, above + 1, diagonal + (a[i] != b[j])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

int64_t LayerText::option(const std::string& name, int64_t usual) const {
  return static_cast<int64_t>(real(name, static_cast<double>(usual)));
}

double LayerText::real(const std::string& name, double usual) const {
  const auto found = std::ranges::find(options, name, &std::pair<std::string, double>::first);
  return found == options.end() ? usual : found->second;
}

std::span<const LayerRow> layer_rows() { return rows; }

const LayerRow& layer_row(const std::string& word) {
  const std::string shown = word.substr(0, 60);
  const auto* nearest =
      std::ranges::min_element(rows, {}, [&](const LayerRow& row) { return distance(shown, row.word); });
  check(word == nearest->word, "there is no layer ", io::detail::in_quotes(word), "; the nearest is \"",
        nearest->word, '"');
  return *nearest;
}

}  // namespace tinynn::models::detail
