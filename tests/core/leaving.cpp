// How a program may leave while tinynn has threads: by exit() and quick_exit() from anywhere, by fork(), with
// static networks and loaders. Each case runs in a process of its own that is killed when it hangs. (Not: by
// exit() while another thread multiplies. OpenBLAS gives its memory back then.)
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include <tinynn/core/parallel.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/data/data_loader.hpp>
#include <tinynn/data/transform.hpp>
#include <tinynn/models/simple_cnn.hpp>
#include <tinynn/ops/matmul.hpp>

using namespace tinynn;

// What a thread held that was not forked along is lost.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }

namespace {

constexpr int fine = 7;  // no code that a process has by chance

// The code with which a forked process ends that runs f; -1 if it was killed, as after 20 seconds.
template <class F>
int code_of_fork(F&& f) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    f();
    std::exit(fine);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Tensor product() {
  static const Tensor& a = *new Tensor((manual_seed(1), rand({300, 300})));  // threads use it to the very end
  return matmul(a, a);
}

bool is_same(const Tensor& a, const Tensor& b) {
  return std::equal(a.values().begin(), a.values().end(), b.values().begin());
}

data::DataLoader loader() {
  manual_seed(2);
  std::vector<int64_t> labels(600, 1);
  const auto digits = std::make_shared<data::TensorDataset>(rand({600, 1, 28, 28}), Labels(labels));
  return data::DataLoader(digits, {.batch_size = 20, .shuffle = true, .seed = 3});
}

double sum_of(const Tensor& x) {
  double sum = 0;
  for (const float value : x.values()) sum += value;
  return sum;
}

// Sums what is left of an epoch.
double rest(data::BatchIterator& at) {
  double sum = 0;
  for (; at != std::default_sentinel; ++at) sum += sum_of((*at).inputs);
  return sum;
}

void child_computes() {
  const Tensor before = product();
  if (code_of_fork([&] {
        if (!is_same(product(), before)) std::exit(1);
        if (code_of_fork([&] { std::exit(is_same(product(), before) ? fine : 1); }) != fine) std::exit(2);
      }) != fine)
    std::exit(1);
  if (!is_same(product(), before)) std::exit(2);
}

void child_goes_on_with_an_epoch() {
  auto digits = loader();
  auto at = digits.begin();
  ++at;
  ++at;
  std::optional<double> expected;
  {
    auto other = loader();
    auto same = other.begin();
    ++same;
    ++same;
    expected = rest(same);
  }
  if (code_of_fork([&] { std::exit(rest(at) == *expected ? fine : 1); }) != fine) std::exit(1);
  if (code_of_fork([&] { ++at; }) != fine) std::exit(2);  // and leaves the rest
  if (rest(at) != *expected) std::exit(3);
}

void child_of_a_busy_parent() {
#ifndef __SANITIZE_ADDRESS__  // whose allocator, in GCC 12, a child finds locked for ever if another thread
                              // held it
  std::atomic<bool> stop = false;
  std::thread busy([&] {
    while (!stop) rand({10, 10});
  });
  std::thread draws([&] {  // holds the generator about half of the time
    while (!stop) next_random_stream();
  });
  int failed = 0;
  for (int i = 0; i < 300 && failed == 0; ++i) failed += code_of_fork([] { rand({50, 50}); }) != fine;
  stop = true;
  busy.join();
  draws.join();
  if (failed != 0) std::exit(1);
#endif
}

void exit_inside_a_chunk() {
  product();
  parallel_chunks(8, [](int64_t chunk) {
    if (chunk == 5) std::exit(fine);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  });
}

void quick_exit_in_an_epoch() {
  auto digits = loader();
  auto at = digits.begin();
  product();
  std::quick_exit(fine);
}

// Destroyed after main(), in whatever order.
void static_objects() {
  static models::SimpleCNN before;
  static auto digits = loader();
  static auto at = digits.begin();
  static models::SimpleCNN after;
  static Tensor y = after((*at).inputs);
}

int failures = 0;
template <class F>
void check(const char* name, F&& f) {
  const int code = code_of_fork([&] {
    set_num_threads(2);
    f();
  });
  std::printf("%-40s %s\n", name, code == fine ? "ok" : code == -1 ? "HANGS, OR IS KILLED" : "FAILED");
  failures += code != fine;
}

}  // namespace

int main() {
  check("a child computes", child_computes);
  check("a child goes on with an epoch", child_goes_on_with_an_epoch);
  check("a child of a busy parent", child_of_a_busy_parent);
  check("exit inside a chunk", exit_inside_a_chunk);
  check("quick_exit in an epoch", quick_exit_in_an_epoch);
  check("static networks and loaders", static_objects);
  return failures;
}
