#include <cmath>

#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/kernels/pointwise.hpp>
#include <tinynn/kernels/softmax.hpp>
#include <tinynn/ops/loss.hpp>
#include <tinynn/ops/registry.hpp>

namespace tinynn {
namespace {

constexpr auto pinned = "it compares all classes with the target";

Reduction reduction_of(const autograd::Arguments& a) {
  return static_cast<Reduction>(a.attributes.whole("reduction"));
}
autograd::Attribute reduction_attribute(Reduction reduction) {
  return {"reduction", static_cast<double>(reduction)};
}

// The attributes of a loss of labels; the labels are a list, made for observers only.
std::vector<autograd::Attribute> attributes_of(Reduction reduction, double label_smoothing,
                                               const Labels& labels) {
  std::vector<autograd::Attribute> attributes{reduction_attribute(reduction),
                                              {"label_smoothing", label_smoothing}};
  if (autograd::observed()) autograd::append(attributes, "label", std::span(labels.begin(), labels.end()));
  return attributes;
}
Labels labels_of(const autograd::Arguments& a) { return Labels(a.attributes.list("label")); }

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

  // Calls f(index in (n, classes), target) wherever the target of sample i is not zero.
  template <class F>
  void for_each(int64_t i, F f) const {
    const int64_t label = labels_[i], first = i * classes_;
    if (smoothing_ == 0) return f(first + label, weight_of(label));
    const double everywhere = smoothing_ / static_cast<double>(classes_);
    for (int64_t c = 0; c < classes_; ++c) {
      f(first + c, weight_of(c) * (everywhere + (c == label ? 1 - smoothing_ : 0)));
    }
  }

