// The table of all operations whose gradients are checked. One row an operation, named as its autograd::Op;
// gradcheck_test.cpp runs every case and fails if an operation of tinynn/ has no row.
//
// To add an operation, add a row to the *_rows.cpp of its family: inputs by shape and range, and a call.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <tinynn/autograd/gradcheck.hpp>
#include <tinynn/core/tensor.hpp>

namespace test {

using tinynn::Shape;
using tinynn::Tensor;

/// Filled with distinct numbers of a grid of step 0.05 over [low, high] (repeated where it is too small for
/// the shape). The grids of neighbouring inputs are shifted against each other and against 0, so that ties
/// and kinks at multiples of 0.05 are further away than a difference reaches.
struct Input {
  Shape shape;
  double low = -2, high = 2;
};

using Inputs = const std::vector<Tensor>&;

struct Case {
  std::vector<Input> inputs;
  std::function<Tensor(Inputs)> call;
};

struct Row {
  std::string op;  // the name in its autograd::Op
  std::vector<Case> cases;
  bool has_gradient = true;
};

std::vector<Row> arithmetic_rows();
std::vector<Row> shape_rows();
std::vector<Row> layer_rows();
std::vector<Row> loss_rows();

}  // namespace test
