// The checks of lab 2. References are naive twins in double precision, and PyTorch's own values where they
// say so.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "../support/digits.hpp"
#include "../support/grading.hpp"
#include "lab2.hpp"
using namespace grading;
using namespace lab2;

namespace {

template <class F>
void require_throws(const std::string& what, F run) {
  try {
    run();
  } catch (const std::invalid_argument&) {
    return;
  }
  fail(what, ": returned, expected std::invalid_argument");
}

// ---- cross_entropy

Loss naive_cross_entropy(std::span<const float> logits, std::span<const int> labels, std::size_t classes) {
  Loss loss;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto row = logits.subspan(i * classes, classes);
    const auto label = std::size_t(labels[i]);
    std::vector<double> e;
    for (const float z : row) e.push_back(std::exp(double(z)));
    const double sum = std::accumulate(e.begin(), e.end(), 0.0), batch = double(labels.size());
    loss.value -= std::log(e[label] / sum) / batch;
    for (std::size_t j = 0; j < classes; ++j)
      loss.gradient.push_back(float((e[j] / sum - (j == label)) / batch));
  }
  return loss;
}

struct Batch {
  std::int64_t classes;
  std::vector<int> labels;
  std::vector<float> logits;
  std::string call() const { return "cross_entropy of logits " + show(logits) + ", labels " + show(labels); }
};

// The first are small enough to work out with a pencil.
Batch random_batch(Random& random, int size) {
  Batch batch{random.integer(2, 2 + size), {}, {}};
  const std::int64_t n = random.integer(1, 1 + size);
  for (std::int64_t i = 0; i < n; ++i) batch.labels.push_back(int(random.integer(0, batch.classes - 1)));
  batch.logits = random.floats(n * batch.classes, -4, 4);
  return batch;
}

void require_loss(double got, double expected, const std::string& what) {
  require(std::abs(got - expected) <= 1e-5 * std::max(1.0, expected), what, ": got a loss of ", got,
          ", expected ", expected);
}

void loss_values(Random& random) {
  for (int size = 0; size < 12; ++size)
    for (int i = 0; i < 5; ++i) {
      const Batch b = random_batch(random, size);
      require_loss(cross_entropy(b.logits, b.labels, b.classes).value,
                   naive_cross_entropy(b.logits, b.labels, std::size_t(b.classes)).value, b.call());
    }
}

void loss_gradients(Random& random) {
  for (int size = 0; size < 12; ++size)
    for (int i = 0; i < 5; ++i) {
      const Batch b = random_batch(random, size);
      require_near(cross_entropy(b.logits, b.labels, b.classes).gradient,
                   naive_cross_entropy(b.logits, b.labels, std::size_t(b.classes)).gradient, 1e-6,
                   b.call() + ": gradient");
    }
}

// One logit stands out so far that softmax is 0 and 1 to the last digit.
void large_logits(Random& random) {
  for (const float height : {100.0f, -100.0f, 1e4f, -1e4f})
    for (int i = 0; i < 10; ++i) {
      const auto classes = std::size_t(random.integer(2, 4));
      const auto label = std::size_t(random.integer(0, std::int64_t(classes) - 1));
      const auto top = std::size_t(random.integer(0, std::int64_t(classes) - 1));
      std::vector<float> logits(classes, height);  // all far from zero ...
      logits[top] += 2e4f;                         // ... and one far above the others
      const Batch b{std::int64_t(classes), {int(label)}, logits};
      std::vector<float> gradient(classes);
      gradient[top] += 1;
      gradient[label] -= 1;
      const Loss loss = cross_entropy(b.logits, b.labels, b.classes);
      require_loss(loss.value, top == label ? 0 : 2e4, b.call());
      require_near(loss.gradient, gradient, 1e-6, b.call() + ": gradient");
    }
  for (const float height : {1e4f, -1e4f}) {
    const Batch same{4, {1}, {height, height, height, height}};
    require_loss(cross_entropy(same.logits, same.labels, 4).value, std::log(4.0), same.call());
  }
}

void loss_refuses(Random& random) {
  const int classes = int(random.integer(2, 5));
  const std::vector<float> row = random.floats(classes);
  require(std::isfinite(cross_entropy(row, std::vector{classes - 1}, classes).value),
          "cross_entropy: a label of classes - 1 is the last class, expected its loss");
  require_throws("cross_entropy of no labels", [&] { cross_entropy({}, {}, classes); });
  require_throws("cross_entropy of 1 row, 2 labels", [&] { cross_entropy(row, std::vector{0, 1}, classes); });
  require_throws("cross_entropy with a label of -1", [&] { cross_entropy(row, std::vector{-1}, classes); });
  require_throws("cross_entropy with a label as large as classes",
                 [&] { cross_entropy(row, std::vector{classes}, classes); });
}

