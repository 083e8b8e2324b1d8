#include <cstdio>

#include <tinynn/tinynn.hpp>

double half_of_the_weights();  // other.cpp includes tinynn too: nothing may be defined twice

int main() {
  const double sparsity = half_of_the_weights();
  std::printf("tinynn %s: sparsity %.2f\n", tinynn::version(), sparsity);
  return sparsity == 0.5 ? 0 : 1;
}
