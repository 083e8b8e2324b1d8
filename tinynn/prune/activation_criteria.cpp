#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>

#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/graph/channel_map.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/reduce.hpp>
#include <tinynn/ops/registry.hpp>
#include <tinynn/prune/activation_criteria.hpp>

namespace tinynn::prune {
namespace {

// What a forward pass made of each weight.
struct Output {
  Tensor activation;  // undefined if nothing used the weight
  Tensor bn_scale;    // of the normalisation on the way, undefined if there was none
  int64_t dim = 0;    // of the weight: its outputs
};

// The dimension of a weight, input 1, that makes the result's channels.
int64_t output_dim(const Op& op) {
  return &op == &ops::conv_transpose2d || std::string_view(op.name) == "matmul" ? 1 : 0;
}

// Whether the result has the channels of input 0, each made of nothing but itself and constants.
bool keeps_channels(const autograd::Call& call) {
  return &call.op == &ops::batch_norm ||
         (call.op.channels == autograd::elementwise && call.inputs.size() == 1);
}

// Runs the network, and calls see(operation, k) for each operation and weights[k].
template <class See>
void run(nn::Module& module, const Tensor& x, const std::vector<Parameter>& weights, const See& see) {
  const nn::EvaluationScope evaluation(module);
  const autograd::Observer observer([&](const autograd::Call& call) {
    for (size_t k = 0; k < weights.size(); ++k) see(call, k);
  });
  module(x);
}

// Follows the result of each weight's layer through what keeps its channels.
std::vector<Output> outputs(nn::Module& module, const Tensor& x, const std::vector<Parameter>& weights) {
  std::vector<Output> result(weights.size());
  run(module, x, weights, [&](const autograd::Call& call, size_t k) {
    const auto& inputs = call.inputs;
    const bool makes = inputs.size() > 1 && inputs[1].handle() == weights[k].handle();
    const bool carries = result[k].activation.defined() && keeps_channels(call) &&
                         inputs[0].handle() == result[k].activation.handle();
    if (makes || carries) result[k].activation = call.output;
    if (makes) result[k].dim = output_dim(call.op);
    if (carries && inputs.size() > 1 && inputs[1].defined()) result[k].bn_scale = inputs[1];
  });
  return result;
}

// The scales of the normalisations that a channel is tied to by sums and concatenations with others.
class TiedScales {
 public:
  TiedScales(nn::Module& module, const Tensor& example) : map_(graph::trace(module, example)) {
    for (const graph::Operation& operation : map_.graph().operations) {
      if (operation.op != &ops::batch_norm || operation.inputs[1] < 0) continue;
      const Tensor& scale = map_.graph().values[operation.inputs[1]].tensor;
      for (int64_t i = 0; i < scale.numel(); ++i) {
        auto& [sum, count] = of_class_[map_.class_of({operation.inputs[1], 0, i})];
        sum += std::abs(static_cast<double>(scale.data()[i]));
        ++count;
      }
    }
  }

  // By output of the weight, along that dimension.
  std::vector<double> means(const Parameter& weight, int64_t dim) const {
    const auto& values = map_.graph().values;
    const auto value = std::ranges::find_if(values, [&](const graph::Value& v) {
      return v.tensor.defined() && v.tensor.handle() == weight.handle();
    });
    std::vector<double> result;
    for (int64_t o = 0; value != values.end() && o < weight.size(dim); ++o) {
      const auto scales = of_class_.find(map_.class_of({static_cast<int>(value - values.begin()), dim, o}));
      if (scales == of_class_.end()) break;
      const auto& [sum, count] = scales->second;
      result.push_back(sum / static_cast<double>(count));
    }
    check(std::ssize(result) == weight.size(dim),
          "bn_scale: no BatchNorm with a scale follows a weight of shape ", weight.shape());
    return result;
  }

