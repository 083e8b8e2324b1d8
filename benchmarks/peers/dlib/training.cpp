// Training steps of dlib; see ../../training_run.hpp. It knows no residual network of tinynn's form, and
// computes convolutions as products, with the same OpenBLAS.
#include <stdexcept>
#include <string>
#include <vector>

#include <cblas.h>
#include <dlib/dnn.h>
#include <dlib/revision.h>

#include "../../training_run.hpp"

namespace {

using namespace tinynn;

template <long outputs, long kernel, long padding, class Subnet>
using Conv = dlib::add_layer<dlib::con_<outputs, kernel, kernel, 1, 1, padding, padding>, Subnet>;
template <class Subnet>
using Pool = dlib::max_pool<2, 2, 2, 2, Subnet>;
template <long hidden, class Subnet>
using Head = dlib::loss_multiclass_log<dlib::fc<10, dlib::relu<dlib::fc<hidden, Subnet>>>>;
using Input = dlib::input<dlib::matrix<float>>;

using LeNet300100 = Head<100, dlib::relu<dlib::fc<300, Input>>>;
using LeNet5 = Head<500, Pool<Conv<50, 5, 0, Pool<Conv<20, 5, 0, Input>>>>>;
using SimpleCNN = Head<64, Pool<dlib::relu<Conv<8, 3, 1, Pool<dlib::relu<Conv<4, 3, 1, Input>>>>>>>;

// Of each layer with parameters, from the last to the first, its weights and behind them its biases; a linear
// layer has a column for each output.
template <class Net>
void load(Net& net, const io::SafetensorsFile& weights, std::vector<std::string> layers) {
  dlib::visit_layer_parameters(net, [&](size_t, dlib::tensor& to) {
    if (to.size() == 0) return;
    if (layers.empty()) throw std::runtime_error("more layers than weights");
    const Tensor w = weights.tensor(layers.back() + ".weight"), b = weights.tensor(layers.back() + ".bias");
    if (static_cast<int64_t>(to.size()) != w.numel() + b.numel()) throw std::runtime_error(layers.back());
    layers.pop_back();
    float* out = to.host();
    for (int64_t i = 0; i < w.numel(); ++i) {
      const int64_t inputs = w.numel() / w.size(0);
      out[w.rank() == 2 ? i % inputs * w.size(0) + i / inputs : i] = w.data()[i];
    }
    std::copy_n(b.data(), b.numel(), out + w.numel());
  });
  if (!layers.empty()) throw std::runtime_error("no layer for " + layers.back());
}

template <class Net, class Solver>
class DlibTrainer final : public bench::Trainer {
 public:
  DlibTrainer(const bench::Options& options, const io::SafetensorsFile& weights,
              const std::vector<std::string>& layers, const Solver& solver)
      : lr_(options.lr), solvers_(Net::num_computational_layers, solver) {
    openblas_set_num_threads(static_cast<int>(options.threads));
    const dlib::matrix<float> image = dlib::zeros_matrix<float>(28, 28);
    net_.to_tensor(&image, &image + 1, x_);
    net_.subnet().forward(x_);  // which makes the parameters
    load(net_, weights, layers);
  }

  void take(const data::Batch& batch) override {
    const std::vector<dlib::matrix<float>> images(static_cast<size_t>(batch.inputs.size(0)),
                                                  dlib::zeros_matrix<float>(28, 28));
    net_.to_tensor(images.begin(), images.end(), x_);
    std::copy_n(batch.inputs.data(), batch.inputs.numel(), x_.host());
    const auto labels = batch.targets.labels();
    labels_.assign(labels.begin(), labels.end());
  }

  double step() override {
    const double loss = net_.compute_parameter_gradients(x_, labels_.begin());
    net_.update_parameters(solvers_, lr_);
    return loss;
  }

 private:
  Net net_;
  double lr_;
  std::vector<Solver> solvers_;
  dlib::resizable_tensor x_;
  std::vector<unsigned long> labels_;
};

template <class Net>
std::unique_ptr<bench::Trainer> make(const bench::Options& o, const io::SafetensorsFile& weights,
                                     const std::vector<std::string>& layers) {
  const auto decay = static_cast<float>(o.weight_decay);
  if (o.optimizer == "adam") {
    return std::make_unique<DlibTrainer<Net, dlib::adam>>(o, weights, layers,
                                                          dlib::adam(decay, 0.9F, 0.999F));
  }
  return std::make_unique<DlibTrainer<Net, dlib::sgd>>(o, weights, layers,
                                                       dlib::sgd(decay, static_cast<float>(o.momentum)));
}

std::unique_ptr<bench::Trainer> make_trainer(const bench::Options& options,
                                             const io::SafetensorsFile& weights) {
  if (options.model == "lenet-300-100") return make<LeNet300100>(options, weights, {"fc1", "fc2", "fc3"});
  const std::vector<std::string> layers{"conv1", "conv2", "fc1", "fc2"};
  if (options.model == "lenet-5") return make<LeNet5>(options, weights, layers);
  if (options.model == "simple-cnn") return make<SimpleCNN>(options, weights, layers);
  throw std::runtime_error("no " + options.model);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string version = std::to_string(DLIB_MAJOR_VERSION) + "." + std::to_string(DLIB_MINOR_VERSION);
  return bench::run_training(argc, argv, "dlib", version, make_trainer);
}
