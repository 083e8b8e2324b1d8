// The program on the chip: scores of all pictures, how many instructions each took, and how deep the stack
// was. Given.
#include "device.hpp"
#include "network.hpp"
#include "pictures.hpp"

static std::uint8_t pixels[28 * 28];
static std::int32_t scores[10];

int main() {
  // Two instructions, a thousand times.
  start_counting();
  int n = 1000;
  asm volatile("1: subs %0, #1\n bne 1b" : "+r"(n) : : "cc");
  const std::int32_t counted = instructions();
  if (counted < 2000 || counted > 2010) {
    print("the emulator counts "), print(counted), print(" instructions where there are 2000\n");
    return 1;
  }
  for (const auto& picture : lab7::pictures) {
    read_picture(picture, pixels);
    for (auto& score : scores) score = -1;
    paint_stack();
    start_counting();
    lab7::infer(lab7::lenet, pixels, scores);
    const std::int32_t count = instructions();
    const std::int32_t stack = deepest_stack();
    print("instructions "), print(count);
    print("\nstack "), print(stack);
    print("\nscores");
    for (const std::int32_t score : scores) print(" "), print(score);
    print("\n");
  }
  return 0;
}
