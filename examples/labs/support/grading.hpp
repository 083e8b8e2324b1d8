// How the checks of a lab are written: tests.cpp of each lab lists them in `grading::checks`. grading.cpp
// runs one of them a process, so that a crash or an endless loop costs that check alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <random>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace grading {

/// Random inputs of a check. The same --seed gives the same inputs.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  std::int64_t integer(std::int64_t low, std::int64_t high);  ///< in [low, high]
  float uniform(float low = -1, float high = 1);
  float normal();
  bool chance(double probability);
  std::vector<float> floats(std::int64_t n, float low = -1, float high = 1);

 private:
  std::mt19937_64 engine_;
};

enum class When {
  always,   ///< with the sanitizers and without optimization, then in release
  release,  ///< in release only: what trains, or counts
  timed,    ///< in release, alone on the machine; left out by --no-timing
};

struct Check {
  const char* function;  ///< of the student, as declared in labN.hpp
  int points;
  const char* what;
  void (*run)(Random&);
  When when = When::always;
};

/// Defined by each lab's tests.cpp.
extern const std::vector<Check> checks;

/// What fail() throws.
struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <class... T>
std::string text(const T&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

/// Ends the check without points. `parts`, printed one after the other, say inputs, result and expectation.
template <class... T>
[[noreturn]] void fail(const T&... parts) {
  throw Failure(text(parts...));
}

template <class... T>
void require(bool holds, const T&... parts) {
  if (!holds) fail(parts...);
}

/// "[1, 2.5, -3]", with the first `most` elements.
template <class T>
std::string show(std::span<const T> values, std::size_t most = 12) {
  std::ostringstream out;
  out << '[';
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i == most) {
      out << ", ... of " << values.size();
      break;
    }
    out << (i == 0 ? "" : ", ") << +values[i];
  }
  out << ']';
  return out.str();
}
template <class T>
std::string show(const std::vector<T>& values, std::size_t most = 12) {
  return show(std::span<const T>(values), most);
}

/// |got - expected| <= tolerance * max(1, |expected|) at every place, and as many places.
void require_near(std::span<const float> got, std::span<const float> expected, double tolerance,
                  const std::string& what);

/// The same of single numbers.
void require_near(double got, double expected, double tolerance, const std::string& what);

/// A line that the student sees whether or not the check passes: a measurement.
void note(const std::string& line);
template <class... T>
void note(const T&... parts) {
  note(text(parts...));
}

/// The share of the check's points that is earned, in [0, 1]; without a call it is all of them.
void earn(double fraction);

std::filesystem::path lab_folder();    ///< the grader's copy of labN/
std::filesystem::path student_file();  ///< the labN.cpp that is graded

}  // namespace grading
