// State: what decides the future of a run, item by item. A stateful part lists its items once, in
//
//   void state(StateVisitor& visit) { visit("steps", steps_); visit("momentum", momentum_); }
//
// and a StateWriter copies them into a State, from which a StateReader sets them in a part that was made
// alike. Equal runs then end in equal bytes.
#pragma once

#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <type_traits>

#include <tinynn/core/error.hpp>
#include <tinynn/core/mask.hpp>
#include <tinynn/core/tensor.hpp>

namespace tinynn {

/// Items by name: numbers as text that gives the very number back, tensors as they were.
struct State {
  std::map<std::string, std::string> texts;
  std::map<std::string, Tensor> tensors;
};

class StateVisitor {
 public:
  virtual ~StateVisitor() = default;

  /// Whether items are set, and not copied.
  virtual bool reads() const = 0;
  virtual void operator()(const std::string& name, std::string& text) = 0;
  /// Undefined tensors stay so.
  virtual void operator()(const std::string& name, Tensor& tensor) = 0;

  void operator()(const std::string& name, Mask& mask);
  /// Truth values and enumerators are written as numbers.
  template <class T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void operator()(const std::string& name, T& value) {
    std::conditional_t<std::is_enum_v<T> || std::is_same_v<T, bool>, int64_t, T> number =
        static_cast<decltype(number)>(value);
    char written[32];
    std::string text(written, std::to_chars(written, written + sizeof written, number).ptr);
    (*this)(name, text);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    check(error == std::errc() && end == text.data() + text.size(), "state: \"", name, "\" is \"", text,
          "\", expected a number");
    if constexpr (std::is_signed_v<decltype(number)> && std::is_integral_v<decltype(number)>) {
      constexpr auto most = int64_t{1} << 53;  // of what a run counts; one more does not overflow
      check(number >= -most && number <= most, "state: \"", name, "\" is ", number,
            ", expected -2^53 to 2^53");
    }
    value = static_cast<T>(number);
  }
  /// The items of a part, whose names begin with the part's.
  template <class Part>
  void part(const std::string& name, Part& part) {
    within(name, [&] { part.state(*this); });
  }
  template <class Visits>
  void within(const std::string& name, const Visits& visits) {
    const std::string before = prefix_;
    prefix_ += name + ".";
    visits();
    prefix_ = before;
  }
  /// An item, a part, or a list of these.
  template <class T>
  void item(const std::string& name, T& value) {
    if constexpr (requires { value.state(*this); }) {
      part(name, value);
    } else if constexpr (requires { value.push_back(value[0]); } && !std::is_same_v<T, std::string>) {
      all(name, value);
    } else {
      (*this)(name, value);
    }
  }
  /// The same for what may not be there.
  template <class T>
  void optional(const std::string& name, std::optional<T>& value) {
    bool there = value.has_value();
    (*this)(name, there);
    if (!there) return value.reset();
    if (!value) value.emplace();
    item(name + ".value", *value);
  }
  /// As many items as there were. Throws Error for a number that no run has.
  template <class Items>
  void all(const std::string& name, Items& items) {
    auto count = static_cast<int64_t>(items.size());
    (*this)(name, count);
    check(count >= 0 && count <= 1 << 20, "state: \"", name, "\" has ", count, " items, expected 0 to 2^20");
    const auto size = static_cast<size_t>(count);
    if (size < items.size()) items.resize(size);
    for (size_t i = 0; i < size; ++i) {
      if (i == items.size()) items.resize(i + 1);  // no more memory than there are items in a file
      item(name + "." + std::to_string(i), items[i]);
    }
  }
  /// A list whose length is known. Throws Error for another.
  template <class Items>
  void each(const std::string& name, Items& items) {
    auto count = static_cast<int64_t>(items.size());
    (*this)(name, count);
    check(count == static_cast<int64_t>(items.size()), "state: \"", name, "\" has ", count,
          " items, expected ", items.size());
    for (size_t i = 0; i < items.size(); ++i) item(name + "." + std::to_string(i), items[i]);
  }

 protected:
  std::string whole(const std::string& name) const { return prefix_ + name; }

 private:
  std::string prefix_;
};

class StateWriter : public StateVisitor {
 public:
  using StateVisitor::operator();
  bool reads() const override { return false; }
  void operator()(const std::string& name, std::string& text) override { state.texts[whole(name)] = text; }
  void operator()(const std::string& name, Tensor& tensor) override {
    if (tensor.defined()) {
      state.tensors[whole(name)] = tensor.clone();
    } else {
      state.texts[whole(name)] = "undefined";
    }
  }

  State state;
};

/// Its calls throw Error, naming the item, for one that the state lacks or that is no number.
class StateReader : public StateVisitor {
 public:
  using StateVisitor::operator();
  /// `state` has to outlive it.
  explicit StateReader(const State& state) : state_(state) {}
  bool reads() const override { return true; }
  void operator()(const std::string& name, std::string& text) override;
  void operator()(const std::string& name, Tensor& tensor) override;

 private:
  const State& state_;
};

}  // namespace tinynn
