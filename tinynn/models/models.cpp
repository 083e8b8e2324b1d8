#include <algorithm>

#include <tinynn/core/error.hpp>
#include <tinynn/models/densenet.hpp>
#include <tinynn/models/lenet_300_100.hpp>
#include <tinynn/models/lenet_5.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/models/resnet.hpp>
#include <tinynn/models/simple_cnn.hpp>
#include <tinynn/models/text.hpp>
#include <tinynn/models/vgg.hpp>

namespace tinynn::models {
namespace {

struct Entry {
  const char* name;
  std::unique_ptr<nn::Module> (*make)();
  Shape input;
};

template <class M>
std::unique_ptr<nn::Module> make_module() {
  return std::make_unique<M>();
}

const Shape digits{1, 28, 28}, photos{3, 32, 32};
const Entry entries[] = {
    {"densenet-small", make_module<DenseNetSmall>, photos},
    {"lenet-300-100", make_module<LeNet300100>, digits},
    {"lenet-5", make_module<LeNet5>, digits},
    {"lenet-5-bn", make_module<LeNet5BN>, digits},
    {"resnet-20", make_module<ResNet20>, photos},
    {"simple-cnn", make_module<SimpleCNN>, digits},
    {"vgg-small", make_module<VggSmall>, photos},
};

const Entry& entry(const std::string& name) {
  std::string known;
  for (const auto& candidate : entries) {
    if (name == candidate.name) return candidate;
    known += std::string(known.empty() ? "" : ", ") + candidate.name;
  }
  fail("unknown model \"", name, "\", expected one of: ", known);
}

}  // namespace

std::vector<std::string> names() {
  std::vector<std::string> result;
  for (const auto& known : entries) result.emplace_back(known.name);
  return result;
}

std::unique_ptr<nn::Module> make(const std::string& name) { return entry(name).make(); }

bool is_name(const std::string& text) {
  return std::ranges::find(entries, text, &Entry::name) != std::end(entries);
}

bool is_text(const std::string& text) { return text.find_first_of(" ,[") != std::string::npos; }

std::unique_ptr<nn::Module> make(const std::string& name_or_text, const Shape& sample) {
  return is_text(name_or_text) ? from_text(name_or_text, sample) : make(name_or_text);
}

Shape input_shape(const std::string& name) { return entry(name).input; }

}  // namespace tinynn::models