// ---- sgd_step, adam_step

// Values of PyTorch 1.13 (double precision) after 20 steps:
//   a = torch.tensor([1.0, -2.0, 0.5], requires_grad=True); b = torch.tensor([0.25, -0.125],
//   requires_grad=True) for t in range(20):
//     g = [((7*t + 3*i + t*i) % 11 - 5) / 8 for i in range(5)]
//     a.grad = torch.tensor(g[:3]); b.grad = torch.tensor(g[3:]); optimizer.step()
struct Sgd20 {
  SgdOptions options;
  std::vector<float> expected;
};
const Sgd20 sgd_golden[] = {{{.learning_rate = 0.1, .momentum = 0.9},
                             {1.0880407f, -1.65655626f, 0.89391917f, -0.35472801f, 5.92209495f}},
                            {{.learning_rate = 0.1, .momentum = 0.9, .nesterov = true},
                             {1.10423663f, -1.62840063f, 0.95452726f, -0.29425521f, 6.31738545f}},
                            {{.learning_rate = 0.1, .momentum = 0.9, .weight_decay = 0.05},
                             {0.52106315f, -0.73240571f, 0.54563422f, -0.29031879f, 5.11253809f}},
                            {{.learning_rate = 0.1, .momentum = 0.8, .weight_decay = 0.05, .nesterov = true},
                             {0.66587726f, -1.12175452f, 0.57170004f, 0.00657696f, 3.53404853f}}};

struct Adam20 {
  AdamOptions options;
  std::vector<float> expected;
};
const Adam20 adam_golden[] = {
    {{.learning_rate = 0.05}, {1.07516176f, -1.8383179f, 0.57629644f, -0.01735699f, 0.87499998f}},
    {{.learning_rate = 0.05, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 0.1},
     {1.04689482f, -1.89659336f, 0.56298301f, 0.08846606f, 0.70833333f}},
    {{.learning_rate = 0.05, .weight_decay = 0.1},
     {0.85544761f, -1.50139668f, 0.44738857f, -0.0259857f, 0.86203121f}}};

// `step` of two parameters, twenty times; their values one after another.
template <class Step20>
std::vector<float> twenty_steps(Step20 step) {
  std::vector<Parameter> p{{{1, -2, 0.5f}, {0, 0, 0}}, {{0.25f, -0.125f}, {0, 0}}};
  for (int t = 0; t < 20; ++t) {
    for (int i = 0; i < 5; ++i)
      (i < 3 ? p[0].gradient[std::size_t(i)] : p[1].gradient[std::size_t(i - 3)]) =
          float((7 * t + 3 * i + t * i) % 11 - 5) / 8;
    step(p);
  }
  return {p[0].value[0], p[0].value[1], p[0].value[2], p[1].value[0], p[1].value[1]};
}

std::string call(const SgdOptions& o) {
  std::ostringstream out;
  out << "sgd_step with learning_rate " << o.learning_rate << ", momentum " << o.momentum << ", weight_decay "
      << o.weight_decay << (o.nesterov ? ", nesterov" : "");
  return out.str();
}

std::string call(const AdamOptions& o) {
  std::ostringstream out;
  out << "adam_step with learning_rate " << o.learning_rate << ", beta1 " << o.beta1 << ", beta2 " << o.beta2
      << ", epsilon " << o.epsilon << ", weight_decay " << o.weight_decay;
  return out.str();
}

void sgd_as_pytorch(Random&) {
  for (const auto& [options, expected] : sgd_golden) {
    Buffers buffers;
    const auto got = twenty_steps([&](std::span<Parameter> p) { sgd_step(p, options, buffers); });
    require_near(got, expected, 2e-5, call(options) + ": PyTorch's weights after 20 steps");
  }
}

void adam_as_pytorch(Random&) {
  for (const auto& [options, expected] : adam_golden) {
    AdamState state;
    const auto got = twenty_steps([&](std::span<Parameter> p) { adam_step(p, options, state); });
    require_near(got, expected, 2e-5, call(options) + ": PyTorch's weights after 20 steps");
  }
}

