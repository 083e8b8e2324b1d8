// The main program of a lab's checks, which support/grade.py starts:
//   checks list                            a line each: function, points, when, what
//   checks run INDEX SEED RESULT LAB FILE  one check. What became of it is written to the file RESULT, the
//   last thing that
//                                          is done: whoever leaves early has no result.
#include "grading.hpp"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "lab.hpp"

namespace grading {
namespace {

double fraction = 1;
std::string notes;
std::filesystem::path folder, file;

/// A message is one line of the result.
std::string one_line(std::string message) {
  for (char& c : message) c = c == '\n' ? ' ' : c;
  return message;
}

std::string outcome(const Check& check, Random& random) {
  try {
    check.run(random);
    return text("earned ", fraction);
  } catch (const NotWritten&) {
    return "failed not written";
  } catch (const Failure& failure) {
    return "failed " + one_line(failure.what());
  } catch (const std::exception& error) {
    return "failed it threw: " + one_line(error.what());
  } catch (...) {
    return "failed it threw something that is no std::exception";
  }
}

int run(char** arguments) {
  const Check& check = checks.at(std::stoul(arguments[0]));
  Random random(std::stoull(arguments[1]) * 1000003 + std::stoul(arguments[0]));
  const std::string result = arguments[2];
  folder = arguments[3];
  file = arguments[4];
  const std::string became = outcome(check, random);
  std::ofstream(result) << became << '\n' << notes;
  return 0;
}

}  // namespace

std::int64_t Random::integer(std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>(low, high)(engine_);
}
float Random::uniform(float low, float high) {
  return std::uniform_real_distribution<float>(low, high)(engine_);
}
float Random::normal() { return std::normal_distribution<float>()(engine_); }
bool Random::chance(double probability) { return std::bernoulli_distribution(probability)(engine_); }
std::vector<float> Random::floats(std::int64_t n, float low, float high) {
  std::vector<float> values(n);
  for (float& value : values) value = uniform(low, high);
  return values;
}

void require_near(double got, double expected, double tolerance, const std::string& what) {
  // Written so that a NaN fails, too.
  if (!(std::abs(got - expected) <= tolerance * std::max(1.0, std::abs(expected)))) {
    fail(what, " is ", got, ", expected ", expected, tolerance > 0 ? text(" within ", tolerance) : "");
  }
}

void require_near(std::span<const float> got, std::span<const float> expected, double tolerance,
                  const std::string& what) {
  require(got.size() == expected.size(), what, " has ", got.size(), " elements, expected ", expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (!(std::abs(double(got[i]) - expected[i]) <=
          tolerance * std::max(1.0, std::abs(double(expected[i]))))) {
      fail(what, "[", i, "] is ", got[i], ", expected ", expected[i], "; all of it is ", show(got),
           ", expected ", show(expected));
    }
  }
}

void note(const std::string& line) { notes += one_line(line) + "\n"; }
void earn(double earned) { fraction = earned; }
std::filesystem::path lab_folder() { return folder; }
std::filesystem::path student_file() { return file; }

}  // namespace grading

int main(int count, char** arguments) {
  const std::string command = count > 1 ? arguments[1] : "";
  if (command == "run" && count == 7) return grading::run(arguments + 2);
  if (command != "list") return std::cerr << "usage: checks list | run INDEX SEED RESULT LAB FILE\n", 2;
  for (const grading::Check& check : grading::checks) {
    std::cout << check.function << '\t' << check.points << '\t' << int(check.when) << '\t' << check.what
              << '\n';
  }
}
