#include <algorithm>
#include <cmath>
#include <functional>
#include <span>

#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/kernels/pointwise.hpp>
#include <tinynn/kernels/softmax.hpp>
#include <tinynn/ops/activation.hpp>
#include <tinynn/ops/arithmetic.hpp>
#include <tinynn/ops/loss.hpp>
#include <tinynn/ops/registry.hpp>

namespace tinynn {
namespace {

constexpr autograd::Properties compares{.pinned = "it compares all classes with the target"};

Reduction reduction_of(const autograd::Arguments& a) {
  const auto number = a.whole("reduction");
  check(number >= 0 && number <= static_cast<int64_t>(Reduction::none), "a loss has reduction ", number,
        ", which there is not");
  return static_cast<Reduction>(number);
}
Labels labels_of(const autograd::Arguments& a) { return Labels(a.list("label")); }

// From the single losses to what the reduction makes of them, and back.
class Reducer {
 public:
  Reducer(const char* name, Reduction reduction, const Shape& losses, double mean_divisor)
      : reduced_(reduction != Reduction::none) {
    check(losses.numel() > 0 || !reduced_ || reduction == Reduction::sum, name,
          ": the batch is empty, so its mean is undefined");
    if (reduction == Reduction::mean) divisor_ = mean_divisor;
    if (reduction == Reduction::batch_mean && losses.rank() > 0) divisor_ = static_cast<double>(losses[0]);
  }

  Tensor operator()(const Tensor& losses) const {
    if (!reduced_) return losses;
    double sum = 0;
    for (const float loss : losses.values()) sum += static_cast<double>(loss);
    return full({}, sum / divisor_);
  }
  // d(result)/d(single losses) times the gradient of the result, in the shape of the losses.
  Tensor back(const Tensor& grad, const Shape& losses) const {
    return reduced_ ? full(losses, grad.item() / divisor_) : grad;
  }

 private:
  bool reduced_;
  double divisor_ = 1;
};

// The distribution over classes that each sample is compared with, times the weights of the classes:
// target(i, c) = weight[c] ((1 - smoothing) [c is the label of i] + smoothing / classes).
class ClassTarget {
 public:
  ClassTarget(const char* name, const Tensor& input, const Labels& labels, const Tensor& weight,
              double smoothing)
      : labels_(labels), weight_(weight), smoothing_(smoothing) {
    check(input.rank() == 2, name, ": logits ", input.shape(), " are not (n, classes)");
    n_ = input.size(0);
    classes_ = input.size(1);
    check(labels.size() == n_, name, ": ", labels.size(), " labels for logits ", input.shape());
    check(!weight.defined() || weight.shape() == Shape{classes_}, name, ": class weights ",
          weight.defined() ? weight.shape() : Shape(), " do not fit logits ", input.shape(), ": expected ",
          Shape{classes_});
    check(smoothing >= 0 && smoothing <= 1, name, ": label smoothing ", smoothing, " is not between 0 and 1");
    for (int64_t i = 0; i < n_; ++i) {
      check(labels[i] >= 0 && labels[i] < classes_, name, ": label ", labels[i], " of sample ", i,
            " is outside the ", classes_, " classes");
      weight_of_labels_ += weight_of(labels[i]);
    }
  }

  double weight_of_labels() const { return weight_of_labels_; }

  // Calls f(c, target) for every class of which the target of sample i is not zero.
  template <class F>
  void for_each(int64_t i, F f) const {
    const int64_t label = labels_[i];
    if (smoothing_ == 0) return f(label, weight_of(label));
    const double everywhere = smoothing_ / static_cast<double>(classes_);
    for (int64_t c = 0; c < classes_; ++c) {
      f(c, weight_of(c) * (everywhere + (c == label ? 1 - smoothing_ : 0)));
    }
  }

  // loss[i] = - sum over c of target(i, c) log_probabilities(i, c)
  Tensor losses(const Tensor& log_probabilities) const {
    Tensor result(Shape{n_});
    for (int64_t i = 0; i < n_; ++i) {
      const float* row = log_probabilities.data() + i * classes_;
      double loss = 0;
      for_each(i, [&](int64_t c, double target) { loss -= target * static_cast<double>(row[c]); });
      result.mutable_data()[i] = static_cast<float>(loss);
    }
    return result;
  }

