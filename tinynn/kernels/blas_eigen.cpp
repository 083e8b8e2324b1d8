// Under another name, so that the linker does not take Eigen's templates from a program that has an Eigen of
// its own, perhaps of another version or compiled for another CPU, or the other way round.
#define Eigen tinynn_eigen
#include <Eigen/Core>
#undef Eigen

#include <tinynn/kernels/gemm.hpp>

namespace tinynn::kernels {
namespace {

namespace Eigen = tinynn_eigen;

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ConstMap = Eigen::Map<const Matrix, 0, Eigen::OuterStride<>>;

template <class Product>
void store(const Product& product, int64_t m, int64_t n, float* c, int64_t ldc, bool accumulate) {
  Eigen::Map<Matrix, 0, Eigen::OuterStride<>> result(c, m, n, Eigen::OuterStride<>(ldc));
  if (accumulate) {
    result.noalias() += product;
  } else {
    result.noalias() = product;
  }
}

}  // namespace

const char* blas_name() { return "Eigen"; }

blas::SingleThreaded::SingleThreaded() = default;  // Eigen is built without threads of its own
blas::SingleThreaded::~SingleThreaded() = default;

void blas::sgemm(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, Layout layout_a,
                 const float* b, int64_t ldb, Layout layout_b, float* c, int64_t ldc, bool accumulate) {
  const bool plain_a = layout_a == Layout::plain, plain_b = layout_b == Layout::plain;
  const ConstMap left(a, plain_a ? m : k, plain_a ? k : m, Eigen::OuterStride<>(lda));
  const ConstMap right(b, plain_b ? k : n, plain_b ? n : k, Eigen::OuterStride<>(ldb));
  if (plain_a && plain_b) {
    store(left * right, m, n, c, ldc, accumulate);
  } else if (plain_a) {
    store(left * right.transpose(), m, n, c, ldc, accumulate);
  } else if (plain_b) {
    store(left.transpose() * right, m, n, c, ldc, accumulate);
  } else {
    store(left.transpose() * right.transpose(), m, n, c, ldc, accumulate);
  }
}

}  // namespace tinynn::kernels