// One weight, in double precision, as the formulas say.
struct Twin {
  double w, b = 0, m = 0, v = 0;
  void step(double g, const SgdOptions& o, int) {
    g += o.weight_decay * w;
    b = o.momentum * b + g;
    w -= o.learning_rate * (o.nesterov ? g + o.momentum * b : b);
  }
  void step(double g, const AdamOptions& o, int t) {
    g += o.weight_decay * w;
    m = o.beta1 * m + (1 - o.beta1) * g;
    v = o.beta2 * v + (1 - o.beta2) * g * g;
    w -= o.learning_rate * (m / (1 - std::pow(o.beta1, t))) /
         (std::sqrt(v / (1 - std::pow(o.beta2, t))) + o.epsilon);
  }
};

// Some steps of `sizes` weights with random gradients against the twin.
template <class Options, class TakeStep>
void against_twin(Random& random, const std::vector<std::int64_t>& sizes, int steps, float scale,
                  const Options& options, TakeStep step) {
  std::vector<Parameter> parameters;
  std::vector<std::vector<Twin>> twins;
  for (const std::int64_t size : sizes) {
    const std::vector<float> value = random.floats(size);
    parameters.push_back({value, value});
    twins.emplace_back();
    for (const float w : value) twins.back().push_back({.w = w});
  }
  for (int t = 1; t <= steps; ++t) {
    for (Parameter& p : parameters) p.gradient = random.floats(std::int64_t(p.value.size()), -scale, scale);
    const std::vector<Parameter> before = parameters;
    step(parameters);
    for (std::size_t p = 0; p < sizes.size(); ++p) {
      std::vector<float> expected;
      for (std::size_t i = 0; i < twins[p].size(); ++i) {
        twins[p][i].step(before[p].gradient[i], options, t);
        expected.push_back(float(twins[p][i].w));
      }
      const std::string where = call(options) + ", step " + std::to_string(t) + ", parameter " +
                                std::to_string(p) + ": weights " + show(before[p].value, 5) + ", gradients " +
                                show(before[p].gradient, 5);
      require(parameters[p].gradient == before[p].gradient, where, " became gradients ",
              show(parameters[p].gradient, 5), ", expected them as they were");
      require_near(parameters[p].value, expected, 1e-5, where + ": new weights");
    }
  }
}

void against_twin(Random& random, const std::vector<std::int64_t>& sizes, int steps,
                  const SgdOptions& options) {
  Buffers buffers;
  against_twin(random, sizes, steps, 1, options,
               [&](std::span<Parameter> p) { sgd_step(p, options, buffers); });
}

void against_twin(Random& random, const std::vector<std::int64_t>& sizes, int steps,
                  const AdamOptions& options, float scale = 1) {
  AdamState state;
  against_twin(random, sizes, steps, scale, options,
               [&](std::span<Parameter> p) { adam_step(p, options, state); });
}

std::vector<std::int64_t> random_sizes(Random& random) {
  std::vector<std::int64_t> sizes;
  for (std::int64_t i = random.integer(1, 5); i > 0; --i) sizes.push_back(random.integer(1, 6));
  return sizes;
}

void sgd_plain(Random& random) {
  for (int i = 0; i < 20; ++i)
    against_twin(random, {1}, 3, SgdOptions{.learning_rate = random.uniform(0.01f, 0.5f)});
}

void sgd_momentum(Random& random) {
  for (int i = 0; i < 20; ++i)
    against_twin(random, {1}, 5, SgdOptions{.learning_rate = 0.1, .momentum = random.uniform(0.1f, 0.9f)});
}

void sgd_random(Random& random) {
  for (int i = 0; i < 60; ++i)
    against_twin(random, random_sizes(random), 10,
                 SgdOptions{.learning_rate = random.uniform(0.01f, 0.3f),
                            .momentum = random.chance(0.7) ? random.uniform(0.1f, 0.95f) : 0.0f,
                            .weight_decay = random.chance(0.5) ? random.uniform(0, 0.2f) : 0.0f,
                            .nesterov = random.chance(0.5)});
}

void adam_first_steps(Random& random) {
  for (int i = 0; i < 20; ++i)
    against_twin(random, {1}, 3, AdamOptions{.learning_rate = random.uniform(0.01f, 0.5f)});
}

