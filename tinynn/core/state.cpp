#include <tinynn/core/state.hpp>

namespace tinynn {

void StateVisitor::operator()(const std::string& name, Mask& mask) {
  Tensor alive = mask.defined() ? mask.to_tensor() : Tensor();
  (*this)(name, alive);
  mask = alive.defined() ? Mask(alive) : Mask();
}

void StateReader::operator()(const std::string& name, std::string& text) {
  const auto found = state_.texts.find(whole(name));
  check(found != state_.texts.end(), "state: there is no \"", whole(name), '"');
  text = found->second;
}

void StateReader::operator()(const std::string& name, Tensor& tensor) {
  const auto found = state_.tensors.find(whole(name));
  const auto text = state_.texts.find(whole(name));
  const bool undefined =
      found == state_.tensors.end() && text != state_.texts.end() && text->second == "undefined";
  check(undefined || found != state_.tensors.end(), "state: there is no tensor \"", whole(name), '"');
  tensor = undefined ? Tensor() : found->second.clone();
}

}  // namespace tinynn
