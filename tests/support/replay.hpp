// Replay: what a function did, run again from what the operations recorded about themselves.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <vector>

#include <tinynn/autograd/record.hpp>

namespace test {

using tinynn::Tensor;

inline bool same_bits(const Tensor& a, const Tensor& b) {
  if (!a.defined() || !b.defined()) return a.defined() == b.defined();
  return a.shape() == b.shape() &&
         std::memcmp(a.data(), b.data(), static_cast<size_t>(a.numel()) * sizeof(float)) == 0;
}

class Replay {
 public:
  /// Runs f() and remembers every operation that it runs.
  template <class F>
  explicit Replay(F f) {
    const tinynn::autograd::Observer observer([this](const tinynn::autograd::Call& call) {
      calls_.push_back(
          {&call.op, call.inputs, {call.attributes.begin(), call.attributes.end()}, call.output});
    });
    f();
  }

  /// What the last call gives now: all calls run again, each on what those before it gave.
  Tensor run(bool training) const {
    std::map<const void*, Tensor> made;
    Tensor last;
    for (const Call& call : calls_) {
      std::vector<Tensor> inputs;
      for (const Tensor& input : call.inputs) {
        const auto found = made.find(input.handle().get());
        inputs.push_back(input.defined() && found != made.end() ? found->second : input);
      }
      if (call.op->apply == nullptr) return {};
      last = call.op->apply({inputs, call.attributes, training});
      made[call.output.handle().get()] = last;
    }
    return last;
  }

  /// What the last operation gave.
  const Tensor& result() const { return calls_.back().output; }
  bool empty() const { return calls_.empty(); }
  bool has(const char* name) const {
    return std::ranges::any_of(calls_, [=](const Call& c) { return std::strcmp(c.op->name, name) == 0; });
  }
  /// Whether running it again gives the very bits; where operations differ by mode, in one of the modes.
  bool repeats() const {
    return same_bits(run(false), result()) ||
           ((has("batch_norm") || has("dropout")) && same_bits(run(true), result()));
  }

 private:
  struct Call {
    const tinynn::autograd::Op* op;
    std::vector<Tensor> inputs;
    std::vector<tinynn::autograd::Attribute> attributes;
    Tensor output;
  };
  std::vector<Call> calls_;
};

}  // namespace test
