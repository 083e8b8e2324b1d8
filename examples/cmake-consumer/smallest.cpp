// Draws what a saved inference program takes for the inside of the circle: smallest FILE. It needs
// tinynn::program alone, and so nothing but C++'s own library.
#include <cstdio>

#include <tinynn/core/error.hpp>
#include <tinynn/program/plan_file.hpp>
#include <tinynn/program/program.hpp>
using namespace tinynn;

int main(int count, char** arguments) try {
  const deploy::Program circle(deploy::load(count > 1 ? arguments[1] : "circle.plan"));
  for (int row = -10; row <= 10; ++row) {
    for (int column = -20; column <= 20; ++column) {
      const float point[] = {static_cast<float>(column) / 20, static_cast<float>(row) / 10};
      float is_inside;
      circle.run(1, point, &is_inside);
      std::putchar(is_inside > 0.5F ? '#' : '.');
    }
    std::putchar('\n');
  }
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
