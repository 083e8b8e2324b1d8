#include <charconv>

#include <tinynn/core/error.hpp>
#include <tinynn/core/state.hpp>

namespace tinynn {
namespace {

template <class T>
void visit_number(StateVisitor& visit, const std::string& name, T& number) {
  char written[32];
  std::string text(written, std::to_chars(written, written + sizeof written, number).ptr);
  visit(name, text);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  check(error == std::errc() && end == text.data() + text.size(), "state: \"", name, "\" is \"", text,
        "\", expected a number");
}

}  // namespace

void StateVisitor::operator()(const std::string& name, int64_t& number) { visit_number(*this, name, number); }
void StateVisitor::operator()(const std::string& name, uint64_t& number) {
  visit_number(*this, name, number);
}
void StateVisitor::operator()(const std::string& name, double& number) { visit_number(*this, name, number); }

void StateVisitor::check_count(const std::string& name, int64_t count) {
  check(count >= 0 && count <= 1 << 20, "state: \"", name, "\" has ", count, " items, expected 0 to 2^20");
}

void StateVisitor::operator()(const std::string& name, bool& flag) {
  int64_t number = flag;
  (*this)(name, number);
  flag = number != 0;
}

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
