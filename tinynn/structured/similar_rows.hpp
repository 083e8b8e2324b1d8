// Similar rows: which rows of a weight (neurons of a Linear, filters of a Conv2d) point in nearly the same
// direction, found by locality-sensitive hashing. A random hyperplane separates two rows with probability
// angle / pi; a table gives each row the code of the sides of `bits` planes that it lies on, and rows that
// share a code in any of `tables` tables are compared. Two rows at angle a are thus found with probability
//   1 - (1 - (1 - a / pi)^bits)^tables,
// and what is found is confirmed by the true cosine, in double. Charikar, "Similarity estimation techniques
// from rounding algorithms", STOC 2002. Hashing takes tables * bits products of rows for each row, comparing
// all with all half as many as there are rows: it saves work in layers of more than 2 * tables * bits rows.
#pragma once

#include <cstdint>
#include <vector>

#include <tinynn/core/tensor.hpp>
#include <tinynn/prune/criterion.hpp>

namespace tinynn::structured {

struct SimilarOptions {
  double cosine = 0.99;  // the least that counts as similar, in [-1, 1]
  int64_t tables = 16;   // more find more
  int64_t bits = 12;     // of a code, 1 to 63: fewer find more, and compare more
};

struct SimilarPair {
  int64_t row, earlier;  // earlier < row
  double cosine;
};

/// The pairs that are found among the slices of dimension 0 of `rows`, by row and by the earlier one. A row
/// of zeros is similar to none. New hyperplanes at each call (manual_seed). Throws Error for a tensor without
/// dimensions or for options out of their ranges.
std::vector<SimilarPair> similar_rows(const Tensor& rows, const SimilarOptions& options = {});

/// For slices of dimension 0: 1 - the largest cosine that is found with an earlier row, 1 if none is. What
/// another row already says goes first, the first of similar rows stays. Of rows that resemble no other it
/// says nothing, however small they are. merge_similar() also hands on what a row did.
prune::Criterion lsh(const SimilarOptions& options = {.cosine = 0, .tables = 16, .bits = 8});

}  // namespace tinynn::structured
