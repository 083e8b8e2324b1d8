#include <tinynn/core/error.hpp>
#include <tinynn/models/densenet.hpp>
#include <tinynn/models/lenet_300_100.hpp>
#include <tinynn/models/lenet_5.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/models/resnet.hpp>
#include <tinynn/models/simple_cnn.hpp>
#include <tinynn/models/vgg.hpp>

namespace tinynn::models {
namespace {

struct Entry {
  const char* name;
  std::unique_ptr<nn::Module> (*make)();
};

template <class M>
std::unique_ptr<nn::Module> make_module() {
  return std::make_unique<M>();
}

constexpr Entry entries[] = {
    {"densenet-small", make_module<DenseNetSmall>},
    {"lenet-300-100", make_module<LeNet300100>},
    {"lenet-5", make_module<LeNet5>},
    {"lenet-5-bn", make_module<LeNet5BN>},
    {"resnet-20", make_module<ResNet20>},
    {"simple-cnn", make_module<SimpleCNN>},
    {"vgg-small", make_module<VggSmall>},
};

}  // namespace

std::vector<std::string> names() {
  std::vector<std::string> result;
  for (const auto& entry : entries) result.emplace_back(entry.name);
  return result;
}

std::unique_ptr<nn::Module> make(const std::string& name) {
  std::string known;
  for (const auto& entry : entries) {
    if (name == entry.name) return entry.make();
    known += std::string(known.empty() ? "" : ", ") + entry.name;
  }
  fail("unknown model \"", name, "\", expected one of: ", known);
}

}  // namespace tinynn::models