 private:
  double weight_of(int64_t c) const { return weight_.defined() ? static_cast<double>(weight_.data()[c]) : 1; }

  Labels labels_;
  Tensor weight_;
  double smoothing_, weight_of_labels_ = 0;
  int64_t n_, classes_;
};

// The losses against these log-probabilities, reduced. grad_row(target, i, grad_loss, g) writes row i of the
// gradient of `input`, given that of the sample's loss.
template <class F>
Tensor class_loss(const Op& op, const Tensor& input, const Tensor& log_probabilities, const Labels& labels,
                  const ClassTarget& target, const CrossEntropyOptions& options, F grad_row) {
  const int64_t n = input.size(0), classes = input.size(1);
  const Reducer reduce(op.name, options.reduction, {n}, target.weight_of_labels());
  const auto backward = [=, input = autograd::place_of(input)](const Tensor& grad) {
    const Tensor grad_losses = reduce.back(grad, {n});
    autograd::hand_on_grad(input, [&](float* g) {
      for (int64_t i = 0; i < n; ++i, g += classes) {
        grad_row(target, i, static_cast<double>(grad_losses.data()[i]), g);
      }
    });
  };
  return autograd::record(op, reduce(target.losses(log_probabilities)), {input, options.weight}, backward,
                          {{"reduction", static_cast<double>(options.reduction)},
                           {"label_smoothing", options.label_smoothing},
                           {"label", std::span(labels.begin(), labels.end())}});
}

// f(input, target) of each element, reduced; by_input and by_target are its partial derivatives.
template <class F, class DInput, class DTarget>
Tensor pairwise(const Op& op, const Tensor& input, const Tensor& target, Reduction reduction, F f,
                DInput by_input, DTarget by_target) {
  check(input.shape() == target.shape(), op.name, ": input ", input.shape(), " and target ", target.shape(),
        " differ in shape");
  const Reducer reduce(op.name, reduction, input.shape(), static_cast<double>(input.numel()));
  Tensor losses(input.shape());
  kernels::map(input.numel(), input.data(), target.data(), losses.mutable_data(), f);
  const auto backward = [=](const Tensor& grad) {
    const Tensor grad_losses = reduce.back(grad, input.shape());
    const auto hand_on = [&](const Tensor& to, auto derivative) {
      autograd::hand_on_grad(to, [&](float* g) {
        kernels::map(to.numel(), input.data(), target.data(), g, derivative);
        kernels::map(to.numel(), g, grad_losses.data(), g, std::multiplies<>());
      });
    };
    hand_on(input, by_input);
    hand_on(target, by_target);
  };
  return autograd::record(op, reduce(losses), {input, target}, backward,
                          {{"reduction", static_cast<double>(reduction)}});
}

}  // namespace

const Op cross_entropy_op("cross_entropy", compares, [](const auto& a) {
  return cross_entropy(
      a[0], labels_of(a),
      {.label_smoothing = a.number("label_smoothing"), .weight = a[1], .reduction = reduction_of(a)});
});

Tensor cross_entropy(const Tensor& logits, const Labels& labels, const CrossEntropyOptions& options) {
  const ClassTarget target(cross_entropy_op.name, logits, labels, options.weight, options.label_smoothing);
  const int64_t n = logits.size(0), classes = logits.size(1);
  Tensor log_probabilities(logits.shape());
  kernels::log_softmax_forward(n, classes, logits.data(), log_probabilities.mutable_data());
  // grad_logits(i, c) = grad_loss(i) (softmax(logits)(i, c) sum of target(i) - target(i, c))
  return class_loss(cross_entropy_op, logits, log_probabilities, labels, target, options,
                    [=](const ClassTarget& of, int64_t i, double grad_loss, float* g) {
                      double sum = 0;
                      of.for_each(i, [&](int64_t, double t) { sum += t; });
                      const auto scale = static_cast<float>(sum * grad_loss);
                      const float* log_probability = log_probabilities.data() + i * classes;
                      for (int64_t c = 0; c < classes; ++c) g[c] = std::exp(log_probability[c]) * scale;
                      of.for_each(i, [&](int64_t c, double t) { g[c] -= static_cast<float>(t * grad_loss); });
                    });
}

const Op nll_loss_op("nll_loss", compares, [](const auto& a) {
  return nll_loss(a[0], labels_of(a), {.weight = a[1], .reduction = reduction_of(a)});
});

Tensor nll_loss(const Tensor& log_probabilities, const Labels& labels, const NllLossOptions& options) {
  const ClassTarget target(nll_loss_op.name, log_probabilities, labels, options.weight, 0);
  // grad_log_probabilities(i, c) = - grad_loss(i) target(i, c)
  return class_loss(
      nll_loss_op, log_probabilities, log_probabilities, labels, target,
      {.weight = options.weight, .reduction = options.reduction},
      [classes = log_probabilities.size(1)](const ClassTarget& of, int64_t i, double grad_loss, float* g) {
        std::fill_n(g, classes, 0.0F);
        of.for_each(i, [&](int64_t c, double t) { g[c] = static_cast<float>(-t * grad_loss); });
      });
}

const Op mse_loss_op("mse_loss", compares,
                     [](const auto& a) { return mse_loss(a[0], a[1], reduction_of(a)); });

Tensor mse_loss(const Tensor& input, const Tensor& target, Reduction reduction) {
  // d/d input = 2 (input - target) = - d/d target
  return pairwise(
      mse_loss_op, input, target, reduction, [](float x, float t) { return (x - t) * (x - t); },
      [](float x, float t) { return 2 * (x - t); }, [](float x, float t) { return 2 * (t - x); });
}

const Op l1_loss_op("l1_loss", compares, [](const auto& a) { return l1_loss(a[0], a[1], reduction_of(a)); });

Tensor l1_loss(const Tensor& input, const Tensor& target, Reduction reduction) {
  // d/d input = sign(input - target) = - d/d target, 0 where they are equal
  const auto sign = [](float v) { return static_cast<float>((v > 0) - (v < 0)); };
  return pairwise(
      l1_loss_op, input, target, reduction, [](float x, float t) { return std::abs(x - t); },
      [=](float x, float t) { return sign(x - t); }, [=](float x, float t) { return sign(t - x); });
}

const Op binary_cross_entropy_with_logits_op("binary_cross_entropy_with_logits", compares, [](const auto& a) {
  return binary_cross_entropy_with_logits(a[0], a[1], reduction_of(a));
});

Tensor binary_cross_entropy_with_logits(const Tensor& logits, const Tensor& target, Reduction reduction) {
  // d/d logit = sigmoid(logit) - target, d/d target = - logit
  return pairwise(
      binary_cross_entropy_with_logits_op, logits, target, reduction,
      [](float x, float t) { return (x > 0 ? x : 0) - x * t + std::log1p(std::exp(-std::abs(x))); },
      [](float x, float t) { return 1 / (1 + std::exp(-x)) - t; }, [](float x, float) { return -x; });
}

const Op kl_div_op("kl_div", compares, [](const auto& a) { return kl_div(a[0], a[1], reduction_of(a)); });

Tensor kl_div(const Tensor& log_probabilities, const Tensor& target, Reduction reduction) {
  // d/d log_probability = - target, d/d target = log(target) + 1 - log_probability, 0 where the target is 0
  return pairwise(
      kl_div_op, log_probabilities, target, reduction,
      [](float x, float t) { return t == 0 ? 0 : t * (std::log(t) - x); }, [](float, float t) { return -t; },
      [](float x, float t) { return t == 0 ? 0 : std::log(t) + 1 - x; });
}

Tensor distillation_loss(const Tensor& logits, const Tensor& teacher, double temperature) {
  check(temperature > 0, "distillation_loss: temperature ", temperature, ", expected above 0");
  const double scale = 1 / temperature;
  const Tensor divergence =
      kl_div(log_softmax(logits * scale, -1), softmax(teacher.detach() * scale, -1), Reduction::batch_mean);
  return divergence * (temperature * temperature);
}

std::vector<const Op*> ops::loss() {
  return {&cross_entropy_op, &nll_loss_op, &mse_loss_op, &l1_loss_op, &binary_cross_entropy_with_logits_op,
          &kl_div_op};
}

}  // namespace tinynn
