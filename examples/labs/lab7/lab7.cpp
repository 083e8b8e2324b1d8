#include "lab7.hpp"

#include "network.hpp"
#include "pictures.hpp"

namespace lab7 {

// A byte of 255 goes on.
int next_gap(const std::uint8_t*& at) {
  not_written("next_gap");
}

// Where most of the time goes.
std::int32_t sparse_dot(std::int32_t sum, int count, Cursor& at, const std::uint8_t* x) {
  not_written("sparse_dot");
}

// Rounds, and is the ReLU.
std::uint8_t requantise(std::int32_t sum, std::int32_t factor, int shift) {
  not_written("requantise");
}

void sparse_linear(const Layer& layer, const std::uint8_t* x, std::uint8_t* y) {
  not_written("sparse_linear");
}

// Two buffers take turns.
void infer(const Network& network, const std::uint8_t* image, std::int32_t* scores) {
  not_written("infer");
}

double question1() {
  not_written("question1");
}

double question2() {
  not_written("question2");
}

double question3() {
  not_written("question3");
}

}  // namespace lab7