 private:
  graph::ChannelMap map_;
  std::map<int64_t, std::pair<double, int64_t>> of_class_;  // their sum and their number
};

// score(k, o) of each output o, along the dimension that makes them, as a score of each of weights[k].
template <class F>
std::vector<Tensor> score_outputs(const std::vector<Parameter>& weights, const std::vector<Output>& made,
                                  F score) {
  return detail::score_each(weights, [&](size_t k, int64_t i) {
    const Shape& shape = weights[k].shape();
    return score(k, i / shape.inner(made[k].dim) % shape[made[k].dim]);
  });
}

// The mean of f(activation) of each output over all samples and positions.
template <class F>
Criterion mean_of(ActivationSource source, F f) {
  return Criterion([=](const std::vector<Parameter>& weights) {
    const auto run_checked = [&](const Tensor& x) {
      auto made = outputs(source.module, x, weights);
      for (size_t k = 0; k < weights.size(); ++k) {
        const Tensor& y = made[k].activation;
        check(y.defined() && y.rank() >= 2 && y.size(1) == weights[k].size(made[k].dim),
              "prune: the network makes no activations with a weight of shape ", weights[k].shape());
      }
      return made;
    };
    check(source.batches != 0, "prune: no batch to compute activations from");
    const auto example = run_checked(source.loader.example());
    train::Sums zeros;  // of each output; then how many activations each has
    for (const auto& output : example) zeros.emplace_back(output.activation.size(1) + 1);
    const auto sums = train::sum_over_batches(
        source.loader, source.batches, source.sharing, zeros,
        [&](const data::Batch& batch, train::Sums& into) {
          const auto made = run_checked(batch.inputs);
          for (size_t k = 0; k < weights.size(); ++k) {
            const Tensor& y = made[k].activation;
            const int64_t channels = y.size(1), positions = y.shape().inner(1);
            for (int64_t i = 0; i < y.numel(); ++i)
              into[k][i / positions % channels] += f(static_cast<double>(y.data()[i]));
            into[k].back() += static_cast<double>(y.size(0) * positions);
          }
        });
    return score_outputs(weights, example, [&](size_t k, int64_t o) { return sums[k][o] / sums[k].back(); });
  });
}

}  // namespace

Criterion mean_activation(ActivationSource source) {
  return mean_of(source, [](double a) { return std::abs(a); }).of_outputs();
}

Criterion apoz(ActivationSource source) {
  return mean_of(source, [](double a) { return a != 0 ? 1.0 : 0.0; }).of_outputs();
}

Criterion bn_scale(nn::Module& module, const Tensor& example) {
  const Criterion scales([&module, example](const std::vector<Parameter>& weights) {
    const auto found = outputs(module, example, weights);
    std::optional<TiedScales> tied;
    std::vector<std::vector<double>> means;  // of those that have no normalisation of their own
    for (size_t k = 0; k < weights.size(); ++k) {
      const Tensor& scale = found[k].bn_scale;
      check(!scale.defined() || scale.numel() == weights[k].size(found[k].dim), "bn_scale: a BatchNorm of ",
            scale.defined() ? scale.numel() : 0, " channels follows a weight of shape ", weights[k].shape());
      if (!scale.defined() && !tied) tied.emplace(module, example);
      means.push_back(scale.defined() ? std::vector<double>() : tied->means(weights[k], found[k].dim));
    }
    return score_outputs(weights, found, [&](size_t k, int64_t o) {
      const Tensor& scale = found[k].bn_scale;
      return scale.defined() ? std::abs(static_cast<double>(scale.data()[o])) : means[k][o];
    });
  });
  return scales.of_outputs();
}

Criterion wanda(ActivationSource source) {
  return Criterion([=](const std::vector<Parameter>& weights) {
    // The sum of the squares that a weight multiplies is the gradient of sum(layer(x^2)) by it.
    train::Sums zeros;
    for (const auto& weight : weights) zeros.emplace_back(weight.numel());
    const auto add = [&](const data::Batch& batch, train::Sums& sums) {
      std::vector<Parameter> squares;
      for (const auto& weight : weights) squares.emplace_back(tinynn::zeros(weight.shape()));
      std::vector<std::function<void()>> layers;  // what each adds to squares, once the network has run
      run(source.module, batch.inputs, weights, [&](const autograd::Call& call, size_t k) {
        const Op* reading[] = {&ops::linear, &ops::conv1d, &ops::conv2d, &ops::conv_transpose2d};
        if (std::ranges::find(reading, &call.op) == std::end(reading)) return;
        if (call.inputs[1].handle() != weights[k].handle()) return;
        layers.emplace_back([&op = call.op, x = call.inputs[0].detach(), weight = squares[k],
                             attributes = std::vector(call.attributes.begin(), call.attributes.end())] {
          sum(op.apply({{x * x, weight, Tensor()}, attributes, false})).backward();
        });
      });
      for (const auto& backward : layers) backward();
      for (size_t k = 0; k < weights.size(); ++k) {
        const Tensor of_batch = squares[k].grad();
        check(of_batch.defined(), "wanda: no linear layer or convolution reads a weight of shape ",
              weights[k].shape());
        for (size_t i = 0; i < sums[k].size(); ++i) sums[k][i] += static_cast<double>(of_batch.data()[i]);
      }
    };
    check(source.batches != 0, "wanda: no batch to compute activations from");
    const auto sums = train::sum_over_batches(source.loader, source.batches, source.sharing, zeros, add);
    return detail::score_each(weights, [&](size_t k, int64_t i) {
      return std::abs(weights[k].data()[i]) * static_cast<float>(std::sqrt(sums[k][i]));
    });
  });
}

}  // namespace tinynn::prune
