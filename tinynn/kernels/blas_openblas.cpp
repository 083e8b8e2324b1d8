#include <algorithm>
#include <mutex>
#include <optional>

#include <cblas.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/fork.hpp>
#include <tinynn/kernels/gemm.hpp>

namespace tinynn::kernels {
namespace {

std::mutex setting_mutex;
const detail::HeldWhileForking<setting_mutex> setting_at_fork;
int users = 0;           // live SingleThreaded guards
int threads_before = 1;  // OpenBLAS's setting when the first came

// OpenBLAS takes a buffer for each of the products that run at the same time, and keeps it. Where it gets
// none it asks for ever, so where address space is limited (ulimit -v) there has to be room before it asks.
class Buffer {
 public:
  // Asked once, for it is asked before every product.
  static bool is_limited() {
    static const bool limited = [] {
      rlimit limit{};
      return getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    }();
    return limited;
  }

  Buffer() {
    const std::scoped_lock lock(setting_mutex);
    if (in_use >= taken) {
      const size_t bytes = static_cast<size_t>(in_use + 1 - taken) * buffer_bytes;
      void* room = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      check(room != MAP_FAILED, "OpenBLAS takes ", buffer_bytes >> 20,
            " MB of address space for each thread, and there are none left: raise the limit (ulimit -v), use "
            "fewer threads, or build with TINYNN_BLAS=Eigen");
      munmap(room, bytes);
    }
    ++in_use;
  }
  ~Buffer() {
    const std::scoped_lock lock(setting_mutex);
    --in_use;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  // After a product: of small ones, OpenBLAS may have taken none.
  void is_taken(double flops) {
    const std::scoped_lock lock(setting_mutex);
    if (flops > 1e8) taken = std::max(taken, in_use);
  }

 private:
  static constexpr size_t buffer_bytes = (size_t{128} << 20) + (size_t{64} << 10);
  static inline int in_use = 0, taken = 0;  // at this moment; at the same time, so far
};

const detail::MadeBeforeMain limit_is_asked(Buffer::is_limited);

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
  std::optional<Buffer> buffer;
  if (Buffer::is_limited()) buffer.emplace();
  cblas_sgemm(CblasRowMajor, transpose(layout_a), transpose(layout_b), narrow(m), narrow(n), narrow(k), 1.0F,
              a, narrow(lda), b, narrow(ldb), accumulate ? 1.0F : 0.0F, c, narrow(ldc));
  if (buffer)
    buffer->is_taken(2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k));
}

}  // namespace tinynn::kernels
