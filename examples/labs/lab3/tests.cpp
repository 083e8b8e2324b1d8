// The checks of lab 3. References are naive twins in double precision, and Python's and PyTorch's own values
// where they say so.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <stdexcept>

#include "../support/digits.hpp"
#include "../support/grading.hpp"
#include "experiment.hpp"
#include "lab3.hpp"

using namespace grading;
using namespace lab3;

namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

template <class F>
void require_throws(const std::string& what, F run) {
  try {
    run();
  } catch (const std::invalid_argument&) {
    return;
  }
  fail(what, ": returned, expected std::invalid_argument");
}

// ---- magnitude_mask ----

Mask naive_mask(const std::vector<float>& weights, std::int64_t dead) {
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t i, std::size_t j) { return std::abs(weights[i]) < std::abs(weights[j]); });
  Mask mask(weights.size(), 1);
  for (std::int64_t i = 0; i < dead; ++i) mask[order[i]] = 0;
  return mask;
}

// A k of which no way of rounding makes another.
void require_mask(const std::vector<float>& weights, std::int64_t dead) {
  const double sparsity =
      weights.empty() ? 0.5 : std::min(1.0, (double(dead) + 1e-3) / double(weights.size()));
  const Mask got = magnitude_mask(weights, sparsity), expected = naive_mask(weights, dead);
  require(got == expected, "magnitude_mask of ", show(weights, 8), " with sparsity ", sparsity, ", so ", dead,
          " die: got ", show(got, 8), ", expected ", show(expected, 8));
}

