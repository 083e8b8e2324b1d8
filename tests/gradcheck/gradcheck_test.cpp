// Runs the table of operations, and holds it against the registry: an operation without a row is a failure.
#include <set>
#include <sstream>

#include <doctest/doctest.h>

#include <tinynn/autograd/record.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/ops/registry.hpp>
#include <tinynn/ops/shape.hpp>

#include "tests/gradcheck/table.hpp"
#include "tests/support/draw.hpp"
#include "tests/support/replay.hpp"

using namespace tinynn;
using test::Case;
using test::Input;
using test::Row;

namespace {

constexpr GradcheckOptions options{.step = 2e-3, .tolerance = 5e-3};

std::vector<Row> table() {
  std::vector<Row> all;
  for (const auto& rows :
       {test::arithmetic_rows(), test::shape_rows(), test::layer_rows(), test::loss_rows()})
    all.insert(all.end(), rows.begin(), rows.end());
  return all;
}

Tensor fill(const Input& input, size_t which, test::Draw& draw) {
  constexpr double step = 0.05;
  std::vector<int64_t> cells(static_cast<size_t>((input.high - input.low) / step));
  for (size_t i = 0; i < cells.size(); ++i) {
    cells[i] = static_cast<int64_t>(i);
    std::swap(cells[i], cells[draw.between(0, static_cast<int64_t>(i))]);
  }
  Tensor x(input.shape);
  const double shift = 0.25 * static_cast<double>(which % 3 + 1);
  for (int64_t i = 0; i < x.numel(); ++i) {
    const auto cell = static_cast<double>(cells[static_cast<size_t>(i) % cells.size()]);
    x.mutable_data()[i] = static_cast<float>(input.low + step * (cell + shift));
  }
  return x;
}

std::vector<Tensor> fill(const Case& c, uint64_t seed) {
  test::Draw draw(seed);
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < c.inputs.size(); ++i) inputs.push_back(fill(c.inputs[i], i, draw));
  return inputs;
}

void ask_gradient(std::vector<Tensor>& inputs) {
  for (Tensor& input : inputs) input.set_requires_grad();
}

std::string shapes(const Case& c) {
  std::ostringstream text;
  for (const Input& input : c.inputs) text << input.shape << " ";
  return text.str();
}

// Calls f(row, case) with what a failure has to say about them.
template <class F>
void for_each_case(F f) {
  for (const Row& row : table()) {
    CHECK_MESSAGE(!row.cases.empty(), row.op, " has no case");
    for (size_t i = 0; i < row.cases.size(); ++i) {
      CAPTURE(row.op);
      CAPTURE(i);
      const std::string inputs = shapes(row.cases[i]);
      CAPTURE(inputs);
      try {
        f(row, row.cases[i]);
      } catch (const Error& error) {
        FAIL_CHECK(error.what());
      }
    }
  }
}

}  // namespace

TEST_CASE("gradcheck. every operation has the gradient that differences give") {
  for_each_case([](const Row& row, const Case& c) {
    if (!row.has_gradient) return;
    auto inputs = fill(c, 1);
    ask_gradient(inputs);
    const auto result = gradcheck(c.call, inputs, options);
    CHECK_MESSAGE(result.ok, result.message);
  });
}

TEST_CASE("gradcheck. each input's gradient is there when no other is asked for") {
  for_each_case([](const Row& row, const Case& c) {
    if (!row.has_gradient || c.inputs.size() < 2) return;
    for (size_t i = 0; i < c.inputs.size(); ++i) {
      auto inputs = fill(c, 2);
      inputs[i].set_requires_grad();
      const auto result = gradcheck(c.call, inputs, options);
      CHECK_MESSAGE(result.ok, result.message);
    }
  });
}

TEST_CASE("gradcheck. inputs and gradients may come through a transpose") {
  for_each_case([](const Row& row, const Case& c) {
    if (!row.has_gradient) return;
    const auto turned = [](const Tensor& x) { return x.rank() < 2 ? x : transpose(x, -2, -1); };
    auto inputs = fill(c, 3);
    for (Tensor& input : inputs) input = turned(input);
    ask_gradient(inputs);
    const auto call = [&](const std::vector<Tensor>& x) {
      std::vector<Tensor> back;
      for (const Tensor& input : x) back.push_back(turned(input));
      return turned(c.call(back));
    };
    const auto result = gradcheck(call, inputs, options);
    CHECK_MESSAGE(result.ok, result.message);
  });
}

TEST_CASE("gradcheck. a comparison has no gradient") {
  for_each_case([](const Row& row, const Case& c) {
    auto inputs = fill(c, 4);
    ask_gradient(inputs);
    CHECK(c.call(inputs).requires_grad() == row.has_gradient);
  });
}

TEST_CASE("gradcheck. every operation has a row in the table") {
  std::set<std::string> rows;
  for (const Row& row : table()) CHECK_MESSAGE(rows.insert(row.op).second, row.op, " has two rows");
  for (const autograd::Op* op : ops::all())
    CHECK_MESSAGE(rows.contains(op->name), "no row for the operation ", op->name);
  for (const auto& name : rows) CHECK_MESSAGE(ops::find(name) != nullptr, "no operation for the row ", name);

  // A row that never runs its operation would prove nothing; one that runs others that are not listed hides
  // them.
  for_each_case([](const Row& row, const Case& c) {
    std::set<std::string> seen;
    const autograd::Observer observer([&](const autograd::Call& call) {
      seen.insert(call.op.name);
      CHECK_MESSAGE(ops::find(call.op.name) == &call.op, call.op.name, " is not in the registry");
    });
    c.call(fill(c, 5));
    CHECK(seen.contains(row.op));
  });
}

TEST_CASE("gradcheck. every operation runs again from what it recorded, to the bit") {
  for_each_case([](const Row& row, const Case& c) {
    const auto inputs = fill(c, 6);
    manual_seed(5);  // as the rows that draw do
    const test::Replay replay([&] { c.call(inputs); });
    manual_seed(5);  // as the rows that draw do
    CHECK_MESSAGE(replay.repeats(), row.op, " gives something else");
  });
}

TEST_CASE(
    "ops. an operation of the registry has a name of its own, can be applied, and has a channel rule or a "
    "reason") {
  std::set<std::string> names;
  for (const autograd::Op* op : ops::all()) {
    CAPTURE(op->name);
    CHECK(names.insert(op->name).second);
    const bool applies = op->apply != nullptr, has_rule = op->channels != nullptr,
               has_reason = op->pinned != nullptr;
    CHECK(applies);
    CHECK(has_rule != has_reason);
  }
  CHECK(ops::find("no such operation") == nullptr);
}