// With gradients as small as epsilon it matters where epsilon is added.
void adam_epsilon(Random& random) {
  for (int i = 0; i < 20; ++i)
    against_twin(random, {1}, 3, AdamOptions{.learning_rate = 0.1, .epsilon = 1e-4}, 1e-4f);
}

void adam_random(Random& random) {
  for (int i = 0; i < 60; ++i)
    against_twin(random, random_sizes(random), 10,
                 AdamOptions{.learning_rate = random.uniform(0.001f, 0.1f),
                             .beta1 = random.uniform(0.5f, 0.95f),
                             .beta2 = random.uniform(0.8f, 0.999f),
                             .epsilon = random.chance(0.5) ? 1e-8 : 1e-2,
                             .weight_decay = random.chance(0.5) ? random.uniform(0, 0.2f) : 0.0f});
}

// ---- train_epoch

// A model that writes down what is done to it. Its logits are the first pixel of each image; the gradient of
// its only weight is their number in the batch.
struct Recorder : Model {
  std::vector<Parameter> weight{{{0}, {std::numeric_limits<float>::quiet_NaN()}}};
  std::string calls;  // "forward loss ..."
  std::vector<std::vector<float>> batches;
  std::vector<float> seen;  // the weight's gradient at each step

  std::vector<float> forward(std::span<const float> images) override {
    calls += "forward ";
    batches.emplace_back(images.begin(), images.end());
    std::vector<float> logits;
    for (std::size_t i = 0; i < images.size(); i += 2) logits.push_back(images[i]);
    return logits;
  }
  void backward(std::span<const float> gradient) override {
    calls += "backward ";
    for (const float g : gradient) weight[0].gradient[0] += g;
  }
  std::span<Parameter> parameters() override { return weight; }
};

struct Epoch {
  Recorder model;
  std::vector<float> images;
  std::vector<int> labels;
  std::vector<std::int64_t> order;
  std::int64_t batch_size = 0;
  std::vector<std::vector<int>> label_batches;
  std::vector<std::size_t> sizes;  // of the batches, as they have to be
  double result = 0;
  std::string shown;
};

// Image i is (i, 100 + i), its label 10 * i; the loss of a batch is the mean of its logits, which are its
// indices.
Epoch record(std::int64_t images, const std::vector<std::int64_t>& order, std::int64_t batch_size) {
  Epoch epoch;
  for (std::int64_t i = 0; i < images; ++i) {
    epoch.images.insert(epoch.images.end(), {float(i), float(100 + i)});
    epoch.labels.push_back(int(10 * i));
  }
  epoch.order = order;
  epoch.batch_size = batch_size;
  for (std::size_t done = 0; batch_size > 0 && done < order.size(); done += epoch.sizes.back())
    epoch.sizes.push_back(std::min(order.size() - done, std::size_t(batch_size)));
  epoch.shown = "train_epoch of order " + show(order) + ", batch_size " + std::to_string(batch_size);
  const auto loss = [&](std::span<const float> logits, std::span<const int> labels) {
    epoch.model.calls += "loss ";
    epoch.label_batches.emplace_back(labels.begin(), labels.end());
    double sum = 0;
    for (const float z : logits) sum += z;
    return Loss{sum / double(logits.size()), std::vector<float>(logits.size(), 1.0f)};
  };
  const auto step = [&](std::span<Parameter> parameters) {
    epoch.model.calls += "step ";
    require(parameters.data() == epoch.model.weight.data() && parameters.size() == 1, epoch.shown,
            ": step was called with other parameters than the model's");
    epoch.model.seen.push_back(parameters[0].gradient[0]);
  };
  epoch.result = train_epoch(epoch.model, {epoch.images, epoch.labels}, epoch.order, batch_size, loss, step);
  return epoch;
}

// An order that leaves out some images and names some twice.
Epoch record_random(Random& random, int size) {
  const std::int64_t images = random.integer(2, 3 + size);
  std::vector<std::int64_t> order;
  for (std::int64_t i = random.integer(1, 3 + 2 * size); i > 0; --i)
    order.push_back(random.integer(0, images - 1));
  return record(images, order, random.integer(1, 4));
}