  // loss[i] = - sum over c of target(i, c) log_probabilities(i, c)
  Tensor losses(const Tensor& log_probabilities) const {
    Tensor result(Shape{n_});
    for (int64_t i = 0; i < n_; ++i) {
      double loss = 0;
      for_each(i, [&](int64_t at, double target) {
        loss -= target * static_cast<double>(log_probabilities.data()[at]);
      });
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

}  // namespace

const autograd::Op cross_entropy_op{.name = "cross_entropy",
                                    .apply =
                                        [](const autograd::Arguments& a) {
                                          return cross_entropy(
                                              a[0], labels_of(a),
                                              {.label_smoothing = a.attributes.number("label_smoothing"),
                                               .weight = a[1],
                                               .reduction = reduction_of(a)});
                                        },
                                    .pinned = pinned};

Tensor cross_entropy(const Tensor& logits, const Labels& labels, const CrossEntropyOptions& options) {
  const ClassTarget target(cross_entropy_op.name, logits, labels, options.weight, options.label_smoothing);
  const int64_t n = logits.size(0), classes = logits.size(1);
  const Reducer reduce(cross_entropy_op.name, options.reduction, {n}, target.weight_of_labels());
  Tensor log_probabilities(logits.shape());
  kernels::log_softmax_forward(n, classes, logits.data(), log_probabilities.mutable_data());

  // grad_logits(i, c) = grad_loss(i) (softmax(logits)(i, c) sum of target(i) - target(i, c))
  return autograd::record(
      cross_entropy_op, reduce(target.losses(log_probabilities)), std::vector{logits, options.weight},
      [=](const Tensor& grad) {
        const Tensor grad_losses = reduce.back(grad, {n});
        Tensor grad_logits(logits.shape());
        float* g = grad_logits.mutable_data();
        for (int64_t i = 0; i < n; ++i) {
          const auto grad_loss = static_cast<double>(grad_losses.data()[i]);
          double sum = 0;
          target.for_each(i, [&](int64_t, double t) { sum += t; });
          const auto scale = static_cast<float>(sum * grad_loss);
          for (int64_t k = i * classes; k < (i + 1) * classes; ++k) {
            g[k] = std::exp(log_probabilities.data()[k]) * scale;
          }
          target.for_each(i, [&](int64_t k, double t) { g[k] -= static_cast<float>(t * grad_loss); });
        }
        autograd::accumulate_grad(logits, std::move(grad_logits));
      },
      attributes_of(options.reduction, options.label_smoothing, labels));
}

const autograd::Op nll_loss_op{.name = "nll_loss",
                               .apply =
                                   [](const autograd::Arguments& a) {
                                     return nll_loss(a[0], labels_of(a),
                                                     {.weight = a[1], .reduction = reduction_of(a)});
                                   },
                               .pinned = pinned};

Tensor nll_loss(const Tensor& log_probabilities, const Labels& labels, const NllLossOptions& options) {
  const ClassTarget target(nll_loss_op.name, log_probabilities, labels, options.weight, 0);
  const int64_t n = log_probabilities.size(0);
  const Reducer reduce(nll_loss_op.name, options.reduction, {n}, target.weight_of_labels());

  // grad_log_probabilities(i, c) = - grad_loss(i) target(i, c)
  return autograd::record(
      nll_loss_op, reduce(target.losses(log_probabilities)), std::vector{log_probabilities, options.weight},
      [=](const Tensor& grad) {
        const Tensor grad_losses = reduce.back(grad, {n});
        Tensor grad_input = zeros(log_probabilities.shape());
        float* g = grad_input.mutable_data();
        for (int64_t i = 0; i < n; ++i) {
          const auto grad_loss = static_cast<double>(grad_losses.data()[i]);
          target.for_each(i, [&](int64_t k, double t) { g[k] = static_cast<float>(-t * grad_loss); });
        }
        autograd::accumulate_grad(log_probabilities, std::move(grad_input));
      },
      attributes_of(options.reduction, 0, labels));
}

namespace {

// f(input, target) of each element, reduced; by_input and by_target are its partial derivatives.
template <class F, class DInput, class DTarget>
Tensor elementwise(const autograd::Op& op, const Tensor& input, const Tensor& target, Reduction reduction,
                   F f, DInput by_input, DTarget by_target) {
  check(input.shape() == target.shape(), op.name, ": input ", input.shape(), " and target ", target.shape(),
        " differ in shape");
  const Reducer reduce(op.name, reduction, input.shape(), static_cast<double>(input.numel()));
  Tensor losses(input.shape());
  kernels::map(input.numel(), input.data(), target.data(), losses.mutable_data(), f);
  return autograd::record(op, reduce(losses), {input, target},
                          [=](const Tensor& grad) {
                            const Tensor grad_losses = reduce.back(grad, input.shape());
                            const auto hand_on = [&](const Tensor& to, auto derivative) {
                              if (!to.requires_grad()) return;
                              Tensor grad_to(to.shape());
                              float* g = grad_to.mutable_data();
                              kernels::map(to.numel(), input.data(), target.data(), g, derivative);
                              kernels::map(to.numel(), g, grad_losses.data(), g,
                                           [](float a, float b) { return a * b; });
                              autograd::accumulate_grad(to, std::move(grad_to));
                            };
                            hand_on(input, by_input);
                            hand_on(target, by_target);
                          },
                          {reduction_attribute(reduction)});
}

}  // namespace

const autograd::Op mse_loss_op{
    .name = "mse_loss",
    .apply = [](const autograd::Arguments& a) { return mse_loss(a[0], a[1], reduction_of(a)); },
    .pinned = pinned};

Tensor mse_loss(const Tensor& input, const Tensor& target, Reduction reduction) {
  // d/d input = 2 (input - target) = - d/d target
  return elementwise(
      mse_loss_op, input, target, reduction, [](float x, float t) { return (x - t) * (x - t); },
      [](float x, float t) { return 2 * (x - t); }, [](float x, float t) { return 2 * (t - x); });
}

const autograd::Op l1_loss_op{
    .name = "l1_loss",
    .apply = [](const autograd::Arguments& a) { return l1_loss(a[0], a[1], reduction_of(a)); },
    .pinned = pinned};

Tensor l1_loss(const Tensor& input, const Tensor& target, Reduction reduction) {
  // d/d input = sign(input - target) = - d/d target, 0 where they are equal
  const auto sign = [](float v) { return static_cast<float>((v > 0) - (v < 0)); };
  return elementwise(
      l1_loss_op, input, target, reduction, [](float x, float t) { return std::abs(x - t); },
      [=](float x, float t) { return sign(x - t); }, [=](float x, float t) { return sign(t - x); });
}

const autograd::Op binary_cross_entropy_with_logits_op{.name = "binary_cross_entropy_with_logits",
                                                       .apply =
                                                           [](const autograd::Arguments& a) {
                                                             return binary_cross_entropy_with_logits(
                                                                 a[0], a[1], reduction_of(a));
                                                           },
                                                       .pinned = pinned};

Tensor binary_cross_entropy_with_logits(const Tensor& logits, const Tensor& target, Reduction reduction) {
  // d/d logit = sigmoid(logit) - target, d/d target = - logit
  return elementwise(
      binary_cross_entropy_with_logits_op, logits, target, reduction,
      [](float x, float t) { return (x > 0 ? x : 0) - x * t + std::log1p(std::exp(-std::abs(x))); },
      [](float x, float t) { return 1 / (1 + std::exp(-x)) - t; }, [](float x, float) { return -x; });
}

const autograd::Op kl_div_op{
    .name = "kl_div",
    .apply = [](const autograd::Arguments& a) { return kl_div(a[0], a[1], reduction_of(a)); },
    .pinned = pinned};

Tensor kl_div(const Tensor& log_probabilities, const Tensor& target, Reduction reduction) {
  // d/d log_probability = - target, d/d target = log(target) + 1 - log_probability, 0 where the target is 0
  return elementwise(
      kl_div_op, log_probabilities, target, reduction,
      [](float x, float t) { return t == 0 ? 0 : t * (std::log(t) - x); }, [](float, float t) { return -t; },
      [](float x, float t) { return t == 0 ? 0 : std::log(t) + 1 - x; });
}

std::vector<const autograd::Op*> ops::loss() {
  return {&cross_entropy_op, &nll_loss_op, &mse_loss_op, &l1_loss_op, &binary_cross_entropy_with_logits_op,
          &kl_div_op};
}

}  // namespace tinynn
