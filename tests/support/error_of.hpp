#pragma once

#include <functional>
#include <string>

#include <tinynn/core/error.hpp>

namespace test {

/// The message of the tinynn::Error that f() throws; "no error" if it throws none.
inline std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const tinynn::Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace test
