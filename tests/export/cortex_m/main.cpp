// Which classes an exported header finds in the images of images.hpp, with the bits of all scores. Runs
// anywhere.
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "digits.hpp"
#include "images.hpp"

int main() {
  for (const auto& image : images) {
    float scores[10];
    digits_predict(image, scores);
    int best = 0;
    for (int digit = 1; digit < 10; ++digit) best = scores[digit] > scores[best] ? digit : best;
    std::printf("%d", best);
    for (const float score : scores) {
      std::uint32_t bits;
      std::memcpy(&bits, &score, sizeof bits);
      std::printf(" %08lx", static_cast<unsigned long>(bits));
    }
    std::printf("\n");
  }
}
