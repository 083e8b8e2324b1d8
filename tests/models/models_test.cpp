#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/graph/count.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/prune/mask_rules.hpp>

using namespace tinynn;

TEST_CASE("models. sizes and costs are those of the papers") {
  struct Row {
    const char* name;
    int64_t parameters, macs;
  };
  // LeNet-5 (Caffe): 20*25*24*24 + 50*500*8*8 + 500*800 + 10*500, the 2.29M of the structured-pruning tables
  const Row rows[] = {{"lenet-300-100", 266610, 266200},
                      {"lenet-5", 431080, 288000 + 1600000 + 400000 + 5000},
                      {"simple-cnn", 26138, 9 * 4 * 784 + 36 * 8 * 196 + 392 * 64 + 640}};
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const auto net = models::make(row.name);
    const auto counts = graph::count(*net, zeros({3, 1, 28, 28}));
    CHECK(counts.parameters == row.parameters);
    CHECK(counts.macs == row.macs);
    CHECK((*net)(zeros({2, 1, 28, 28})).shape() == Shape{2, 10});
  }
}

TEST_CASE("models. dead weights cost no multiply-accumulates") {
  const auto net = models::make("lenet-300-100");
  prune::unstructured(prune::prunable(*net), prune::fraction(0.95));
  const auto counts = graph::count(*net, zeros({1, 1, 28, 28}));
  CHECK(counts.macs == 13310);
  CHECK(counts.parameters == 266610);
  CHECK(counts.nonzero <= 13310 + 410);
}

TEST_CASE("models. an unknown name lists those that are known") {
  CHECK_THROWS_WITH_AS(models::make("lenet"),
                       "unknown model \"lenet\", expected one of: lenet-300-100, lenet-5, simple-cnn", Error);
  CHECK(models::names().size() == 3);
}
