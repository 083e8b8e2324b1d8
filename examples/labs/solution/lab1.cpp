// Lab 1: a tape. See lab1.hpp for what each function has to do.
#include "lab1.hpp"

// BEGIN SOLUTION
#include <unordered_set>
// END SOLUTION

namespace lab1 {

std::vector<Node*> order(Node& root) {
  // BEGIN SOLUTION order
  // A depth-first walk that keeps its own stack: a node is pushed, then its inputs one after the other, and
  // it is written down when it comes up again with none left.
  struct Visit {
    Node* node;
    std::size_t next_input = 0;
  };
  std::vector<Node*> ordered;
  std::unordered_set<Node*> seen{&root};
  std::vector<Visit> stack{{&root}};
  while (!stack.empty()) {
    Visit& visit = stack.back();
    if (visit.next_input == visit.node->inputs.size()) {
      ordered.push_back(visit.node);
      stack.pop_back();
    } else if (Node* input = visit.node->inputs[visit.next_input++]; seen.insert(input).second) {
      stack.push_back({input});
    }
  }
  return ordered;
  // END SOLUTION
}

void backward(Node& root, const std::vector<Node*>& ordered) {
  // BEGIN SOLUTION backward
  for (Node* node : ordered) {
    if (!node->inputs.empty()) std::fill(node->grad.values.begin(), node->grad.values.end(), 0.0F);
  }
  for (float& g : root.grad.values) g += 1;
  // From the root down: when a node's turn comes, all that was computed from it has had its own.
  for (auto node = ordered.rbegin(); node != ordered.rend(); ++node) {
    if ((*node)->pull != nullptr) (*node)->pull(**node);
  }
  // END SOLUTION
}

void add_backward(const Array& grad, Array& grad_a, Array& grad_b) {
  // BEGIN SOLUTION add_backward
  for (Array* input : {&grad_a, &grad_b}) {
    for (int r = 0; r < grad.rows; ++r) {
      for (int c = 0; c < grad.cols; ++c) {
        (*input)(input->rows == 1 ? 0 : r, input->cols == 1 ? 0 : c) += grad(r, c);
      }
    }
  }
  // END SOLUTION
}

void matmul_backward(const Array& grad, const Array& a, const Array& b, Array& grad_a, Array& grad_b) {
  // BEGIN SOLUTION matmul_backward
  for (int r = 0; r < grad.rows; ++r) {
    for (int k = 0; k < a.cols; ++k) {
      for (int c = 0; c < grad.cols; ++c) {
        grad_a(r, k) += grad(r, c) * b(k, c);
        grad_b(k, c) += a(r, k) * grad(r, c);
      }
    }
  }
  // END SOLUTION
}

void relu_backward(const Array& grad, const Array& a, Array& grad_a) {
  // BEGIN SOLUTION relu_backward
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    if (a.values[i] > 0) grad_a.values[i] += grad.values[i];
  }
  // END SOLUTION
}

void log_softmax_backward(const Array& grad, const Array& y, Array& grad_a) {
  // BEGIN SOLUTION log_softmax_backward
  for (int r = 0; r < y.rows; ++r) {
    float sum = 0;
    for (int c = 0; c < y.cols; ++c) sum += grad(r, c);
    for (int c = 0; c < y.cols; ++c) grad_a(r, c) += grad(r, c) - std::exp(y(r, c)) * sum;
  }
  // END SOLUTION
}

double question1() {
  // BEGIN SOLUTION question1
  return 1048576;  // 2^20: every level adds its input twice
  // END SOLUTION
}

double question2() {
  // BEGIN SOLUTION question2
  return 20;
  // END SOLUTION
}

double question3() {
  // BEGIN SOLUTION question3
  return 0.01;  // a larger h sees the curvature, a smaller one float's rounding
  // END SOLUTION
}

}  // namespace lab1
