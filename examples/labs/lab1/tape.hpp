// Given: matrices, and a tape that records what is computed from what. The forward passes are written; the
// ways back are yours (lab1.hpp).
#pragma once

#include <algorithm>
#include <cmath>
#include <deque>
#include <vector>

namespace lab1 {

/// A matrix, row by row.
struct Array {
  int rows = 0, cols = 0;
  std::vector<float> values;

  Array() = default;
  Array(int rows, int cols) : rows(rows), cols(cols), values(std::size_t(rows) * cols) {}
  float& operator()(int r, int c) { return values[std::size_t(r) * cols + c]; }
  float operator()(int r, int c) const { return values[std::size_t(r) * cols + c]; }
};

/// One result: what it was computed from, and how a gradient goes back through it.
struct Node {
  Array value, grad;              // grad: of the same shape; zero at first
  std::vector<Node*> inputs;      // none: a leaf. The same node may stand here twice (x + x)
  void (*pull)(Node&) = nullptr;  // adds what node.grad says to the grad of each input
};

/// Owns the nodes and records them as they are computed.
class Tape {
 public:
  Node& leaf(const Array& value);
  Node& add(Node& a, Node& b);     // a row or a column of size 1 is repeated, as in NumPy
  Node& matmul(Node& a, Node& b);  // (n x k) times (k x m)
  Node& relu(Node& a);             // max(a, 0)
  Node& log_softmax(Node& a);      // along each row: a - log(sum(exp(a)))

 private:
  Node& record(const Array& value, std::vector<Node*> inputs, void (*pull)(Node&));
  std::deque<Node> nodes_;  // a deque never moves what is in it
};

}  // namespace lab1