void smallest_die(Random& random) {
  for (std::int64_t n = 1; n < 40; ++n) {
    const std::vector<float> weights = random.floats(n);
    for (int i = 0; i < 3; ++i) require_mask(weights, random.integer(0, n));
  }
  // In n^2 steps this takes minutes, and a layer of the experiment is more than twice as large.
  require_mask(random.floats(100'000), random.integer(40'000, 60'000));
}

void ties_by_count(Random& random) {
  for (std::int64_t n = 2; n < 40; ++n)
    for (int i = 0; i < 4; ++i) {
      std::vector<float> weights(n);
      for (float& w : weights) w = float(random.integer(0, 2)) / 2 * (random.chance(0.5) ? 1 : -1);
      require_mask(weights, random.integer(0, n));
    }
}

// round(n * sparsity) by Python 3.11.
void rounds_as_python(Random& random) {
  struct {
    std::int64_t n;
    double sparsity;
    std::int64_t dead;
  } cases[] = {{1, 0.5, 0},        {3, 0.5, 2},   {5, 0.5, 2},
               {7, 0.5, 4},        {10, 0.25, 2}, {10, 0.35, 4},
               {30, 0.05, 2},      {50, 0.05, 2}, {25, 0.1, 2},
               {35, 0.1, 4},       {12, 0.3, 4},  {9, 1.0 / 3, 3},
               {6, 0, 0},          {6, 1, 6},     {5, 0.5 + 1e-9, 3},
               {5, 0.5 - 1e-9, 2}, {0, 0.5, 0},   {235200, 0.91, 214032}};
  for (const auto& [n, sparsity, dead] : cases) {
    const Mask mask = magnitude_mask(random.floats(n), sparsity);
    require(std::ssize(mask) == n, "magnitude_mask of ", n, " weights has ", mask.size(), " elements");
    require(std::count(mask.begin(), mask.end(), 0) == dead &&
                std::count(mask.begin(), mask.end(), 1) == n - dead,
            "magnitude_mask of ", n, " weights with sparsity ", sparsity, ": ",
            std::count(mask.begin(), mask.end(), 0), " are 0 and ", std::count(mask.begin(), mask.end(), 1),
            " are 1, expected ", dead, " and ", n - dead);
  }
}

void mask_refuses(Random& random) {
  const std::vector<float> weights = random.floats(random.integer(1, 5));
  require(std::ssize(magnitude_mask(weights, 1)) == std::ssize(weights), "magnitude_mask with sparsity 1");
  for (const double sparsity : {-0.01, 1.01, double(nan)})
    require_throws(text("magnitude_mask with sparsity ", sparsity),
                   [&] { magnitude_mask(weights, sparsity); });
}

// ---- masked_adam_step ----

// Values of PyTorch 1.13 (double precision) after 20 steps:
//   w = torch.tensor([1.0, -2.0, 0.5, 0.25, -0.125], requires_grad=True)
//   for t in range(20):
//     w.grad = torch.tensor([((7*t + 3*i + t*i) % 11 - 5) / 8 for i in range(5)]); optimizer.step()
struct Golden {
  AdamOptions options;
  std::vector<float> expected;
};
const Golden adamw[] = {
    {{.learning_rate = 0.05}, {1.07516176F, -1.8383179F, 0.57629644F, -0.01735699F, 0.87499998F}},
    {{.learning_rate = 0.05, .weight_decay = 0.2},
     {0.87976297F, -1.49868819F, 0.47853999F, -0.02348895F, 0.80822693F}},
    {{.learning_rate = 0.05, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 0.1, .weight_decay = 0.5},
     {0.62913466F, -1.13889373F, 0.35034871F, 0.04809815F, 0.58685124F}}};

std::string call(const AdamOptions& o) {
  return text("masked_adam_step with learning_rate ", o.learning_rate, ", beta1 ", o.beta1, ", beta2 ",
              o.beta2, ", epsilon ", o.epsilon, ", weight_decay ", o.weight_decay);
}

// All live first, then one after the other is dead, which must not matter to the others.
void adamw_as_pytorch(Random&) {
  for (const auto& [options, expected] : adamw)
    for (std::size_t dead = 5; dead + 1 > 0; --dead) {
      std::vector<float> weights{1, -2, 0.5F, 0.25F, -0.125F}, gradient(5), after = expected;
      Mask mask(5, 1);
      if (dead < 5) weights[dead] = after[dead] = mask[dead] = 0;
      Moments moments;
      for (int t = 0; t < 20; ++t) {
        for (int i = 0; i < 5; ++i) gradient[i] = float((7 * t + 3 * i + t * i) % 11 - 5) / 8;
        masked_adam_step(weights, gradient, mask, options, moments);
      }
      require_near(weights, after, 2e-5,
                   call(options) + ", mask " + show(mask) + ": PyTorch's weights after 20 steps");
    }
}

struct Twin {
  double w = 0, m = 0, v = 0;
  void step(double g, bool lives, const AdamOptions& o, std::int64_t t) {
    if (!lives) {
      w = m = v = 0;
      return;
    }
    w -= o.learning_rate * o.weight_decay * w;
    m = o.beta1 * m + (1 - o.beta1) * g;
    v = o.beta2 * v + (1 - o.beta2) * g * g;
    w -= o.learning_rate * (m / (1 - std::pow(o.beta1, t))) /
         (std::sqrt(v / (1 - std::pow(o.beta2, t))) + o.epsilon);
  }
};

// Masks that change: what dies and lives again begins with zeros.
void masks_that_change(Random& random) {
  for (std::int64_t n = 1; n < 25; ++n) {
    const AdamOptions options{.learning_rate = random.uniform(0.001F, 0.1F),
                              .beta1 = random.uniform(0.5F, 0.95F),
                              .beta2 = random.uniform(0.8F, 0.999F),
                              .epsilon = random.chance(0.5) ? 1e-8 : 1e-2,
                              .weight_decay = random.chance(0.5) ? random.uniform(0, 0.5F) : 0.0F};
    std::vector<float> weights = random.floats(n);
    std::vector<Twin> twins(n);
    for (std::int64_t i = 0; i < n; ++i) twins[i].w = weights[i];
    Mask mask(n, 1);
    Moments moments;
    for (std::int64_t t = 1; t <= 12; ++t) {
      for (std::uint8_t& lives : mask)
        if (t > 1 && random.chance(0.3)) lives = !lives;
      const std::vector<float> before = weights, gradient = random.floats(n);
      masked_adam_step(weights, gradient, mask, options, moments);
      std::vector<float> expected;
      for (std::int64_t i = 0; i < n; ++i) {
        twins[i].step(gradient[i], mask[i], options, t);
        expected.push_back(float(twins[i].w));
      }
      require_near(weights, expected, 2e-5,
                   text(call(options), ", step ", t, ", mask ", show(mask, 5), ", weights ", show(before, 5),
                        ", gradient ", show(gradient, 5), ": new weights"));
    }
  }
}

// What is dead is +0 to the bit after each of 10,000 steps, with anything for a gradient. Some weights die on
// the way, with whatever moments they have by then, and a few live again.
void dead_stays_dead(Random& random) {
  const std::int64_t n = 20;
  const float poison[] = {nan, infinity, -infinity, 1e30F, -1e30F, -0.0F, 1, -1};
  const AdamOptions options{.learning_rate = 0.01, .weight_decay = 0.1};
  std::vector<float> weights = random.floats(n), gradient(n);
  Mask mask(n, 1);
  for (std::uint8_t& lives : mask) lives = random.chance(0.7);
  mask[0] = 0;
  weights[0] = -0.5F;
  mask[1] = 1;
  Moments moments;
  std::int64_t lived = 0, moved = 0;
  for (int t = 1; t <= 10'000; ++t) {
    if (random.chance(0.01)) mask[random.integer(2, n - 1)] = random.chance(0.3);
    for (std::int64_t i = 0; i < n; ++i)
      gradient[i] = mask[i] ? random.normal() : poison[random.integer(0, 7)];
    const std::vector<float> before = weights;
    masked_adam_step(weights, gradient, mask, options, moments);
    require(std::ssize(moments.first) == n && std::ssize(moments.second) == n, "masked_adam_step of ", n,
            " weights left ", moments.first.size(), " and ", moments.second.size(), " moments");
    require(moments.steps == t, "masked_adam_step: moments.steps is ", moments.steps, " after ", t, " steps");
    for (std::int64_t i = 0; i < n; ++i) {
      const std::string where = text("masked_adam_step, step ", t, ", mask ", int(mask[i]), ": weight ",
                                     before[i], " with gradient ", gradient[i], " became weight ", weights[i],
                                     ", moments ", moments.first[i], " and ", moments.second[i]);
      if (mask[i]) {
        require(std::isfinite(weights[i]), where);
        ++lived;
        moved += weights[i] != before[i];
      } else
        for (const float x : {weights[i], moments.first[i], moments.second[i]})
          require(std::bit_cast<std::uint32_t>(x) == 0, where, ", expected +0, 0 and 0 to the bit");
    }
  }
  // A step may be too small to change a float, but not often.
  require(moved > lived * 9 / 10, "masked_adam_step moved the weights that live in ", moved, " of ", lived,
          " steps");
}

// ---- sensitivity_scan ----

using Bits = std::vector<std::vector<std::uint32_t>>;

/// Layers with all that a copy has to keep.
struct Layers {
  std::vector<std::vector<float>> weights;
  std::vector<std::span<float>> spans;

  explicit Layers(Random& random) {
    for (std::int64_t l = random.integer(1, 4); l > 0; --l) {
      weights.push_back(random.floats(random.integer(1, 8)));
      for (float& w : weights.back())
        if (random.chance(0.2)) w = random.chance(0.5) ? -0.0F : nan;
    }
    for (auto& layer : weights) spans.push_back(layer);
  }
  Bits bits() const {
    Bits all;
    for (const auto& layer : weights) {
      all.emplace_back();
      for (const float w : layer) all.back().push_back(std::bit_cast<std::uint32_t>(w));
    }
    return all;
  }
};

std::vector<double> random_sparsities(Random& random) {
  std::vector<double> sparsities;
  for (std::int64_t i = random.integer(1, 5); i > 0; --i) sparsities.push_back(random.uniform(0, 1));
  return sparsities;  // neither sorted nor in any way special
}

/// A criterion for the check: the front part dies.
Mask front(std::span<const float> weights, double sparsity) {
  Mask mask(weights.size(), 1);
  std::fill_n(mask.begin(), std::size_t(sparsity * double(weights.size())), 0);
  return mask;
}

void scan_as_specified(Random& random) {
  for (int i = 0; i < 60; ++i) {
    Layers layers(random);
    const std::vector<double> sparsities = random_sparsities(random);
    const Bits whole = layers.bits();
    std::size_t calls = 0;
    // Which layer and sparsity have their turn.
    const auto layer_now = [&] { return std::min(calls / sparsities.size(), layers.weights.size() - 1); };
    const auto where = [&] {
      return text("sensitivity_scan of ", layers.weights.size(), " layers, sparsities ", show(sparsities),
                  ", measurement ", calls, " (layer ", layer_now(), ", sparsity ",
                  sparsities[calls % sparsities.size()], ", whose first weights shall die)");
    };
    const auto criterion = [&](std::span<const float> weights, double sparsity) {
      Bits given(1);
      for (const float w : weights) given[0].push_back(std::bit_cast<std::uint32_t>(w));
      require(given[0] == whole[layer_now()], where(), ": the criterion was given ", show(weights),
              ", expected the layer's own weights");
      return front(weights, sparsity);
    };
    const auto accuracy = [&] {
      require(calls < sparsities.size() * layers.weights.size(), where(), ": that is one too many");
      Bits expected = whole;
      auto& pruned = expected[layer_now()];
      const double sparsity = sparsities[calls % sparsities.size()];
      std::fill_n(pruned.begin(), std::size_t(sparsity * double(pruned.size())), 0);
      const Bits got = layers.bits();
      for (std::size_t l = 0; l < got.size(); ++l)
        require(got[l] == expected[l], where(), ": layer ", l, " was ", show(layers.weights[l]),
                ", expected its first ", l == layer_now() ? std::size_t(sparsity * double(got[l].size())) : 0,
                " to be +0 and the others as they were");
      return 0.5 + double(calls++) / 1000;
    };
    const auto curves = sensitivity_scan(layers.spans, sparsities, criterion, accuracy);
    require(curves.size() == layers.weights.size(), where(), ": got ", curves.size(), " curves");
    std::size_t point = 0;
    for (const Curve& curve : curves) {
      require(curve.size() == sparsities.size(), where(), ": got a curve of ", curve.size(), " points");
      for (std::size_t k = 0; k < curve.size(); ++k, ++point)
        require(curve[k].sparsity == sparsities[k] && curve[k].accuracy == 0.5 + double(point) / 1000,
                where(), ": point ", k, " of a curve is (", curve[k].sparsity, ", ", curve[k].accuracy,
                "), expected (", sparsities[k], ", ", 0.5 + double(point) / 1000, ")");
    }
  }
}

void require_restored(const Layers& layers, const std::vector<std::vector<float>>& before, const Bits& whole,
                      const std::string& when) {
  for (std::size_t l = 0; l < whole.size(); ++l)
    require(layers.bits()[l] == whole[l], "sensitivity_scan", when, ": layer ", l, " was ", show(before[l]),
            " and is ", show(layers.weights[l]));
}

void scan_restores(Random& random) {
  for (int i = 0; i < 40; ++i) {
    Layers layers(random);
    const auto before = layers.weights;
    const Bits whole = layers.bits();
    int calls = 0;
    sensitivity_scan(layers.spans, random_sparsities(random), front, [&] { return double(++calls); });
    require(calls > 0, "sensitivity_scan measured nothing");
    require_restored(layers, before, whole, "");
  }
}

void scan_that_throws(Random& random) {
  struct Stop {};
  for (int i = 0; i < 40; ++i) {
    Layers layers(random);
    const auto before = layers.weights;
    const Bits whole = layers.bits();
    const std::vector<double> sparsities(3, 0.9);
    std::int64_t left = random.integer(1, 3 * std::ssize(layers.weights));
    bool arrived = false;
    try {
      sensitivity_scan(layers.spans, sparsities, front, [&]() -> double {
        if (--left == 0) throw Stop();
        return 0.5;
      });
    } catch (const Stop&) {
      arrived = true;
    }
    require(arrived, "sensitivity_scan: what accuracy() threw did not arrive");
    require_restored(layers, before, whole, " after accuracy() threw");
  }
}

// ---- choose_sparsities ----

std::string show_curves(const std::vector<Curve>& curves, const std::vector<std::int64_t>& sizes,
                        std::int64_t budget) {
  std::string all = "choose_sparsities of";
  for (std::size_t l = 0; l < curves.size(); ++l) {
    all += text(l == 0 ? " " : "; ", sizes[l], " weights with (sparsity, accuracy)");
    for (const Point& p : curves[l]) all += text(" (", p.sparsity, ", ", p.accuracy, ")");
  }
  return all + text("; budget ", budget);
}

std::int64_t kept(std::int64_t n, double sparsity) {
  return n - std::int64_t(std::nearbyint(double(n) * sparsity));
}

std::int64_t kept(const std::vector<std::int64_t>& sizes, const std::vector<double>& sparsities) {
  std::int64_t sum = 0;
  for (std::size_t l = 0; l < sizes.size(); ++l) sum += kept(sizes[l], sparsities[l]);
  return sum;
}

std::vector<double> naive_sparsities(const std::vector<Curve>& curves, double threshold) {
  std::vector<double> sparsities;
  for (const Curve& curve : curves) {
    sparsities.push_back(0);
    for (const Point& p : curve)
      if (p.accuracy >= threshold) sparsities.back() = std::max(sparsities.back(), p.sparsity);
  }
  return sparsities;
}

void require_choice(const std::vector<Curve>& curves, const std::vector<std::int64_t>& sizes,
                    std::int64_t budget, const std::vector<double>& expected) {
  const std::vector<double> got = choose_sparsities(curves, sizes, budget);
  require(got == expected, show_curves(curves, sizes, budget), ": got ", show(got), ", expected ",
          show(expected), ", which keep ", kept(sizes, expected));
}

void choice_by_hand(Random& random) {
  const std::int64_t n = 10 * random.integer(1, 9);
  const std::vector<Curve> curves{{{0.5, 0.98}, {0.7, 0.97}, {0.9, 0.93}},
                                  {{0.5, 0.96}, {0.7, 0.94}, {0.9, 0.50}}};
  const std::vector<std::int64_t> sizes{10 * n, n};
  require_choice(curves, sizes, 6 * n, {0.5, 0});             // T = 0.98
  require_choice(curves, sizes, 4 * n, {0.7, 0});             // T = 0.97
  require_choice(curves, sizes, 4 * n - 1, {0.7, 0.5});       // T = 0.96
  require_choice(curves, sizes, 3 * n, {0.9, 0.7});           // T = 0.93, at which the second takes more, too
  require_choice(curves, sizes, 1 * n + n / 10, {0.9, 0.9});  // T = 0.5
  require_choice({{{0.5, 0.9}, {0.6, 0.8}, {0.7, 0.95}}}, {10}, 5, {0.7});  // a curve that goes up again
}

void choice_at_random(Random& random) {
  for (int i = 0; i < 400; ++i) {
    std::vector<Curve> curves(random.integer(1, 1 + i / 100));
    std::vector<std::int64_t> sizes;
    std::vector<double> thresholds;
    for (Curve& curve : curves) {
      sizes.push_back(random.integer(1, 60));
      for (std::int64_t k = random.integer(1, 6); k > 0; --k)
        curve.push_back({double(random.integer(1, 20)) / 20, double(random.integer(80, 99)) / 100});
      for (const Point& p : curve) thresholds.push_back(p.accuracy);
    }
    std::sort(thresholds.begin(), thresholds.end());
    // At the edge of what a threshold leaves, or just beside it.
    const double some = thresholds[random.integer(0, std::ssize(thresholds) - 1)];
    const std::int64_t budget = std::max(kept(sizes, naive_sparsities(curves, thresholds[0])),
                                         kept(sizes, naive_sparsities(curves, some)) - random.integer(0, 1));
    std::vector<double> expected(curves.size());
    for (double threshold = 2; kept(sizes, expected) > budget; threshold -= 0.005)
      expected = naive_sparsities(curves, threshold);
    require_choice(curves, sizes, budget, expected);
  }
}

void choice_at_the_ends(Random& random) {
  const std::int64_t n = random.integer(2, 40) * 2;
  const std::vector<Curve> curves{{{0.5, 0.9}}, {{0.5, 1.0}}};
  const std::vector<std::int64_t> sizes{n, n};
  require_choice(curves, sizes, 2 * n, {0, 0});
  require_choice(curves, sizes, 5 * n, {0, 0});
  require_choice(curves, sizes, n, {0.5, 0.5});
  require_throws(show_curves(curves, sizes, n - 1), [&] { choose_sparsities(curves, sizes, n - 1); });
  require_throws("choose_sparsities of 2 curves and 1 size",
                 [&] { choose_sparsities(curves, std::vector<std::int64_t>{n}, n); });
}

// The whole experiment, with all of the functions.
void a_tenth(Random& random) {
  const Digits& data = digits();
  const double expected = data.name == "mnist" ? 0.98 : data.name == "fashion-mnist" ? 0.865 : 0.98;
  const Experiment got = prune_while_training({data.images, data.labels}, 0.1, random.integer(1, 1'000'000));
  std::int64_t all = 0, alive = 0;
  for (const Layer& layer : got.network.layers) {
    all += std::ssize(layer.weights);
    for (const float w : layer.weights) alive += std::bit_cast<std::uint32_t>(w) != 0;
  }
  const double accuracy_now = accuracy(got.network, {data.test_images, data.test_labels});
  note(data.name, ": ", 100 * got.dense, "% before pruning (of the images held out); sparsities ",
       show(got.sparsities), "; ", alive, " of ", all, " weights left, with which ", 100 * accuracy_now,
       "% of the test images are right");
  require(10 * alive <= all, alive, " of ", all, " weights are left, expected at most a tenth");
  require(accuracy_now >= expected, data.name, ": ", 100 * accuracy_now,
          "% of the test images are right, expected ", 100 * expected, "%");
}

// ---- cubic ----

void cubic_at_the_ends(Random& random) {
  const std::int64_t begin = random.integer(-5, 50), end = begin + random.integer(1, 50);
  const double initial = random.uniform(0, 0.4F), last = random.uniform(0.5F, 1);
  const auto is = [&](std::int64_t b, std::int64_t e, std::int64_t step, double expected) {
    const double got = cubic(initial, last, b, e, step);
    require(got == expected, "cubic(", initial, ", ", last, ", ", b, ", ", e, ", ", step, ") is ", got,
            ", expected ", expected, ", exactly");
  };
  for (const std::int64_t step : {begin, begin - 1, begin - 1000}) is(begin, end, step, initial);
  for (const std::int64_t step : {end, end + 1, end + 1000}) is(begin, end, step, last);
  is(begin, begin, begin, last);
  is(begin, begin, begin - 1, initial);
}

void cubic_between(Random& random) {
  for (int i = 0; i < 200; ++i) {
    const std::int64_t begin = random.integer(0, 50), end = begin + random.integer(1, 50);
    const std::int64_t step = random.integer(begin, end);
    const double initial = i < 20 ? 0 : random.uniform(0, 1), last = random.uniform(0, 1);
    const double expected =
        last + (initial - last) * std::pow(1 - double(step - begin) / double(end - begin), 3);
    require_near(cubic(initial, last, begin, end, step), expected, 1e-9,
                 text("cubic(", initial, ", ", last, ", ", begin, ", ", end, ", ", step, ")"));
  }
}

// ---- questions ----

void require_answer(const char* question, double got, double measured, double tolerance) {
  require(std::abs(got - measured) <= tolerance, question, ": your answer is ", got,
          ", which is not what your functions give");
}

void answer1(Random& random) {
  std::vector<float> weights(100'000);
  for (float& w : weights) w = random.normal();
  const Mask mask = magnitude_mask(weights, 0.5);
  double dead = 0, all = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    all += double(weights[i]) * weights[i];
    if (mask.at(i) == 0) dead += double(weights[i]) * weights[i];
  }
  require(dead > 0, "question1: magnitude_mask(weights, 0.5) kills nothing");
  require_answer("question1", question1(), 100 * dead / all, 0.15);
}

void answer2(Random&) {
  int step = 0;
  while (step < 1000 && cubic(0, 0.9, 0, 1000, step) < 0.45) ++step;
  require_answer("question2", question2(), step, 6);
}

void answer3(Random&) {
  std::vector<float> weight{0}, gradient{1};
  Moments moments;
  for (int i = 0; i < 1000; ++i) masked_adam_step(weight, gradient, {1}, {}, moments);
  weight[0] = gradient[0] = 0;
  for (int i = 0; i < 1000; ++i) masked_adam_step(weight, gradient, {1}, {}, moments);
  require(weight[0] != 0,
          "question3: masked_adam_step does not move a weight whose gradient has become zero");
  require_answer("question3", std::abs(question3()), std::abs(weight[0]) / AdamOptions().learning_rate, 0.06);
}

}  // namespace

const std::vector<Check> grading::checks = {
    {"magnitude_mask", 2, "the smallest die", smallest_die},
    {"magnitude_mask", 1, "ties: exactly k, the earlier first", ties_by_count},
    {"magnitude_mask", 1, "k as Python rounds", rounds_as_python},
    {"magnitude_mask", 1, "what it refuses", mask_refuses},
    {"masked_adam_step", 2, "20 steps as PyTorch's AdamW", adamw_as_pytorch},
    {"masked_adam_step", 1, "masks that change", masks_that_change},
    {"masked_adam_step", 3, "10,000 steps in which dead stays dead", dead_stays_dead},
    {"sensitivity_scan", 2, "what is measured, and the curves", scan_as_specified},
    {"sensitivity_scan", 1, "all weights restored, to the bit", scan_restores},
    {"sensitivity_scan", 1, "restored when accuracy() throws", scan_that_throws},
    {"choose_sparsities", 1, "two layers, by hand", choice_by_hand},
    {"choose_sparsities", 2, "random curves", choice_at_random},
    {"choose_sparsities", 1, "everything fits, nothing fits", choice_at_the_ends},
    {"choose_sparsities", 3, "LeNet-300-100 on a tenth of its weights", a_tenth, When::release},
    {"cubic", 1, "before, at and after the ends", cubic_at_the_ends},
    {"cubic", 1, "between them", cubic_between},
    {"question1", 1, "what half of the weights weigh", answer1},
    {"question2", 1, "half of the way", answer2},
    {"question3", 1, "how far a dead weight walks", answer3},
};
