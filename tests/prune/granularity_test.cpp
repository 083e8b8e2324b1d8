#include <cmath>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/prune/mask_rules.hpp>
#include <tinynn/prune/schedule.hpp>

#include "tests/support/draw.hpp"

using namespace tinynn;
using Groups = std::vector<int64_t>;

TEST_CASE("prune. granularities divide a weight") {
  CHECK(prune::element().groups({2, 2}) == Groups{0, 1, 2, 3});
  CHECK(prune::slice(0).groups({2, 3}) == Groups{0, 0, 0, 1, 1, 1});
  CHECK(prune::slice(1).groups({2, 3}) == Groups{0, 1, 2, 0, 1, 2});
  CHECK(prune::slice(-1).groups({2, 3}) == prune::slice(1).groups({2, 3}));
  CHECK(prune::slice(1).groups({2, 2, 1, 2}) == Groups{0, 0, 1, 1, 0, 0, 1, 1});
  CHECK(prune::kernel().groups({2, 2, 1, 2}) == Groups{0, 0, 1, 1, 2, 2, 3, 3});
  CHECK(prune::block(2).groups({3, 3}) == Groups{0, 0, 1, 0, 0, 1, 2, 2, 3});
  CHECK(prune::block(2).groups({2, 1, 1, 3}) == Groups{0, 0, 1, 0, 0, 1});
}

TEST_CASE("prune. a granularity that a weight does not have is an error, and changes nothing") {
  Parameter p(randn({4, 3}));
  const auto before = p.to_vector();
  const auto half = prune::fraction(0.5);
  CHECK_THROWS_WITH_AS(prune::prune({p}, half, {.granularity = prune::slice(2)}),
                       "shape: no dimension 2 in (4, 3)", Error);
  CHECK_THROWS_WITH_AS(prune::prune({p}, half, {.granularity = prune::kernel()}),
                       "prune: a weight of shape (4, 3) has no kernels, expected (o, c, kh, kw)", Error);
  CHECK_THROWS_AS(prune::block(0), Error);
  CHECK(p.to_vector() == before);
  CHECK(!p.mask().defined());
}

TEST_CASE("prune. groups live or die as a whole, the lowest norms first") {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    test::Draw draw(seed);
    const Shape shape{draw.between(1, 6), draw.between(1, 6), draw.between(1, 3), draw.between(1, 3)};
    const prune::Granularity kinds[] = {prune::slice(draw.between(-4, 3)), prune::kernel(),
                                        prune::block(draw.between(1, 4))};
    const auto& kind = kinds[draw.between(0, 2)];
    const auto group_of = kind.groups(shape);
    const int64_t count = *std::max_element(group_of.begin(), group_of.end()) + 1;
    const double n = draw.coin() ? 1 : 2;
    Parameter p(draw.tensor(shape));
    std::vector<double> norm(static_cast<size_t>(count)), size(norm.size());
    for (size_t i = 0; i < group_of.size(); ++i) {
      norm[group_of[i]] += std::pow(std::abs(static_cast<double>(p.values()[i])), n);
      size[group_of[i]] += 1;
    }
    const int64_t kill = draw.between(0, count - 1);
    prune::prune({p}, prune::count(kill), {.criterion = prune::ln(n), .granularity = kind});
    double largest_dead = 0, smallest_alive = 1e9;
    std::vector<bool> alive(norm.size());
    for (size_t i = 0; i < group_of.size(); ++i) {
      const auto g = static_cast<size_t>(group_of[i]);
      const bool lives = !p.mask().defined() || p.mask()[static_cast<int64_t>(i)];
      if (i == 0 || !alive[g]) alive[g] = lives;
      CHECK(alive[g] == lives);
      (lives ? smallest_alive : largest_dead) =
          lives ? std::min(smallest_alive, norm[g] / size[g]) : std::max(largest_dead, norm[g] / size[g]);
    }
    CHECK(std::count(alive.begin(), alive.end(), false) == kill);
    CHECK(largest_dead <= smallest_alive + 1e-6);
  }
}

TEST_CASE("prune. what is dead counts as zero in the mean of a group") {
  Parameter p(tensor({4, 1, 1, 1, 2, 2, 2, 2}, {2, 4}));
  p.prune(Mask(tensor({1, 0, 0, 0, 1, 1, 1, 1}, {2, 4})));
  prune::prune({p}, prune::count(1), {.granularity = prune::slice(0)});
  CHECK(p.to_vector() == std::vector<float>{0, 0, 0, 0, 2, 2, 2, 2});
}

TEST_CASE("prune. globally, groups compare by their share of their parameter's mean") {
  // The second weight is a hundred times larger everywhere: by size alone, all of the first would go.
  Parameter small(tensor({1, 1, 2, 2, 3, 3, 4, 4}, {4, 2}));
  Parameter large(tensor({100, 100, 200, 200, 300, 300, 400, 400}, {4, 2}));
  prune::prune({small, large}, prune::fraction(0.5), {.granularity = prune::slice(0)});
  for (const auto& p : {small, large}) CHECK(p.mask().count_alive() == 4);
}

TEST_CASE("prune. a layer is not emptied unless that is asked for") {
  Parameter small(full({4, 4}, 0.01)), large(ones({10, 10}));
  prune::prune({small, large}, prune::count(20));
  CHECK(small.mask().count_alive() == 1);
  CHECK(large.mask().count_alive() == 95);
  prune::prune({small, large}, prune::fraction(0.5), {.keep_at_least = 0.6});  // and none comes back
  CHECK(small.mask().count_alive() == 1);
  CHECK(large.mask().count_alive() == 60);
  prune::prune({small, large}, prune::fraction(1));
  CHECK(prune::sparsity({small, large}) == 1);
  CHECK_THROWS_AS(prune::prune({large}, prune::fraction(0.1), {.keep_at_least = 1.5}), Error);
  Parameter odd(ones({1, 7}));
  prune::prune({odd}, prune::count(6), {.keep_at_least = 0.5});
  CHECK(odd.mask().count_alive() == 4);  // half of seven is more than three
}

