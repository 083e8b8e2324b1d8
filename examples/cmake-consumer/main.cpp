// Teaches a network which points lie in a circle, removes half of its weights on the way, and saves it as an
// inference program: consumer FILE
#include <cmath>
#include <cstdio>
#include <vector>

#include <tinynn/tinynn.hpp>
using namespace tinynn;

int main(int count, char** arguments) try {
  manual_seed(1);
  const Tensor points = rand({500, 2}, -1, 1);
  std::vector<float> is_inside;
  for (const float* p = points.data(); is_inside.size() < 500; p += 2)
    is_inside.push_back(std::hypot(p[0], p[1]) < 0.7F ? 1.0F : 0.0F);
  const Tensor target = tensor(is_inside, {500, 1});

  nn::Sequential net{nn::Linear(2, 32), nn::ReLU(), nn::Linear(32, 1)};
  optim::Adam adam(net.parameters(), {.lr = 0.01});
  for (int step = 0; step < 600; ++step) {
    if (step == 300) prune::prune(prune::weights(net), prune::fraction(0.5));
    adam.zero_grad();
    mse_loss(net(points), target).backward();
    adam.step();
  }
  std::printf("tinynn %s: squared error %.3f, %.0f%% of the weights are zero\n", version(),
              mse_loss(net(points), target).item(), 100 * prune::sparsity(prune::weights(net)));
  deploy::save(deploy::plan(net, points), count > 1 ? arguments[1] : "circle.plan");
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