void batches_as_ordered(Random& random) {
  for (int i = 0; i < 40; ++i) {
    const Epoch epoch = record_random(random, i / 8);
    require(epoch.model.batches.size() == epoch.sizes.size(), epoch.shown, ": got ",
            epoch.model.batches.size(), " batches, expected ", epoch.sizes.size());
    std::size_t done = 0;
    for (std::size_t b = 0; b < epoch.sizes.size(); ++b) {
      std::vector<float> images;
      std::vector<int> labels;
      for (std::size_t k = 0; k < epoch.sizes[b]; ++k, ++done) {
        images.insert(images.end(), {float(epoch.order[done]), float(100 + epoch.order[done])});
        labels.push_back(int(10 * epoch.order[done]));
      }
      require(epoch.model.batches[b] == images, epoch.shown, ", image i being [i, 100 + i]: batch ", b,
              " was ", show(epoch.model.batches[b]), ", expected ", show(images));
      require(b < epoch.label_batches.size(), epoch.shown, ": the loss was called for ",
              epoch.label_batches.size(), " batches, expected ", epoch.sizes.size());
      require(epoch.label_batches[b] == labels, epoch.shown, ", label i being 10 * i: labels of batch ", b,
              " were ", show(epoch.label_batches[b]), ", expected ", show(labels));
    }
  }
}

void steps_in_turn(Random& random) {
  for (int i = 0; i < 40; ++i) {
    const Epoch epoch = record_random(random, i / 8);
    std::string expected;
    std::vector<float> gradients;
    for (const std::size_t size : epoch.sizes) {
      expected += "forward loss backward step ";
      gradients.push_back(float(size));
    }
    require(epoch.model.calls == expected, epoch.shown, ": called ", epoch.model.calls, "but expected ",
            expected);
    require(
        epoch.model.seen == gradients, epoch.shown,
        ": backward adds the batch's size to a gradient that is NaN before the first; at the steps it was ",
        show(epoch.model.seen), ", expected ", show(gradients));
  }
}

void mean_over_images(Random& random) {
  for (int i = 0; i < 40; ++i) {
    const Epoch epoch = record_random(random, i / 8);
    double sum = 0;
    for (const std::int64_t index : epoch.order) sum += double(index);
    const double expected = sum / double(epoch.order.size());
    require(std::abs(epoch.result - expected) < 1e-4, epoch.shown, ", image i having a loss of i: returned ",
            epoch.result, ", expected ", expected);
  }
}

void epoch_refuses(Random& random) {
  const std::int64_t images = random.integer(2, 6);
  require(record(images, {images - 1, 0}, 2).model.batches.size() == 1,
          "train_epoch did not train on the last image");
  const Epoch none = record(images, {}, 2);
  require(none.result == 0 && none.model.calls.empty(), none.shown, ": trained or returned ", none.result,
          ", expected 0");
  for (const std::int64_t wrong : {std::int64_t{-1}, images}) {
    Recorder model;
    const auto loss = [](std::span<const float> logits, std::span<const int>) {
      return Loss{0, std::vector<float>(logits.size())};
    };
    const std::vector<float> pixels(2 * images);
    const std::vector<int> labels(images);
    const std::vector<std::int64_t> order{0, wrong};
    const std::string what = "train_epoch of " + std::to_string(images) + " images, order " + show(order);
    require_throws(what, [&] { train_epoch(model, {pixels, labels}, order, 1, loss, [](auto) {}); });
    require(model.calls.empty(), what,
            ": trained before it threw, expected all indices to be looked at first");
  }
  require_throws("train_epoch with a batch_size of 0", [&] { record(images, {0}, 0); });
}

// ---- all of it

double accuracy(Model& model, std::span<const float> images, std::span<const int> labels) {
  std::size_t right = 0;
  for (std::size_t begin = 0; begin < labels.size(); begin += 500) {
    const std::size_t n = std::min<std::size_t>(500, labels.size() - begin);
    const std::vector<float> logits = model.forward(images.subspan(begin * 784, n * 784));
    for (std::size_t i = 0; i < n; ++i) {
      const auto row = logits.begin() + static_cast<std::ptrdiff_t>(10 * i);
      right += std::max_element(row, row + 10) - row == labels[begin + i];
    }
  }
  return double(right) / double(labels.size());
}

