// NoGrad: while one lives, operations on this thread are not recorded (torch.no_grad).
#pragma once

namespace tinynn {

/// True unless a NoGrad lives on this thread.
bool grad_enabled();

class NoGrad {
 public:
  NoGrad();
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool before_;
};

}  // namespace tinynn
