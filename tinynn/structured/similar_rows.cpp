#include <algorithm>
#include <cmath>
#include <unordered_map>

#include <tinynn/core/error.hpp>
#include <tinynn/kernels/gemm.hpp>
#include <tinynn/kernels/pointwise.hpp>
#include <tinynn/structured/similar_rows.hpp>

namespace tinynn::structured {
namespace {

void check_options(const SimilarOptions& options) {
  check(options.cosine >= -1 && options.cosine <= 1, "similar_rows: the cosine ", options.cosine,
        " is not between -1 and 1");
  check(options.tables >= 1, "similar_rows: ", options.tables, " tables, expected at least 1");
  check(options.bits >= 1 && options.bits <= 63, "similar_rows: ", options.bits, " bits, expected 1 to 63");
}

using Codes = std::vector<std::vector<uint64_t>>;  // of each row, in each table

Codes hash(const float* rows, int64_t count, int64_t size, const SimilarOptions& options) {
  const int64_t planes = options.tables * options.bits;
  const Tensor normals = randn({planes, size});
  Tensor products(Shape{count, planes});
  kernels::gemm(count, planes, size, rows, kernels::Layout::plain, normals.data(),
                kernels::Layout::transposed, products.mutable_data());
  Codes codes(static_cast<size_t>(count), std::vector<uint64_t>(static_cast<size_t>(options.tables)));
  const float* product = products.data();
  for (auto& of_row : codes) {
    for (uint64_t& code : of_row) {
      for (int64_t bit = 0; bit < options.bits; ++bit) code = code << 1 | (*product++ > 0 ? 1U : 0U);
    }
  }
  return codes;
}

double dot(const float* a, const float* b, int64_t size) {
  return kernels::sum_in_lanes(
      size, [=](int64_t i) { return static_cast<double>(a[i]) * static_cast<double>(b[i]); });
}

}  // namespace

std::vector<SimilarPair> similar_rows(const Tensor& rows, const SimilarOptions& options) {
  check_options(options);
  check(rows.rank() >= 1, "similar_rows: a scalar has no rows");
  const int64_t count = rows.size(0), size = rows.shape().inner(0);
  const Codes codes = hash(rows.data(), count, size, options);
  std::vector<double> norm;
  std::vector<std::unordered_map<uint64_t, std::vector<int64_t>>> tables(static_cast<size_t>(options.tables));
  std::vector<SimilarPair> pairs;
  for (int64_t row = 0; row < count; ++row) {
    const float* a = rows.data() + row * size;
    norm.push_back(std::sqrt(dot(a, a, size)));
    if (norm.back() == 0) continue;
    std::vector<int64_t> candidates;
    for (size_t t = 0; t < tables.size(); ++t) {
      auto& bucket = tables[t][codes[row][t]];
      candidates.insert(candidates.end(), bucket.begin(), bucket.end());
      bucket.push_back(row);
    }
    std::ranges::sort(candidates);
    candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
    for (const int64_t earlier : candidates) {
      const double cosine = dot(a, rows.data() + earlier * size, size) / (norm.back() * norm[earlier]);
      if (cosine >= options.cosine) pairs.push_back({row, earlier, cosine});
    }
  }
  return pairs;
}

prune::Criterion lsh(const SimilarOptions& options) {
  check_options(options);
  return [options](const Parameter& weight) {
    check(weight.rank() >= 2, "lsh: a weight of shape ", weight.shape(), " has no rows");
    const int64_t size = weight.shape().inner(0);
    Tensor scores = ones(weight.shape());
    for (const auto& [row, earlier, cosine] : similar_rows(weight, options)) {
      float* score = scores.mutable_data() + row * size;
      std::fill_n(score, size, std::min(*score, static_cast<float>(1 - cosine)));
    }
    return scores;
  };
}

}  // namespace tinynn::structured