// Two epochs of LeNet-300-100. `rate` falls from 1 to 0 on the way, step by step.
void learns(Random& random, const std::function<void(std::span<Parameter>, double rate)>& step) {
  const Digits& data = digits();
  const double expected = data.name == "mnist" ? 0.975 : data.name == "fashion-mnist" ? 0.85 : 0.98;
  Mlp model({784, 300, 100, 10}, random.integer(1, 1'000'000));
  std::vector<std::int64_t> order(data.labels.size());
  std::iota(order.begin(), order.end(), 0);
  const auto loss = [](std::span<const float> logits, std::span<const int> labels) {
    return cross_entropy(logits, labels, 10);
  };
  constexpr std::int64_t batch_size = 64;
  const double steps = 2 * std::ceil(double(order.size()) / batch_size);
  double done = 0;
  for (int epoch = 0; epoch < 2; ++epoch) {
    for (std::size_t i = order.size(); i-- > 1;)
      std::swap(order[i], order[random.integer(0, std::int64_t(i))]);
    const double mean =
        train_epoch(model, {data.images, data.labels}, order, batch_size, loss,
                    [&](std::span<Parameter> parameters) { step(parameters, 1 - done++ / steps); });
    note("mean loss of epoch ", epoch + 1, ": ", mean);
  }
  const double got = accuracy(model, data.test_images, data.test_labels);
  note(data.name, ": ", 100 * got, "% of the test images are right");
  require(got >= expected, data.name, ": ", 100 * got,
          "% of the test images are right after two epochs, expected ", 100 * expected, "%");
}

void learns_with_sgd(Random& random) {
  Buffers buffers;
  learns(random, [&](std::span<Parameter> parameters, double rate) {
    sgd_step(parameters,
             {.learning_rate = 0.1 * rate, .momentum = 0.9, .weight_decay = 1e-5, .nesterov = true}, buffers);
  });
}

void learns_with_adam(Random& random) {
  AdamState state;
  learns(random, [&](std::span<Parameter> parameters, double rate) {
    adam_step(parameters, {.learning_rate = 2e-3 * rate}, state);
  });
}

// ---- questions

void require_answer(const char* question, double got, double measured, double tolerance) {
  require(std::abs(got - measured) <= tolerance, question, ": your answer is ", got,
          ", which is not what your functions give");
}

void answer1(Random&) {
  require_answer("question1", question1(),
                 cross_entropy(std::vector<float>(1000, 1.0f), std::vector{7}, 1000).value, 0.006);
}

void answer2(Random&) {
  const auto distance = [](double momentum) {
    std::vector<Parameter> weight{{{0}, {1}}};
    Buffers buffers;
    for (int i = 0; i < 1000; ++i) sgd_step(weight, {.learning_rate = 0.125, .momentum = momentum}, buffers);
    return weight[0].value[0];
  };
  require_answer("question2", question2(), distance(0.9) / distance(0), 0.06);
}

void answer3(Random&) {
  std::vector<Parameter> weight{{{0}, {1}}};
  AdamState state;
  adam_step(weight, {}, state);
  require(state.first.size() == 1 && state.second.size() == 1,
          "question3: adam_step left no moments in its state");
  require_answer("question3", question3(), state.first[0][0] / std::sqrt(state.second[0][0]), 0.006);
}

}  // namespace

const std::vector<Check> grading::checks = {
    {"cross_entropy", 1, "the loss of small random batches", loss_values},
    {"cross_entropy", 2, "its gradient", loss_gradients},
    {"cross_entropy", 2, "logits of 1e4", large_logits},
    {"cross_entropy", 1, "what it refuses", loss_refuses},
    {"sgd_step", 1, "one weight, three steps", sgd_plain},
    {"sgd_step", 1, "one weight with momentum", sgd_momentum},
    {"sgd_step", 2, "20 steps as PyTorch", sgd_as_pytorch},
    {"sgd_step", 1, "random options and sizes", sgd_random},
    {"adam_step", 1, "one weight, three steps", adam_first_steps},
    {"adam_step", 1, "gradients as small as epsilon", adam_epsilon},
    {"adam_step", 2, "20 steps as PyTorch", adam_as_pytorch},
    {"adam_step", 1, "random options and sizes", adam_random},
    {"train_epoch", 2, "every batch is what the order says", batches_as_ordered},
    {"train_epoch", 2, "forward, loss, backward, step; gradients of the batch alone", steps_in_turn},
    {"train_epoch", 1, "the mean over images", mean_over_images},
    {"train_epoch", 1, "what it refuses", epoch_refuses},
    {"train_epoch", 1, "LeNet-300-100 learns with sgd_step", learns_with_sgd, When::release},
    {"train_epoch", 2, "LeNet-300-100 learns with adam_step", learns_with_adam, When::release},
    {"question1", 1, "a loss that knows nothing", answer1},
    {"question2", 1, "how far momentum carries", answer2},
    {"question3", 1, "Adam without its corrections", answer3},
};