TEST_CASE("prune. a share of all elements is met as nearly as whole groups allow") {
  Parameter a(randn({8, 10})), b(randn({6, 3}));
  prune::prune({a, b}, prune::fraction_of_total(0.5), {.granularity = prune::slice(0)});
  CHECK(std::abs(prune::sparsity({a, b}) - 0.5) <= 5.0 / 98);
  prune::prune({a, b}, prune::fraction_of_total(0.5), {.granularity = prune::slice(0)});
  CHECK(std::abs(prune::sparsity({a, b}) - 0.5) <= 5.0 / 98);
}

TEST_CASE("prune. a group dies if half of it is to die") {
  Parameter p(tensor({1, 1, 1, 1, 2, 2, 2, 2}, {2, 4}));
  prune::prune({p}, prune::fraction_of_total(1.0 / 8), {.granularity = prune::slice(0)});
  CHECK(!(p.mask().defined() && p.mask().count_alive() < 8));
  prune::prune({p}, prune::fraction_of_total(2.0 / 8), {.granularity = prune::slice(0)});
  CHECK(p.mask().count_alive() == 4);
}

TEST_CASE("prune. shares prune by themselves: a layer with an amount of its own, or none") {
  Parameter a(randn({10, 10})), b(randn({10, 10})), c(randn({10, 10}));
  prune::prune({{{a}, prune::fraction(0.9)}, {{b}, prune::count(7)}});
  CHECK(a.mask().count_alive() == 10);
  CHECK(b.mask().count_alive() == 93);
  CHECK(!c.mask().defined());
}

TEST_CASE("prune. n of m keeps the best n of every m inputs") {
  Parameter p(tensor({1, 2, 3, 4, 5, 6, 0, -9, 1, 2, -3, 4}, {2, 6}));
  prune::n_of_m({p}, 2, 4);
  CHECK(p.to_vector() == std::vector<float>{0, 0, 3, 4, 5, 6, 0, -9, 0, 2, -3, 4});
  for (uint64_t seed = 0; seed < 20; ++seed) {
    test::Draw draw(seed);
    const Shape shape{draw.between(1, 4), draw.between(1, 9), draw.between(1, 3), draw.between(1, 3)};
    Parameter w(draw.tensor(shape));
    const int64_t m = draw.between(1, 5), n = draw.between(0, m);
    prune::n_of_m({w}, n, m);
    int64_t alive = 0;
    for (int64_t begin = 0; begin < shape[1]; begin += m) alive += std::min({n, m, shape[1] - begin});
    CHECK(w.mask().count_alive() == alive * shape[0] * shape.inner(1));
  }
  Parameter masked(tensor({1, 2, 3, 4}, {1, 4}));  // the best is dead, and takes nobody's place
  masked.prune(Mask(tensor({1, 1, 1, 0}, {1, 4})));
  prune::n_of_m({masked}, 2, 4, prune::Criterion([](const Parameter&) {
                  return tensor({1, 2, 3, 9}, {1, 4});
                }));
  CHECK(masked.to_vector() == std::vector<float>{0, 2, 3, 0});
  CHECK_THROWS_AS(prune::n_of_m({p}, 5, 4), Error);
  Parameter bias(randn({4}));
  CHECK_THROWS_AS(prune::n_of_m({bias}, 2, 4), Error);
}

TEST_CASE("prune. bernoulli leaves the count to chance, a threshold to the weights") {
  Parameter p(randn({100, 100}));
  prune::bernoulli({p}, 0.3);
  CHECK(std::abs(prune::sparsity({p}) - 0.3) < 0.02);  // four standard deviations
  prune::bernoulli({p}, 0.5);
  CHECK(std::abs(prune::sparsity({p}) - 0.65) < 0.02);
  CHECK_THROWS_AS(prune::bernoulli({p}, 1.5), Error);

  Parameter q(tensor({0.1F, -0.1F, 0.11F, -2, 0}, {1, 5}));
  prune::by_threshold({q}, 0.1F);
  CHECK(q.to_vector() == std::vector<float>{0, 0, 0.11F, -2, 0});
}

TEST_CASE("prune. exponential and constant-rate schedules") {
  const auto exponential = prune::exponential({.to = 0.99, .steps = 2});
  CHECK(exponential[0] == doctest::Approx(0.9));
  CHECK(exponential[1] == 0.99);
  const auto later = prune::exponential({.from = 0.5, .to = 0.95, .steps = 2});
  CHECK(later[0] == doctest::Approx(1 - std::sqrt(0.5 * 0.05)));
  const auto rounds = prune::constant_rate({.rate = 0.2, .to = 0.5});
  REQUIRE(rounds.size() == 4);
  CHECK(rounds[0] == doctest::Approx(0.2));
  CHECK(rounds[1] == doctest::Approx(0.36));
  CHECK(rounds[2] == doctest::Approx(0.488));
  CHECK(rounds[3] == 0.5);
  CHECK(prune::constant_rate({.rate = 0.5, .to = 0.75}) == prune::SparsitySchedule{0.5, 0.75});
  CHECK_THROWS_AS(prune::exponential({.to = 1}), Error);
  CHECK_THROWS_AS(prune::constant_rate({.rate = 0}), Error);
}
