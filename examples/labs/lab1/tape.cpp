#include "tape.hpp"

#include <stdexcept>

#include "lab1.hpp"

namespace lab1 {
namespace {

int broadcast(int a, int b) {
  if (a != b && a != 1 && b != 1) throw std::invalid_argument("add: the shapes do not fit");
  return a == 1 ? b : a;
}

}  // namespace

Node& Tape::record(const Array& value, std::vector<Node*> inputs, void (*pull)(Node&)) {
  return nodes_.emplace_back(Node{value, Array(value.rows, value.cols), std::move(inputs), pull});
}

Node& Tape::leaf(const Array& value) { return record(value, {}, nullptr); }

Node& Tape::add(Node& a, Node& b) {
  Array y(broadcast(a.value.rows, b.value.rows), broadcast(a.value.cols, b.value.cols));
  const auto at = [](const Array& x, int r, int c) { return x(x.rows == 1 ? 0 : r, x.cols == 1 ? 0 : c); };
  for (int r = 0; r < y.rows; ++r) {
    for (int c = 0; c < y.cols; ++c) y(r, c) = at(a.value, r, c) + at(b.value, r, c);
  }
  return record(y, {&a, &b}, [](Node& n) { add_backward(n.grad, n.inputs[0]->grad, n.inputs[1]->grad); });
}

Node& Tape::matmul(Node& a, Node& b) {
  if (a.value.cols != b.value.rows) throw std::invalid_argument("matmul: the shapes do not fit");
  Array y(a.value.rows, b.value.cols);
  for (int r = 0; r < y.rows; ++r) {
    for (int k = 0; k < a.value.cols; ++k) {
      for (int c = 0; c < y.cols; ++c) y(r, c) += a.value(r, k) * b.value(k, c);
    }
  }
  return record(y, {&a, &b}, [](Node& n) {
    Node &a = *n.inputs[0], &b = *n.inputs[1];
    matmul_backward(n.grad, a.value, b.value, a.grad, b.grad);
  });
}

Node& Tape::relu(Node& a) {
  Array y = a.value;
  for (float& value : y.values) value = std::max(value, 0.0F);
  return record(y, {&a}, [](Node& n) { relu_backward(n.grad, n.inputs[0]->value, n.inputs[0]->grad); });
}

Node& Tape::log_softmax(Node& a) {
  Array y = a.value;
  for (int r = 0; r < y.rows; ++r) {
    float most = y(r, 0), sum = 0;
    for (int c = 1; c < y.cols; ++c) most = std::max(most, y(r, c));
    for (int c = 0; c < y.cols; ++c) sum += std::exp(y(r, c) - most);
    for (int c = 0; c < y.cols; ++c) y(r, c) -= most + std::log(sum);
  }
  return record(y, {&a}, [](Node& n) { log_softmax_backward(n.grad, n.value, n.inputs[0]->grad); });
}

}  // namespace lab1
