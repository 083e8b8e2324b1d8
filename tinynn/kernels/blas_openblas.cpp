#include <mutex>

#include <cblas.h>

#include <tinynn/kernels/gemm.hpp>

namespace tinynn::kernels {
namespace {

std::mutex setting_mutex;
int users = 0;           // live SingleThreaded guards
int threads_before = 1;  // OpenBLAS's setting when the first came

blasint narrow(int64_t size) { return static_cast<blasint>(size); }

}  // namespace

const char* blas_name() { return openblas_get_config(); }

blas::SingleThreaded::SingleThreaded() {
  const std::scoped_lock lock(setting_mutex);
  if (users++ > 0) return;
  threads_before = openblas_get_num_threads();
  if (threads_before != 1) openblas_set_num_threads(1);
}

blas::SingleThreaded::~SingleThreaded() {
  const std::scoped_lock lock(setting_mutex);
  if (--users == 0 && threads_before != 1) openblas_set_num_threads(threads_before);
}

void blas::sgemm(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, Layout layout_a,
                 const float* b, int64_t ldb, Layout layout_b, float* c, int64_t ldc, bool accumulate) {
  auto transpose = [](Layout layout) { return layout == Layout::plain ? CblasNoTrans : CblasTrans; };
  cblas_sgemm(CblasRowMajor, transpose(layout_a), transpose(layout_b), narrow(m), narrow(n), narrow(k), 1.0F,
              a, narrow(lda), b, narrow(ldb), accumulate ? 1.0F : 0.0F, c, narrow(ldc));
}

}  // namespace tinynn::kernels
