#include <cstdio>

#include <tinynn/tinynn.hpp>

double half_of_the_weights(
    const char* folder);  // other.cpp includes tinynn too: nothing may be defined twice

int main(int count, char** arguments) {
  const double sparsity = half_of_the_weights(count > 1 ? arguments[1] : nullptr);
  std::printf("tinynn %s: sparsity %.2f\n", tinynn::version(), sparsity);
  return sparsity == 0.5 ? 0 : 1;
}
