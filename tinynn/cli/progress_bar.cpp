#include <cstdio>

#include <unistd.h>

#include <tinynn/cli/progress_bar.hpp>

namespace tinynn::cli {

ProgressBar::ProgressBar(std::string label, bool quiet)
    : label_(std::move(label)),
      visible_(!quiet && isatty(STDERR_FILENO) == 1),
      start_(std::chrono::steady_clock::now()) {}

ProgressBar::~ProgressBar() {
  if (visible_) std::fputs("\r\033[K", stderr);  // the line is gone, the results stay
}

void ProgressBar::show(const train::Progress& p) {
  using namespace std::chrono_literals;
  const auto now = std::chrono::steady_clock::now();
  const int64_t done = p.epoch * p.batches + p.batch + 1, total = p.epochs * p.batches;
  if (first_ < 0) first_ = done - 1;
  if (!visible_ || (now - drawn_ < 100ms && done < total)) return;
  drawn_ = now;
  constexpr int width = 30;
  const double share = static_cast<double>(done) / static_cast<double>(total);
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  const int filled = static_cast<int>(share * width);
  std::string bar;
  for (int i = 0; i < width; ++i) bar += i < filled ? '#' : '.';
  std::fprintf(stderr, "\r%s [%s] %3.0f%%  epoch %lld/%lld  loss %.4f  %.0f s left\033[K", label_.c_str(),
               bar.c_str(), share * 100, static_cast<long long>(p.epoch) + 1,
               static_cast<long long>(p.epochs), p.loss,
               elapsed * static_cast<double>(total - done) / static_cast<double>(done - first_));
  std::fflush(stderr);
}

}  // namespace tinynn::cli
