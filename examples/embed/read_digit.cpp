// A program with a network inside: reads 28 x 28 pixels, a byte each, and says which digit they show.
#include <cstdint>
#include <cstdio>

#include "digits.hpp"

int main() {
  std::uint8_t pixels[28 * 28];
  if (std::fread(pixels, 1, sizeof pixels, stdin) != sizeof pixels) return 1;
  float scores[10];
  digits_predict(pixels, scores);
  int best = 0;
  for (int digit = 1; digit < 10; ++digit) best = scores[digit] > scores[best] ? digit : best;
  std::printf("%d\n", best);
}
