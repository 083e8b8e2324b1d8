// Isa: set_isa for one scope.
#pragma once

#include <string>

#include <tinynn/kernels/simd/isa.hpp>

namespace test {

class Isa {
 public:
  explicit Isa(const std::string& name) : before_(tinynn::kernels::isa()) { tinynn::kernels::set_isa(name); }
  ~Isa() { tinynn::kernels::set_isa(before_); }
  Isa(const Isa&) = delete;
  Isa& operator=(const Isa&) = delete;

 private:
  std::string before_;
};

}  // namespace test
